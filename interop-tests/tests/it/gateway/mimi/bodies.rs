//! Bodies that are wrong: cut off, too long, of a kind that is not supported (P1–P6, P19).

use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{CommitBundle, UpdateRequest};
use causeway_drafts::numbers::WIRE_FORMAT_SEMI_PRIVATE_MESSAGE_LAB;
use causeway_drafts::{decode_exact, encode};
use interop_tests::light::{Bridge, Light};

use super::{Raw, told};
use crate::gateway::support::light;

/// What carol's provider has sent for her words.
async fn submitted(light: &Light, bridge: &Bridge<'_>) -> Vec<u8> {
    bridge.carol_says("captured").await.unwrap();
    bridge.alice_hears(&["captured"]).await.unwrap();
    light.to_gateway.wait_for("submitMessage", |_| true).await.unwrap().body
}

/// What carol's provider has sent for her new device.
async fn updated(light: &Light, bridge: &Bridge<'_>) -> Vec<u8> {
    let carol = bridge.phone.split('/').next().unwrap();
    light.provider.control.add_device(carol, "tablet").await.unwrap();
    light.provider.control.join(&format!("{carol}/tablet"), &bridge.mimi_room).await.unwrap();
    light.to_gateway.wait_for("update/", |_| true).await.unwrap().body
}

/// A few offsets of a body, its ends among them.
fn offsets(body: &[u8]) -> impl Iterator<Item = usize> {
    let length = body.len();
    (0..length).filter(move |at| *at < 12 || *at + 12 > length || at % 37 == 0)
}

#[tokio::test]
async fn p01_p02_p03_bodies_that_are_cut_off_or_too_long_are_malformed() {
    let light = light("p01").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let message = submitted(&light, &bridge).await;
    let update = updated(&light, &bridge).await;
    for (endpoint, body) in [("submitMessage", &message), ("update", &update)] {
        for at in offsets(body) {
            told(&Raw::honest(&light, endpoint, &bridge.mimi_room, body[..at].to_vec()).send(&light).await, 400, "P-007");
        }
        let longer = [body.as_slice(), b"more"].concat();
        told(&Raw::honest(&light, endpoint, &bridge.mimi_room, longer).send(&light).await, 400, "P-007: 4 bytes follow");
    }
    for endpoint in ["keyMaterial", "groupInfo", "requestConsent", "updateConsent", "notify"] {
        for body in [Vec::new(), vec![0], vec![0xff; 64], vec![0x3f; 4], vec![0xbf, 0xff, 0xff, 0xff]] {
            let uri = if endpoint == "groupInfo" || endpoint == "notify" { &bridge.mimi_room } else { &bridge.alice_uri };
            let answer = Raw::honest(&light, endpoint, uri, body).send(&light).await;
            assert_eq!(answer.status, 400, "{endpoint}: {}", answer.text());
        }
    }
    bridge.alice_hears(&["captured"]).await.unwrap();
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["captured", "all is well"]).await.unwrap();
}

#[tokio::test]
async fn p05_semi_private_messages_and_partial_group_infos_have_texts_of_their_own() {
    let light = light("p05").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let message = submitted(&light, &bridge).await;
    let update = updated(&light, &bridge).await;
    // An MLSMessage begins with its version, then its wire format.
    let with_format = |body: &[u8], at: usize, format: u16| {
        let mut body = body.to_vec();
        body[at..at + 2].copy_from_slice(&format.to_be_bytes());
        body
    };
    let begins = message.windows(4).position(|window| window == [0, 1, 0, 2]).unwrap();
    for (endpoint, body, at) in [("submitMessage", &message, begins + 2), ("update", &update, 2)] {
        let answer = Raw::honest(&light, endpoint, &bridge.mimi_room, with_format(body, at, WIRE_FORMAT_SEMI_PRIVATE_MESSAGE_LAB))
            .send(&light)
            .await;
        told(&answer, 400, "G-25: SemiPrivateMessage is not supported");
        let answer = Raw::honest(&light, endpoint, &bridge.mimi_room, with_format(body, at, 0xF123)).send(&light).await;
        told(&answer, 400, "G-25: wire format 0xf123");
    }
    let UpdateRequest::Commit(bundle) = decode_exact(&update).unwrap() else { panic!("not a commit") };
    let partial = PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
        group_info_extensions: Vec::new(),
        signature: vec![1; 64].into(),
    };
    let partial = CommitBundle { group_info_option: GroupInfoOption::Partial(partial), ..(*bundle).clone() };
    let partial = encode(&UpdateRequest::Commit(Box::new(partial)));
    told(&Raw::honest(&light, "update", &bridge.mimi_room, partial).send(&light).await, 400, "G-23: PartialGroupInfo");
    let mut elsewhere = update.clone();
    elsewhere[update.len() - encode(&bundle.ratchet_tree_option).len()] = 4;
    let answer = Raw::honest(&light, "update", &bridge.mimi_room, elsewhere).send(&light).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["captured", "all is well"]).await.unwrap();
}

#[tokio::test]
async fn p19_handshakes_are_no_messages() {
    let light = light("p19").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let message = submitted(&light, &bridge).await;
    let update = updated(&light, &bridge).await;
    let UpdateRequest::Commit(bundle) = decode_exact(&update).unwrap() else { panic!("not a commit") };
    let honest: SubmitMessageRequest = decode_exact(&message).unwrap();
    let before = message.len() - encode(&honest.app_message).len() - encode(&honest.sending_uri).len();
    let body = [&message[..before], bundle.commit.bytes(), &encode(&honest.sending_uri)].concat();
    let answer = Raw::honest(&light, "submitMessage", &bridge.mimi_room, body).send(&light).await;
    let response: SubmitMessageResponse = decode_exact(&answer.body).unwrap();
    assert!(matches!(response.status, SubmitStatus::NotAllowed), "{:?}", response.status);
}
