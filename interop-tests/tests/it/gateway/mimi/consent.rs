//! Questions, answers, and who may put and give them (P33).

use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use interop_tests::light::Light;
use interop_tests::scenario::consent;

use super::{Raw, told};
use crate::gateway::support::light;

fn entry(operation: ConsentOperation, (requester, target): (&str, &str), room: Option<&str>) -> Vec<u8> {
    let room = room.map(|room| room.parse().unwrap());
    ConsentEntry::new(operation, requester.parse().unwrap(), target.parse().unwrap(), room).to_bytes()
}

/// carol's provider asks about a Matrix user, or takes that back.
async fn question(light: &Light, operation: ConsentOperation, (carol, user): (&str, &str), room: Option<&str>) {
    let answer = Raw::honest(light, "requestConsent", user, entry(operation, (carol, user), room)).send(light).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[tokio::test]
async fn p_083_a_cancellation_is_of_the_scope_of_its_question() {
    let light = light("p083").await;
    let carol = light.provider.control.add_user("carol", &["phone"]).await.unwrap();
    let club = "mimi://a.test/r/club";
    let [alice, edith] = ["alice", "edith"].map(|name| light.matrix.user(name));
    for user in [&alice, &edith] {
        let puppet = light.gateway.puppet(user);
        // P-087: nothing was asked yet.
        question(&light, ConsentOperation::Cancel, (&carol, &puppet), None).await;
        question(&light, ConsentOperation::Request, (&carol, &puppet), None).await;
        light.matrix.wait_for_invite(user).await.unwrap();
    }
    question(&light, ConsentOperation::Cancel, (&carol, &light.gateway.puppet(&alice)), None).await;
    question(&light, ConsentOperation::Cancel, (&carol, &light.gateway.puppet(&edith)), Some(club)).await;
    let invites = light.matrix.invites();
    assert_eq!(invites.len(), 2, "one question each");
    let room = |user: &str| invites.iter().find(|invite| invite.user == user).unwrap().room.clone();
    let joins = async |user: &str| light.matrix.join(&room(user), user, &light.gateway.server_name).await;
    let refused = joins(&alice).await.unwrap_err().to_string();
    assert!(refused.contains("403"), "{refused}");
    joins(&edith).await.unwrap();
    consent::awaits(&light.provider.control, (&carol, &light.gateway.puppet(&edith)), "granted").await.unwrap();
}

#[tokio::test]
async fn p_086_the_answer_does_not_say_whether_there_is_such_a_user() {
    let light = light("p086").await;
    let carol = light.provider.control.add_user("carol", &["phone"]).await.unwrap();
    let alice = light.gateway.puppet(&light.matrix.user("alice"));
    let send = async |user: &str| {
        let body = entry(ConsentOperation::Request, (&carol, user), None);
        let answer = Raw::honest(&light, "requestConsent", user, body).send(&light).await;
        (answer.status, answer.body)
    };
    let known = send(&alice).await;
    assert_eq!(known.0, 201);
    // A name of no Matrix user's, one of a homeserver that does not exist, and a ghost's.
    for nobody in ["mimi://gw.test/u/nobody", "mimi://gw.test/u/x%3Anowhere.invalid", "mimi://gw.test/u/_causeway"] {
        assert_eq!(send(nobody).await, known, "{nobody}");
    }
}

#[tokio::test]
async fn p_084_p_085_consent_is_asked_and_given_in_ones_own_name() {
    let light = light("p084").await;
    let (carol, alice) = ("mimi://a.test/u/carol", "mimi://gw.test/u/alice%3Ahs.test");
    let (dave, grace) = ("mimi://b.test/u/dave", "mimi://b.test/u/grace");
    for (endpoint, operation, parties, rule) in [
        ("requestConsent", ConsentOperation::Request, (dave, alice), "P-084"),
        ("requestConsent", ConsentOperation::Cancel, (dave, alice), "P-084"),
        ("requestConsent", ConsentOperation::Request, (carol, grace), "P-084"),
        ("updateConsent", ConsentOperation::Grant, (alice, dave), "P-085"),
        ("updateConsent", ConsentOperation::Revoke, (grace, carol), "P-085"),
        ("updateConsent", ConsentOperation::Grant, (carol, alice), "P-085"),
    ] {
        let answer = Raw::honest(&light, endpoint, alice, entry(operation, parties, None)).send(&light).await;
        told(&answer, 403, rule);
    }
    for (endpoint, operation, parties) in
        [("requestConsent", ConsentOperation::Grant, (carol, alice)), ("updateConsent", ConsentOperation::Request, (alice, carol))]
    {
        told(&Raw::honest(&light, endpoint, alice, entry(operation, parties, None)).send(&light).await, 400, "P-082");
    }
}

#[tokio::test]
async fn p_089_a_grant_needs_no_question() {
    let light = light("p089").await;
    let carol = light.provider.control.add_user("carol", &["phone"]).await.unwrap();
    let alice = light.matrix.user("alice");
    let body = entry(ConsentOperation::Grant, (&light.gateway.puppet(&alice), &carol), None);
    let answer = Raw::honest(&light, "updateConsent", &light.gateway.puppet(&alice), body).send(&light).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    // The ghost follows alice's invitation at once.
    let room = light.opted_in_room("11", &alice).await.unwrap();
    let ghost = light.gateway.ghost("a.test", "carol");
    light.matrix.invite(&room, &alice, &ghost).await.unwrap();
    light.matrix.wait_for_membership(&room, &ghost, "join").await.unwrap();
}
