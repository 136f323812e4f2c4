//! The same again, and what comes too late (P11, P21, P25–P27, T1, T6).

use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRoomResponse, UpdateStatus};

use super::{Raw, told};
use crate::gateway::support::light;

#[tokio::test]
async fn t01_a_replayed_submit_message_has_the_first_answer_and_no_effect() {
    let light = light("t01").await;
    let bridge = light.bridge("11", "").await.unwrap();
    bridge.carol_says("once").await.unwrap();
    bridge.alice_hears(&["once"]).await.unwrap();
    let sent = light.to_gateway.wait_for("submitMessage", |_| true).await.unwrap();
    for _ in 0..3 {
        let again = light.to_gateway.replay(&sent).await.unwrap();
        assert_eq!((again.status.as_u16(), again.body.to_vec()), (200, sent.answer.clone()));
    }
    // The same ciphertext in another body: the URI of the sender is not part of it (P26).
    bridge.carol_says("twice").await.unwrap();
    bridge.alice_hears(&["once", "twice"]).await.unwrap();
    // Nobody else may send it.
    let mut stolen = sent.clone();
    stolen.headers.insert("from", "mimi@b.test".parse().unwrap());
    assert_eq!(light.to_gateway.replay(&stolen).await.unwrap().status, 403);
}

#[tokio::test]
async fn p11_a_commit_that_comes_again_has_the_first_answer_and_no_effect() {
    let light = light("p11").await;
    let bridge = light.bridge("11", "").await.unwrap();
    bridge.carol_says("captured").await.unwrap();
    bridge.alice_hears(&["captured"]).await.unwrap();
    light.provider.control.add_device("carol", "tablet").await.unwrap();
    light.provider.control.join("carol/tablet", &bridge.mimi_room).await.unwrap();
    let commit = light.to_gateway.wait_for("update/", |_| true).await.unwrap();
    // The very same commit is the one that was taken; the same for another path is stale.
    let again = light.to_gateway.replay(&commit).await.unwrap();
    assert_eq!(again.body.to_vec(), commit.answer);
    let mut other = commit.clone();
    other.body.push(0);
    told(&light.to_gateway.replay(&other).await.unwrap(), 400, "P-007");
    light.provider.control.add_device("carol", "watch").await.unwrap();
    light.provider.control.join("carol/watch", &bridge.mimi_room).await.unwrap();
    let commits: Vec<_> = light.to_gateway.passed().into_iter().filter(|passed| passed.path.contains("update/")).collect();
    assert_eq!(commits.len(), 2);
    for commit in &commits {
        let response: UpdateRoomResponse = decode_exact(&commit.answer).unwrap();
        assert!(matches!(response.status, UpdateStatus::Success { .. }), "{:?}", response.status);
    }
    let rooms = light.provider.control.rooms(&bridge.phone).await.unwrap();
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["captured", "all is well"]).await.unwrap();
    let sent = light.to_gateway.passed().into_iter().rfind(|passed| passed.path.contains("submitMessage")).unwrap();
    let response: SubmitMessageResponse = decode_exact(&sent.answer).unwrap();
    assert!(matches!(response.status, SubmitStatus::Success { .. }), "{:?} in {}", response.status, rooms[0].epoch);
}

#[tokio::test]
async fn p25_a_notify_counts_once_however_often_it_comes() {
    let light = light("p25").await;
    let bridge = light.mirror("").await.unwrap();
    bridge.carol_says("once").await.unwrap();
    bridge.alice_hears(&["once"]).await.unwrap();
    let notified: Vec<_> = light.to_gateway.passed().into_iter().filter(|passed| passed.path.contains("notify")).collect();
    assert!(notified.len() >= 2, "a Welcome, and the words");
    for sent in &notified {
        for _ in 0..3 {
            assert_eq!(light.to_gateway.replay(sent).await.unwrap().status, 201);
        }
    }
    // At once, from fifty connections.
    let (client, last) = (std::sync::Arc::new(light.client(&["a.test"]).unwrap()), notified.last().unwrap().clone());
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (client, last, port) = (client.clone(), last.clone(), light.mimi_port);
        running.spawn(async move {
            let mut request = http::Request::post(&last.path);
            for (name, value) in &last.headers {
                request = request.header(name, value);
            }
            client.send(port, "gw.test", request.body(last.body).unwrap()).await.unwrap().status
        });
    }
    while let Some(status) = running.join_next().await {
        assert_eq!(status.unwrap(), 201);
    }
    // The same message in another batch, with another timestamp (P26).
    let mut again = last.clone();
    again.body[..8].copy_from_slice(&0x0000_0190_0000_0000_u64.to_be_bytes());
    assert_eq!(light.to_gateway.replay(&again).await.unwrap().status, 201);
    let mut batch = last.clone();
    batch.body = [last.body.as_slice(), last.body.as_slice()].concat();
    assert_eq!(light.to_gateway.replay(&batch).await.unwrap().status, 201);
    bridge.carol_says("twice").await.unwrap();
    bridge.alice_hears(&["once", "twice"]).await.unwrap();
}

