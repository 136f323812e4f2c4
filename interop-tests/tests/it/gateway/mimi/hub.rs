//! What a hub does not order: parts of bundles that do not belong together, and what is sealed too late (P7, P9, P10, P21).

use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::{decode_exact, encode};
use http::StatusCode;
use interop_tests::faults::Fault;
use interop_tests::light::{Bridge, Light};
use interop_tests::patience::{self, Look};
use interop_tests::tap::Passed;

use super::Raw;
use crate::gateway::support::light;

/// A new device of carol's joins by an external commit.
async fn joins(light: &Light, bridge: &Bridge<'_>, device: &str) -> anyhow::Result<()> {
    let carol = bridge.phone.split('/').next().unwrap();
    light.provider.control.add_device(carol, device).await.unwrap();
    light.provider.control.join(&format!("{carol}/{device}"), &bridge.mimi_room).await
}

/// What was kept from the gateway.
async fn kept(light: &Light, path: &str) -> Passed {
    light.to_gateway.wait_for(path, |passed| passed.status == Some(StatusCode::FORBIDDEN)).await.unwrap()
}

#[tokio::test]
async fn p07_parts_of_different_bundles_are_refused() {
    let light = light("p07").await;
    let bridge = light.bridge("11", "").await.unwrap();
    joins(&light, &bridge, "tablet").await.unwrap();
    let first = light.to_gateway.wait_for("update/", |_| true).await.unwrap();
    let UpdateRequest::Commit(first) = decode_exact(&first.body).unwrap() else { panic!("not a commit") };
    light.to_gateway.faults().plan("update/", 1, Fault::Refuse(StatusCode::FORBIDDEN, None));
    joins(&light, &bridge, "watch").await.unwrap_err();
    let honest = kept(&light, "update/").await.body;
    let UpdateRequest::Commit(second) = decode_exact(&honest).unwrap() else { panic!("not a commit") };
    let mut other_info = second.clone();
    other_info.group_info_option = first.group_info_option.clone();
    let mut other_tree = second.clone();
    other_tree.ratchet_tree_option = first.ratchet_tree_option.clone();
    let mut other_commit = second.clone();
    other_commit.commit = first.commit.clone();
    for (what, bundle) in [("GroupInfo", other_info), ("tree", other_tree), ("commit", other_commit)] {
        let body = encode(&UpdateRequest::Commit(bundle));
        let answer = Raw::honest(&light, "update", &bridge.mimi_room, body).send(&light).await;
        let response: UpdateRoomResponse = decode_exact(&answer.body).unwrap_or_else(|_| panic!("{what}: {}", answer.text()));
        assert!(!matches!(response.status, UpdateStatus::Success { .. }), "{what}: {:?}", response.status);
    }
    // Any bit of the commit.
    for at in [20, honest.len() / 8, honest.len() / 4] {
        let mut spoilt = honest.clone();
        spoilt[at] ^= 1;
        let answer = Raw::honest(&light, "update", &bridge.mimi_room, spoilt).send(&light).await;
        let taken = answer.status == 200
            && decode_exact::<UpdateRoomResponse>(&answer.body)
                .is_ok_and(|response| matches!(response.status, UpdateStatus::Success { .. }));
        assert!(!taken, "bit {at}");
        assert_ne!(answer.status.as_u16(), 500, "bit {at}: {}", answer.text());
    }
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["all is well"]).await.unwrap();
}

#[tokio::test]
async fn p21_a_message_of_an_epoch_that_is_over_is_told_the_current_one() {
    let light = light("p21").await;
    let bridge = light.bridge("11", "").await.unwrap();
    light.to_gateway.faults().plan("submitMessage", 1, Fault::Refuse(StatusCode::FORBIDDEN, None));
    bridge.carol_says("too late").await.unwrap_err();
    let late = kept(&light, "submitMessage").await;
    joins(&light, &bridge, "tablet").await.unwrap();
    let answer = light.to_gateway.replay(&late).await.unwrap();
    let response: SubmitMessageResponse = decode_exact(&answer.body).unwrap();
    let SubmitStatus::EpochTooOld { current_epoch } = response.status else { panic!("{:?}", response.status) };
    // The phone hears of it by the fan-out.
    patience::until(format!("epoch {current_epoch} at the phone"), async || {
        let epoch = light.provider.control.rooms(&bridge.phone).await?[0].epoch;
        Ok(Look::from_option((epoch == current_epoch).then_some(()), || format!("epoch {epoch}")))
    })
    .await
    .unwrap();
    // Spoilt ciphertext, and another's name on it.
    let mut spoilt = late.clone();
    let middle = spoilt.body.len() / 2;
    spoilt.body[middle] ^= 1;
    assert_ne!(light.to_gateway.replay(&spoilt).await.unwrap().status.as_u16(), 500);
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["all is well"]).await.unwrap();
}

#[tokio::test]
async fn p09_p10_a_welcome_is_for_those_that_its_commit_adds() {
    let light = light("p10").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let control = &light.provider.control;
    let dora = control.add_user("dora", &["phone"]).await.unwrap();
    let edith = control.add_user("edith", &["phone"]).await.unwrap();
    let mut bundles = Vec::new();
    for user in [&dora, &edith] {
        light.to_gateway.faults().plan("update/", 1, Fault::Refuse(StatusCode::FORBIDDEN, None));
        control.add(&bridge.phone, &bridge.mimi_room, user, "member").await.unwrap_err();
        let kept = light.to_gateway.passed().into_iter().rfind(|passed| passed.path.contains("update/")).unwrap();
        let UpdateRequest::Commit(bundle) = decode_exact(&kept.body).unwrap() else { panic!("not a commit") };
        bundles.push(bundle);
    }
    let (first, second) = (&bundles[0], &bundles[1]);
    assert!(first.welcome.is_some() && first.welcome != second.welcome);
    let mut without = first.clone();
    without.welcome = None;
    let mut of_another = first.clone();
    of_another.welcome = second.welcome.clone();
    for (what, bundle) in [("no Welcome", without), ("another's Welcome", of_another)] {
        let answer = Raw::honest(&light, "update", &bridge.mimi_room, encode(&UpdateRequest::Commit(bundle))).send(&light).await;
        let response: UpdateRoomResponse = decode_exact(&answer.body).unwrap_or_else(|_| panic!("{what}: {}", answer.text()));
        assert!(matches!(response.status, UpdateStatus::NotAllowed), "{what}: {:?}", response.status);
        assert!(response.error_description.contains("P-063"), "{what}: {}", response.error_description);
    }
    // Nothing has changed: the same commit is taken with its own Welcome.
    let body = encode(&UpdateRequest::Commit(first.clone()));
    let answer = Raw::honest(&light, "update", &bridge.mimi_room, body).send(&light).await;
    let response: UpdateRoomResponse = decode_exact(&answer.body).unwrap();
    assert!(matches!(response.status, UpdateStatus::Success { .. }), "{:?} {}", response.status, response.error_description);
}
