//! A room's life between two gateways: `a.test` is hub, `b.test` follows.

use causeway_core::conversation::{Topology, notices};
use causeway_core::matrix::ROOM_VERSIONS;
use causeway_drafts::mimi_uri::UserUri;
use ruma::RoomVersionId;
use serde_json::json;

use crate::support::simulation::*;

fn participants(world: &World, side: usize, index: usize) -> Vec<String> {
    let group = world.sides[side].conversation(index).group.unwrap();
    let mut users: Vec<_> = group.room_state().participants.participants.iter().map(|entry| entry.user.to_string()).collect();
    users.sort();
    users
}

fn assert_same_epoch(world: &World) {
    let (hub, follower) = (world.sides[A].conversation(0), world.sides[B].conversation(1));
    let (hub, follower) = (hub.group.unwrap(), follower.group.unwrap());
    assert_eq!(hub.epoch().number, follower.epoch().number);
    assert_eq!(hub.ratchet_tree().unwrap(), follower.ratchet_tree().unwrap());
    assert_eq!(hub.room_state(), follower.room_state());
}

#[test]
fn a_room_is_bridged_only_after_somebody_opted_in() {
    for version in ROOM_VERSIONS {
        let mut world = World::gateway_in_room(version);
        assert_eq!(world.sides[A].conversation(0).row.status, "waiting");
        assert!(world.sides[A].conversation(0).group.is_none());
        assert!(world.sides[A].notices(0)[0].contains("not bridged yet"));
        world.say(A, 0, "still private");
        // Another gateway's opt-in, and one for another mode, are none.
        world.set(A, 0, (notices::OPT_IN_TYPE, "gw-other.test", json!({ "trust_mode": "endpoint" })));
        world.set(A, 0, (notices::OPT_IN_TYPE, "gw-a.test", json!({ "trust_mode": "relay" })));
        assert!(world.sides[A].conversation(0).group.is_none());
        world.set(A, 0, (notices::OPT_IN_TYPE, "gw-a.test", json!({ "trust_mode": "endpoint" })));
        let conversation = world.sides[A].conversation(0);
        assert_eq!((conversation.row.status.as_str(), conversation.topology()), ("active", Some(Topology::OurHub)));
        assert_eq!(participants(&world, A, 0), ["mimi://a.test/u/_causeway", "mimi://a.test/u/alice%3Ahs-a.test"]);
        // Disclosed, once.
        assert_eq!(world.sides[A].notices(0).iter().filter(|notice| notice.contains("can read them")).count(), 1);
        // Alice has no leaf before she speaks.
        assert_eq!(conversation.group.unwrap().members().len(), 1);
    }
}

#[test]
fn endpoint_mode_needs_the_operators_word() {
    let mut world = World::gateway_in_room(RoomVersionId::V11);
    world.sides[A].gateway.endpoint_mode_allowed = false;
    world.set(A, 0, (notices::OPT_IN_TYPE, "gw-a.test", json!({ "trust_mode": "endpoint" })));
    assert!(world.sides[A].conversation(0).group.is_none());
    assert_eq!(world.sides[A].notices(0).last().unwrap(), notices::ENDPOINT_MODE_NOT_ALLOWED);
}