#[tokio::test]
async fn p27_a_notify_is_taken_as_a_whole_or_not_at_all() {
    let light = light("p27").await;
    let bridge = light.mirror("").await.unwrap();
    light.to_gateway.faults().go_down();
    bridge.carol_says("held up").await.unwrap();
    light.to_gateway.faults().come_back();
    bridge.alice_hears(&["held up"]).await.unwrap();
    let sent = light.to_gateway.passed().into_iter().rfind(|passed| passed.path.contains("notify")).unwrap();
    let mut corrupt = sent.clone();
    corrupt.body = [sent.body.as_slice(), &[0xff; 20], sent.body.as_slice()].concat();
    let answer = light.to_gateway.replay(&corrupt).await.unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    for body in [Vec::new(), sent.body[..sent.body.len() - 1].to_vec()] {
        let mut corrupt = sent.clone();
        corrupt.body = body;
        assert_eq!(light.to_gateway.replay(&corrupt).await.unwrap().status, 400);
    }
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["held up", "all is well"]).await.unwrap();
}

#[tokio::test]
async fn a_notify_from_anybody_but_the_hub_is_not_for_a_room_here() {
    let light = light("non-hub").await;
    let bridge = light.mirror("").await.unwrap();
    bridge.carol_says("once").await.unwrap();
    bridge.alice_hears(&["once"]).await.unwrap();
    let sent = light.to_gateway.passed().into_iter().rfind(|passed| passed.path.contains("notify")).unwrap();
    let identity = Some(light.authority.issue(&["b.test"]));
    let raw = Raw { identity, from: &["mimi@b.test"], host: "gw.test", path: sent.path.clone(), body: sent.body.clone() };
    told(&raw.send(&light).await, 404, "no such room");
    // The same for a room that does not exist: nobody learns which rooms are here.
    told(&Raw::honest(&light, "notify", "mimi://a.test/r/unknown", sent.body.clone()).send(&light).await, 404, "no such room");
    // And for a room of which we are hub ourselves.
    let ours = light.bridge("11", "2").await.unwrap();
    told(&Raw::honest(&light, "notify", &ours.mimi_room, sent.body).send(&light).await, 404, "no such room");
}

#[tokio::test]
async fn t06_a_consent_that_is_replayed_after_its_revocation() {
    let light = light("t06").await;
    let bridge = light.bridge("11", "").await.unwrap();
    let granted = light.to_gateway.wait_for("updateConsent", |_| true).await.unwrap();
    assert_eq!(granted.status.unwrap(), 201);
    // Nobody grants in another's name (P33).
    let identity = Some(light.authority.issue(&["b.test"]));
    let raw = Raw { identity, from: &["mimi@b.test"], host: "gw.test", path: granted.path.clone(), body: granted.body.clone() };
    told(&raw.send(&light).await, 403, "P-085");
    // A grant at the endpoint for questions, and the other way round.
    let mut wrong = granted.clone();
    wrong.path = wrong.path.replace("updateConsent", "requestConsent");
    let answer = light.to_gateway.replay(&wrong).await.unwrap();
    assert!(matches!(answer.status.as_u16(), 400 | 403), "{}", answer.text());
    assert_eq!(light.to_gateway.replay(&granted).await.unwrap().status, 201);
    bridge.carol_says("all is well").await.unwrap();
    bridge.alice_hears(&["all is well"]).await.unwrap();
}
