//! Participants without a client: who has never spoken comes and goes like anybody else.

use causeway_core::matrix::EventDraft;
use causeway_drafts::mimi_uri::UserUri;
use ruma::{OwnedUserId, RoomVersionId};
use serde_json::{Value, json};

use crate::support::simulation::*;

fn member(sender: &OwnedUserId, who: &OwnedUserId, membership: &str) -> EventDraft {
    EventDraft {
        sender: sender.clone(),
        event_type: "m.room.member".to_owned(),
        state_key: Some(who.to_string()),
        content: json!({ "membership": membership }),
        redacts: None,
    }
}

fn levels(world: &World, events: Value) -> Value {
    let users = json!({ "@alice:hs-a.test": 100, world.ghost_of_peer(A).as_str(): 50 });
    json!({ "users": users, "events": events })
}

/// Bob may invite and kick; Dave has come, and says nothing.
fn with_dave() -> (World, OwnedUserId, UserUri) {
    let mut world = World::together(RoomVersionId::V11);
    let content = levels(&world, json!({ "m.room.power_levels": 100 }));
    world.set(A, 0, ("m.room.power_levels", "", content));
    let (bob, dave) = (user("@bob:hs-b.test"), user("@dave:hs-b.test"));
    world.act(B, 1, member(&bob, &dave, "invite"));
    world.act(B, 1, member(&dave, &dave, "join"));
    world.pump();
    let puppet = world.sides[B].gateway.names.puppet(&dave).unwrap();
    assert!(is_participant(&world, &puppet));
    (world, dave, puppet)
}

fn is_participant(world: &World, puppet: &UserUri) -> bool {
    world.sides[A].conversation(0).group.unwrap().room_state().participants.find(puppet).is_some()
}

fn assert_same_group(world: &World) {
    let (hub, follower) = (world.sides[A].conversation(0).group.unwrap(), world.sides[B].conversation(1).group.unwrap());
    assert_eq!(hub.epoch().number, follower.epoch().number);
    assert_eq!(hub.room_state(), follower.room_state());
}

#[test]
fn g_24_a_lurker_leaves() {
    let (mut world, dave, puppet) = with_dave();
    world.act(B, 1, member(&dave, &dave, "leave"));
    world.pump();
    assert!(!is_participant(&world, &puppet));
    let ghost = world.sides[A].gateway.names.ghost(&puppet);
    assert_eq!(world.sides[A].native(0).membership(&ghost).as_deref(), Some("leave"));
    assert!(world.sides[A].conversation(0).group.unwrap().members().iter().all(|member| member.user != puppet));
    assert_same_group(&world);
}

#[test]
fn a_lurker_is_kicked_from_its_own_side() {
    let (mut world, dave, puppet) = with_dave();
    world.act(B, 1, member(&user("@bob:hs-b.test"), &dave, "leave"));
    world.pump();
    assert!(!is_participant(&world, &puppet));
    let ghost = world.sides[A].gateway.names.ghost(&puppet);
    assert_eq!(world.sides[A].native(0).membership(&ghost).as_deref(), Some("leave"));
    assert_same_group(&world);
}

#[test]
fn a_lurker_is_kicked_by_the_hub() {
    let (mut world, dave, puppet) = with_dave();
    let ghost = world.sides[A].gateway.names.ghost(&puppet);
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "leave" })));
    assert!(!is_participant(&world, &puppet));
    assert_eq!(world.sides[B].native(1).membership(&dave).as_deref(), Some("leave"));
    assert_same_group(&world);
}

/// An invitation that the hub does not allow is taken back.
#[test]
fn who_may_not_invite_there_does_not_invite_here() {
    let mut world = World::together(RoomVersionId::V11);
    // In the hub's room, inviting takes more than Bob's ghost has.
    let content = json!({ "users": { "@alice:hs-a.test": 100 }, "invite": 60 });
    world.set(A, 0, ("m.room.power_levels", "", content));
    // In the mirror, the gateway has let him, for whatever reason.
    let gateway_user = world.sides[B].gateway.names.gateway_user();
    let lenient = json!({ "users": { "@bob:hs-b.test": 50 }, "invite": 0 });
    world.gateway_event(B, 1, ("m.room.power_levels", "", lenient), &gateway_user);
    let (bob, dave) = (user("@bob:hs-b.test"), user("@dave:hs-b.test"));
    world.act(B, 1, member(&bob, &dave, "invite"));
    world.act(B, 1, member(&dave, &dave, "join"));
    world.pump();
    let puppet = world.sides[B].gateway.names.puppet(&dave).unwrap();
    assert!(!is_participant(&world, &puppet));
    assert_eq!(world.sides[B].native(1).membership(&dave).as_deref(), Some("leave"));
    assert!(world.sides[B].notices(1).last().unwrap().contains("did not accept this change (add)"));
    assert_same_group(&world);
}

/// At the hub's own side, too.
#[test]
fn a_lurker_at_the_hub_comes_and_goes() {
    let mut world = World::together(RoomVersionId::V11);
    let (alice, erin) = (user("@alice:hs-a.test"), user("@erin:hs-a.test"));
    world.act(A, 0, member(&alice, &erin, "invite"));
    world.act(A, 0, member(&erin, &erin, "join"));
    world.pump();
    let puppet = world.sides[A].gateway.names.puppet(&erin).unwrap();
    let ghost = world.sides[B].gateway.names.ghost(&puppet);
    assert_eq!(world.sides[B].native(1).membership(&ghost).as_deref(), Some("join"));
    world.act(A, 0, member(&erin, &erin, "leave"));
    world.pump();
    assert!(!is_participant(&world, &puppet));
    assert_eq!(world.sides[B].native(1).membership(&ghost).as_deref(), Some("leave"));
    // And comes back.
    world.act(A, 0, member(&alice, &erin, "invite"));
    world.act(A, 0, member(&erin, &erin, "join"));
    world.pump();
    assert!(is_participant(&world, &puppet));
    assert_eq!(world.sides[B].native(1).membership(&ghost).as_deref(), Some("join"));
    assert_same_group(&world);
}

/// Whoever comes in later with a role of its own has it in the mirror, too.
#[test]
fn a_latecomer_brings_its_role() {
    let mut world = World::together(RoomVersionId::V11);
    let (alice, erin) = (user("@alice:hs-a.test"), user("@erin:hs-a.test"));
    let users = json!({ "@alice:hs-a.test": 100, "@erin:hs-a.test": 50 });
    let content = json!({ "users": users, "events": { "m.room.power_levels": 100 } });
    world.set(A, 0, ("m.room.power_levels", "", content));
    world.act(A, 0, member(&alice, &erin, "invite"));
    world.act(A, 0, member(&erin, &erin, "join"));
    world.pump();
    let puppet = world.sides[A].gateway.names.puppet(&erin).unwrap();
    let ghost = world.sides[B].gateway.names.ghost(&puppet);
    assert_eq!(world.sides[B].native(1).power_level(&ghost), 50);
    assert_same_group(&world);
}
