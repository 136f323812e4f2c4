//! How long what past epochs were sealed with is kept (SPEC §11.4).

use causeway_core::conversation::{ConversationError, Outgoing, Prepared, Retention};
use causeway_mls::MlsError;
use ruma::RoomVersionId;
use serde_json::json;

use crate::conversation_leaderless::{bodies, two_admins};
use crate::support::simulation::*;

const HOUR: u64 = 3_600_000;

fn for_an_hour() -> Retention {
    Retention { epochs: None, age_ms: Some(HOUR) }
}

/// What the outbox does with an item that waits.
fn tick(world: &mut World, side: usize, index: usize) -> Prepared {
    world.turn(side, index, |conversation, turn| conversation.prepare(turn, &Outgoing::Forget)).unwrap()
}

fn an_epoch(world: &mut World) {
    world.set(A, 0, ("m.room.name", "", json!({ "name": "The next epoch" })));
}

#[test]
fn with_a_hub_late_messages_open_for_two_epochs_or_as_set() {
    for (epochs, opens) in [(None, true), (Some(1), false), (Some(16), true)] {
        let mut world = World::together(RoomVersionId::V11);
        world.say(B, 1, "hello");
        let retention = Retention { epochs, age_ms: None };
        world.turn(B, 1, |conversation, turn| conversation.retain(turn, retention)).unwrap();
        an_epoch(&mut world);
        // Bob's gateway gets it two epochs after that in which it was sealed.
        let mut hub = world.sides[A].conversation(0).group.unwrap();
        let listener = world.sides[A].gateway.names.listener_client();
        let identity = world.sides[A].conversation(0).clients[&listener].clone();
        let sealed = hub.seal(&identity, b"late", [0; 32]).unwrap();
        two_epochs(&mut world);
        let mut group = world.sides[B].conversation(1).group.unwrap();
        assert_eq!(group.open(&sealed).is_ok(), opens, "{epochs:?}");
    }
}

fn two_epochs(world: &mut World) {
    for name in ["one", "two"] {
        world.set(A, 0, ("m.room.name", "", json!({ "name": name })));
    }
}

#[test]
fn with_a_hub_secrets_go_when_their_time_is_up() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "hello");
    let mut hub = world.sides[A].conversation(0).group.unwrap();
    let listener = world.sides[A].gateway.names.listener_client();
    let identity = world.sides[A].conversation(0).clients[&listener].clone();
    let sealed = hub.seal(&identity, b"late", [0; 32]).unwrap();
    an_epoch(&mut world);
    world.turn(B, 1, |conversation, turn| conversation.retain(turn, for_an_hour())).unwrap();
    let opens = |world: &World| world.sides[B].conversation(1).group.unwrap().open(&sealed).is_ok();
    let kinds: Vec<&str> = world.take_all_outgoing(B).iter().map(|(_, item)| item.kind()).collect();
    assert_eq!(kinds, ["forget"], "an item waits for the time");
    let Prepared::Wait(left) = tick(&mut world, B, 1) else { panic!("not yet") };
    assert!(left < HOUR && opens(&world));
    world.now += left;
    assert!(matches!(tick(&mut world, B, 1), Prepared::Done));
    assert!(!opens(&world));
}

#[test]
fn dmls_23_without_a_hub_secrets_go_when_their_time_is_up() {
    let mut world = two_admins();
    world.turn(B, 1, |conversation, turn| conversation.retain(turn, Retention { epochs: Some(4), age_ms: None })).unwrap();
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    assert_eq!(world.sides[B].conversation(1).forkable.unwrap().graph().window(), 4);
    world.is_cut = true;
    world.set(B, 1, ("m.room.name", "", json!({ "name": "One" })));
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Two" })));
    let kept = |world: &World| world.sides[B].conversation(1).forkable.unwrap().kept_secrets().count();
    assert_eq!(kept(&world), 3);
    world.turn(B, 1, |conversation, turn| conversation.retain(turn, Retention { epochs: Some(4), age_ms: Some(HOUR) })).unwrap();
    world.now += HOUR;
    assert!(matches!(tick(&mut world, B, 1), Prepared::Done));
    assert_eq!(kept(&world), 1, "the head's");
    // The window is everybody's.
    let refused = world.turn(B, 1, |conversation, turn| conversation.retain(turn, Retention { epochs: Some(9), age_ms: None }));
    assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "SPEC §11.4", .. })));
    world.turn(B, 1, |conversation, turn| conversation.retain(turn, Retention { epochs: Some(4), age_ms: Some(0) })).unwrap();
    world.is_cut = false;
    world.pump();
    world.say(A, 0, "still together");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "still together");
}

#[test]
fn so_many_epochs_cannot_be_kept() {
    let mut world = World::together(RoomVersionId::V11);
    for epochs in [0, 17] {
        let retention = Retention { epochs: Some(epochs), age_ms: None };
        let refused = world.turn(A, 0, |conversation, turn| conversation.retain(turn, retention));
        assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "SPEC §11.4", .. })), "{epochs}");
    }
}

#[test]
fn a_message_that_has_been_opened_is_told_from_one_that_does_not_open() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "hello");
    let mut hub = world.sides[A].conversation(0).group.unwrap();
    let listener = world.sides[A].gateway.names.listener_client();
    let identity = world.sides[A].conversation(0).clients[&listener].clone();
    let sealed = hub.seal(&identity, b"once", [0; 32]).unwrap();
    let mut group = world.sides[B].conversation(1).group.unwrap();
    assert!(group.open(&sealed).is_ok());
    assert!(matches!(group.open(&sealed), Err(MlsError::Repeated)));
    let mut altered = sealed.clone();
    *altered.last_mut().unwrap() ^= 1;
    let mut group = world.sides[B].conversation(1).group.unwrap();
    assert!(matches!(group.open(&altered), Err(MlsError::Invalid(_))));
}
