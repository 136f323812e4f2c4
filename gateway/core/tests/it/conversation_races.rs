//! Things that happen at the same time on both sides, and people who come later.

use ruma::RoomVersionId;
use serde_json::json;

use crate::support::simulation::*;

/// Bob may invite and rename.
fn with_moderator() -> World {
    let mut world = World::together(RoomVersionId::V11);
    let ghost = world.ghost_of_peer(A);
    let users = json!({ "@alice:hs-a.test": 100, ghost.as_str(): 50 });
    world.set(A, 0, ("m.room.power_levels", "", json!({ "users": users, "events": { "m.room.power_levels": 100 } })));
    world
}

fn assert_same_group(world: &World) {
    let (hub, follower) = (world.sides[A].conversation(0).group.unwrap(), world.sides[B].conversation(1).group.unwrap());
    assert_eq!(hub.epoch().number, follower.epoch().number);
    assert_eq!(hub.ratchet_tree().unwrap(), follower.ratchet_tree().unwrap());
    assert_eq!(hub.room_state(), follower.room_state());
}

/// P-047: the hub has moved on while a message was on its way. It is sealed again, and arrives once.
#[test]
fn p_047_a_message_of_an_old_epoch_is_sealed_again() {
    let mut world = World::together(RoomVersionId::V11);
    let (alice, bob) = (user("@alice:hs-a.test"), user("@bob:hs-b.test"));
    world.act(B, 1, text(&bob, "in flight"));
    world.act(A, 0, by(&alice, "m.room.name", Some(""), json!({ "name": "Club" })));
    world.pump_from(B);
    let arrived = world.sides[A].said(0).into_iter().filter(|(_, words)| words == "in flight").count();
    assert_eq!(arrived, 1);
    assert_eq!(world.sides[B].native(1).name().as_deref(), Some("Club"));
    assert!(world.sides[A].losses.is_empty() && world.sides[B].losses.is_empty());
    assert_same_group(&world);
}

/// Both rename: the hub's order decides, and both sides show the same.
#[test]
fn concurrent_renames_end_with_one_name() {
    for first in [A, B] {
        let mut world = with_moderator();
        let (alice, bob) = (user("@alice:hs-a.test"), user("@bob:hs-b.test"));
        world.act(A, 0, by(&alice, "m.room.name", Some(""), json!({ "name": "Alice's" })));
        world.act(B, 1, by(&bob, "m.room.name", Some(""), json!({ "name": "Bob's" })));
        world.pump_from(first);
        let name = world.sides[A].native(0).name().unwrap();
        assert_eq!(world.sides[B].native(1).name().as_ref(), Some(&name));
        assert_eq!(world.sides[A].conversation(0).group.unwrap().room_state().metadata.name(), name);
        assert_same_group(&world);
    }
}

/// Words that cross keep their senders and their order on each side.
#[test]
fn messages_cross_on_the_way() {
    let mut world = World::together(RoomVersionId::V11);
    let (alice, bob) = (user("@alice:hs-a.test"), user("@bob:hs-b.test"));
    for number in 0..5 {
        world.act(A, 0, text(&alice, &format!("a{number}")));
        world.act(B, 1, text(&bob, &format!("b{number}")));
    }
    world.pump_from(B);
    for (side, index) in [(A, 0), (B, 1)] {
        let said: Vec<_> = world.sides[side].said(index).into_iter().map(|(_, words)| words).collect();
        for letter in ["a", "b"] {
            let own: Vec<_> = said.iter().filter(|words| words.len() == 2 && words.starts_with(letter)).cloned().collect();
            assert_eq!(own, (0..5).map(|number| format!("{letter}{number}")).collect::<Vec<_>>());
        }
    }
    assert!(world.sides[A].losses.is_empty() && world.sides[B].losses.is_empty());
}

/// P-076: a second Matrix user behind the follower is added as participant, and joins with a client of its own, by
/// external commit, before its first word.
#[test]
fn p_076_a_second_user_joins_by_external_commit() {
    let mut world = with_moderator();
    let (bob, dave) = (user("@bob:hs-b.test"), user("@dave:hs-b.test"));
    world.act(B, 1, by(&bob, "m.room.member", Some(dave.as_str()), json!({ "membership": "invite" })));
    world.act(B, 1, by(&dave, "m.room.member", Some(dave.as_str()), json!({ "membership": "join" })));
    world.pump();
    let puppet = world.sides[B].gateway.names.puppet(&dave).unwrap();
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.room_state().participants.find(&puppet).is_some());
    assert!(group.members().iter().all(|member| member.user != puppet), "no leaf before the first word");
    let ghost = world.sides[A].gateway.names.ghost(&puppet);
    assert_eq!(world.sides[A].native(0).membership(&ghost).as_deref(), Some("join"));

    world.act(B, 1, text(&dave, "hello, I am Dave"));
    world.pump();
    let last = world.sides[A].said(0).pop().unwrap();
    assert_eq!(last, (ghost.to_string(), "hello, I am Dave".to_owned()));
    let members = world.sides[A].conversation(0).group.unwrap();
    assert!(members.members().iter().any(|member| member.user == puppet));
    assert_same_group(&world);
    // And hears through the same public tree.
    world.say(A, 0, "hello Dave");
    assert_eq!(world.sides[B].said(1).pop().unwrap().1, "hello Dave");
}

