//! Nobody is brought into a conversation who has not agreed [mimi-protocol-06 §5.7].

use ruma::RoomVersionId;
use serde_json::json;

use crate::support::simulation::*;

fn statuses(world: &World, side: usize) -> Vec<&str> {
    world.sides[side].consents.iter().map(|consent| consent.status.as_str()).collect()
}

#[test]
fn p_083_an_invited_ghost_waits_for_consent() {
    let mut world = World::bob_asked(RoomVersionId::V11);
    let ghost = world.ghost_of_peer(A);
    assert_eq!(statuses(&world, A), ["requested"]);
    assert_eq!(world.sides[A].conversation(0).room.unwrap().membership(&ghost).as_deref(), Some("invite"));
    // The question says who asks, and where.
    let question = world.sides[B].conversation(0);
    assert_eq!(question.row.kind, "consent");
    let room = question.room.unwrap();
    assert_eq!(room.membership(&user("@bob:hs-b.test")).as_deref(), Some("invite"));
    let topic = room.state_content("m.room.topic", "").unwrap()["topic"].as_str().unwrap().to_owned();
    assert!(topic.contains("mimi://a.test/u/alice%3Ahs-a.test") && topic.contains("can read them"), "{topic}");
    // Nothing has left for Bob yet.
    world.say(A, 0, "not for bob");
    assert_eq!(world.sides[B].conversation_count(), 1);
}

#[test]
fn a_granted_consent_brings_the_ghost_in() {
    let mut world = World::bob_asked(RoomVersionId::V11);
    world.accept_invitation(B, 0);
    assert_eq!(statuses(&world, B), ["requested", "granted"]);
    let ghost = world.ghost_of_peer(A);
    assert_eq!(world.sides[A].native(0).membership(&ghost).as_deref(), Some("join"));
    assert_eq!(world.sides[B].conversation_count(), 2);
    assert_eq!(world.sides[B].conversation(1).room.unwrap().membership(&user("@bob:hs-b.test")).as_deref(), Some("invite"));
}

/// P-086: a refusal is silent.
#[test]
fn p_086_a_refusal_is_not_told() {
    let mut world = World::bob_asked(RoomVersionId::V11);
    // Bob declines: his homeserver makes the leave with a template of the gateway's.
    let bob = user("@bob:hs-b.test");
    world
        .turn(B, 0, |conversation, turn| {
            let room = conversation.room.as_mut().unwrap();
            let template = causeway_core::matrix::Template::read(&room.membership_template(&bob, "leave", None).unwrap()).unwrap();
            let place = (room.room_id(), room.version());
            let keys = causeway_core::matrix::SigningKeys::generate("hs-b.test", "1").unwrap();
            let leave = template.membership(place, &bob, json!({ "membership": "leave" }), (turn.now, &keys)).unwrap();
            let leave = std::sync::Arc::new(leave);
            assert_eq!(room.accept(leave.clone()), causeway_core::matrix::Outcome::Accepted);
            conversation.matrix_event(turn, &leave)
        })
        .unwrap();
    world.pump();
    assert_eq!(statuses(&world, B), ["requested", "rejected"]);
    assert_eq!(world.sides[B].conversation(0).row.status, "closed");
    assert_eq!(statuses(&world, A), ["requested"]);
    assert_eq!(world.sides[A].native(0).membership(&world.ghost_of_peer(A)).as_deref(), Some("invite"));
}

/// Leaving the question's room later withdraws.
#[test]
fn p_087_consent_is_withdrawn_by_leaving() {
    let mut world = World::bob_asked(RoomVersionId::V11);
    world.accept_invitation(B, 0);
    world.set(B, 0, ("m.room.member", "@bob:hs-b.test", json!({ "membership": "leave" })));
    assert_eq!(statuses(&world, B), ["requested", "granted", "revoked"]);
    assert_eq!(world.sides[B].conversation(0).row.status, "closed");
}

/// Inviting twice asks once.
#[test]
fn a_repeated_invitation_asks_once() {
    let mut world = World::bob_asked(RoomVersionId::V11);
    let ghost = world.ghost_of_peer(A);
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "invite", "reason": "again" })));
    assert_eq!(world.sides[B].conversation_count(), 1);
    assert_eq!(statuses(&world, A), ["requested"]);
}

/// A grant that nobody asked for brings nobody in.
#[test]
fn a_grant_for_somebody_else_changes_nothing() {
    let mut world = World::bob_asked(RoomVersionId::V11);
    let (bob, mallory) = (world.sides[B].puppet(), "mimi://a.test/u/mallory%3Ahs-a.test".parse().unwrap());
    world.turn(A, 0, |conversation, turn| conversation.granted(turn, &mallory, &bob)).unwrap();
    world.pump();
    assert_eq!(world.sides[A].native(0).membership(&world.ghost_of_peer(A)).as_deref(), Some("invite"));
}

/// P-083: the requester takes the question back.
#[test]
fn p_083_a_question_is_taken_back() {
    let mut world = World::bob_asked(RoomVersionId::V11);
    world.turn(B, 0, |conversation, turn| conversation.cancelled(turn)).unwrap();
    world.pump();
    assert_eq!(statuses(&world, B), ["requested", "cancelled"]);
    let question = world.sides[B].conversation(0);
    assert_eq!(question.row.status, "closed");
    assert_eq!(question.room.unwrap().membership(&user("@bob:hs-b.test")).as_deref(), Some("leave"));
}