#[test]
fn two_gateways_come_together_and_talk() {
    for version in ROOM_VERSIONS {
        let mut world = World::together(version);
        let everybody = ["mimi://a.test/u/_causeway", "mimi://a.test/u/alice%3Ahs-a.test", "mimi://b.test/u/bob%3Ahs-b.test"];
        assert_eq!(participants(&world, A, 0), everybody);
        assert_same_epoch(&world);
        let mirror = world.sides[B].conversation(1);
        assert_eq!((mirror.row.status.as_str(), mirror.topology()), ("active", Some(Topology::ForeignHub)));
        assert_eq!(mirror.row.room_version.as_deref(), Some("12"));

        world.say(A, 0, "hello bob");
        world.say(B, 1, "hello alice");
        world.say(A, 0, "how are you?");
        assert_same_epoch(&world);
        let (alice, bob) = ("@alice:hs-a.test", "@bob:hs-b.test");
        let (alices_ghost, bobs_ghost) = (world.ghost_of_peer(B).to_string(), world.ghost_of_peer(A).to_string());
        let said = |alice: &str, bob: &str| {
            [(alice, "hello bob"), (bob, "hello alice"), (alice, "how are you?")]
                .map(|(who, what)| (who.to_owned(), what.to_owned()))
        };
        let at_a: Vec<_> = world.sides[A].said(0).into_iter().filter(|(_, words)| !words.contains("gateway")).collect();
        let at_b: Vec<_> = world.sides[B].said(1).into_iter().filter(|(_, words)| !words.contains("gateway")).collect();
        assert_eq!(at_a, said(alice, &bobs_ghost));
        assert_eq!(at_b, said(&alices_ghost, bob));
        assert!(world.sides[A].losses.is_empty(), "{:?}", world.sides[A].losses);
        assert!(world.sides[B].losses.is_empty(), "{:?}", world.sides[B].losses);
    }
}

/// Both sides are told that a gateway reads along, each once.
#[test]
fn both_sides_are_told() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(A, 0, "hi");
    world.say(B, 1, "hi");
    for (side, index, other) in [(A, 0, "a.test"), (B, 1, "b.test")] {
        let timeline = world.sides[side].timeline(index);
        let bodies: Vec<_> = timeline.iter().map(|(_, content)| content["body"].as_str().unwrap_or_default()).collect();
        assert_eq!(bodies.iter().filter(|body| body.contains("ordered by the provider")).count(), 1, "{bodies:#?}");
        let peer = if other == "a.test" { "b.test" } else { "a.test" };
        let disclosure = format!("Participants of {peer} whose clients");
        assert_eq!(bodies.iter().filter(|body| body.starts_with(&disclosure)).count(), 1, "{bodies:#?}");
    }
}

/// An event says which message it is, and the ids of both gateways agree.
#[test]
fn c_001_both_gateways_name_a_message_alike() {
    let mut world = World::together(RoomVersionId::V11);
    let event = world.say(A, 0, "hello");
    let at_hub = world.sides[A].conversation(0).messages.by_event(event.event_id().as_str()).unwrap().message_id.clone();
    let timeline = world.sides[B].timeline(1);
    let (_, content) = timeline.iter().find(|(_, content)| content["body"] == "hello").unwrap();
    assert_eq!(content[notices::PROVENANCE_KEY], hex::encode(&at_hub));
    assert!(world.sides[B].conversation(1).messages.knows_message(&at_hub));
}

/// The mirror belongs to the gateway, with ghosts below it.
#[test]
fn a_mirror_room_is_the_gateways() {
    let world = World::together(RoomVersionId::V11);
    let room = world.sides[B].conversation(1).room.unwrap();
    let ghost = world.ghost_of_peer(B);
    assert!(room.is_creator(&world.sides[B].gateway.names.gateway_user()));
    assert!(!room.is_creator(&ghost));
    assert_eq!(room.join_rule(), "invite");
    assert_eq!(room.state_content("m.room.history_visibility", "").unwrap()["history_visibility"], "joined");
    assert_eq!(room.membership(&ghost).as_deref(), Some("join"));
    assert_eq!(room.membership(&user("@bob:hs-b.test")).as_deref(), Some("join"));
    assert_eq!(room.display_name(&ghost).as_deref(), Some("alice:hs-a.test (a.test)"));
}

/// The listener sends nobody's words and is nobody's ghost.
#[test]
fn the_listener_has_no_ghost() {
    let world = World::together(RoomVersionId::V11);
    let listener: UserUri = "mimi://a.test/u/_causeway".parse().unwrap();
    let room = world.sides[B].conversation(1).room.unwrap();
    let ghost = world.sides[B].gateway.names.ghost(&listener);
    assert_ne!(ghost, world.sides[B].gateway.names.gateway_user());
    assert!(room.membership(&world.sides[B].gateway.names.gateway_user()).is_some());
}