/// An external join jumps to the hub's head: what the hub had accepted before, but not delivered yet, still reaches
/// the mirror.
#[test]
fn an_external_join_overtakes_nothing() {
    let mut world = with_moderator();
    let (alice, bob, dave) = (user("@alice:hs-a.test"), user("@bob:hs-b.test"), user("@dave:hs-b.test"));
    world.act(B, 1, by(&bob, "m.room.member", Some(dave.as_str()), json!({ "membership": "invite" })));
    world.act(B, 1, by(&dave, "m.room.member", Some(dave.as_str()), json!({ "membership": "join" })));
    world.pump();
    world.say(A, 0, "I have my leaf");
    world.act(A, 0, text(&alice, "before the new name"));
    world.act(A, 0, by(&alice, "m.room.name", Some(""), json!({ "name": "Club" })));
    world.act(A, 0, text(&alice, "after the new name"));
    world.act(B, 1, text(&dave, "hello"));
    world.pump_only(B);
    world.pump();
    let said: Vec<_> = world.sides[B].said(1).into_iter().map(|(_, words)| words).collect();
    assert!(said.iter().any(|words| words == "before the new name"), "{said:?} {:?}", world.sides[B].losses);
    assert!(said.iter().any(|words| words == "after the new name"), "{said:?} {:?}", world.sides[B].losses);
    assert_eq!(world.sides[B].native(1).name().as_deref(), Some("Club"));
    assert_same_group(&world);
    assert_eq!(world.sides[A].said(0).pop().unwrap().1, "hello");
}

/// The hub's order may bring an external commit back before the hub's answer.
#[test]
fn an_external_join_is_complete_when_the_hubs_order_brings_it() {
    let mut world = with_moderator();
    let (bob, dave) = (user("@bob:hs-b.test"), user("@dave:hs-b.test"));
    world.act(B, 1, by(&bob, "m.room.member", Some(dave.as_str()), json!({ "membership": "invite" })));
    world.act(B, 1, by(&dave, "m.room.member", Some(dave.as_str()), json!({ "membership": "join" })));
    world.pump();
    world.act(B, 1, text(&dave, "hello"));
    world.answers_come_late = true;
    world.pump();
    assert_eq!(world.sides[A].said(0).pop().unwrap().1, "hello");
    assert_same_group(&world);
}

/// Somebody else joins on the hub's Matrix side: participant at once, leaf with the first word.
#[test]
fn a_second_user_at_the_hub_speaks_through_a_leaf_of_its_own() {
    let mut world = World::together(RoomVersionId::V11);
    let (alice, erin) = (user("@alice:hs-a.test"), user("@erin:hs-a.test"));
    world.act(A, 0, by(&alice, "m.room.member", Some(erin.as_str()), json!({ "membership": "invite" })));
    world.act(A, 0, by(&erin, "m.room.member", Some(erin.as_str()), json!({ "membership": "join" })));
    world.pump();
    let puppet = world.sides[A].gateway.names.puppet(&erin).unwrap();
    let ghost = world.sides[B].gateway.names.ghost(&puppet);
    assert_eq!(world.sides[B].native(1).membership(&ghost).as_deref(), Some("join"));
    world.act(A, 0, text(&erin, "hi, Erin here"));
    world.pump();
    assert_eq!(world.sides[B].said(1).pop().unwrap(), (ghost.to_string(), "hi, Erin here".to_owned()));
    assert_same_group(&world);
    // She goes, with her leaf.
    world.act(A, 0, by(&erin, "m.room.member", Some(erin.as_str()), json!({ "membership": "leave" })));
    world.pump();
    assert_eq!(world.sides[B].native(1).membership(&ghost).as_deref(), Some("leave"));
    assert!(world.sides[A].conversation(0).group.unwrap().members().iter().all(|member| member.user != puppet));
    assert_same_group(&world);
}

/// Bob was kicked, is invited again, and comes back: the same mirror room, a new leaf.
#[test]
fn somebody_kicked_may_come_back() {
    let mut world = World::together(RoomVersionId::V11);
    let ghost = world.ghost_of_peer(A);
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "leave" })));
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "invite" })));
    // Asked again, in a room of its own.
    let question = world.sides[B].conversation_count() - 1;
    world.accept_invitation(B, question);
    assert_eq!(world.sides[A].native(0).membership(&ghost).as_deref(), Some("join"));
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(group.members().iter().any(|member| member.user.provider().as_str() == "b.test"));
    assert_eq!(world.sides[B].conversation(1).room.unwrap().membership(&user("@bob:hs-b.test")).as_deref(), Some("invite"));
}

/// An answer that got lost: the same request again changes nothing twice.
#[test]
fn a_fanout_delivered_twice_is_heard_once() {
    let mut world = World::together(RoomVersionId::V11);
    world.send_twice = true;
    world.say(A, 0, "once");
    world.set(A, 0, ("m.room.name", "", json!({ "name": "Club" })));
    world.say(A, 0, "and once more");
    let said: Vec<_> = world.sides[B].said(1).into_iter().map(|(_, words)| words).filter(|words| words.contains("once")).collect();
    assert_eq!(said, ["once", "and once more"]);
    assert_eq!(world.sides[B].native(1).name().as_deref(), Some("Club"));
    assert_eq!(world.sides[B].conversation(1).row.status, "active");
    assert_same_group(&world);
}

/// A follower's own commits count where the hub's order brings them, so that they overtake nothing that the hub fanned
/// out before.
#[test]
fn own_commits_do_not_overtake_a_slow_fan_out() {
    let mut world = with_moderator();
    let (alice, bob) = (user("@alice:hs-a.test"), user("@bob:hs-b.test"));
    world.say(A, 0, "I have my leaf");
    world.say(B, 1, "me too");
    world.act(A, 0, text(&alice, "slow"));
    for number in 0..3 {
        world.act(B, 1, by(&bob, "m.room.name", Some(""), json!({ "name": format!("{number}") })));
    }
    world.pump_only(B);
    world.pump();
    assert!(world.sides[B].said(1).iter().any(|(_, words)| words == "slow"), "{:?}", world.sides[B].losses);
}
