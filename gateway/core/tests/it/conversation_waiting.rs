//! At the gateway that was the hub: what happens on Matrix while nothing can be committed, since its clients are stranded or the
//! sides are in conflict, is done later (SPEC §15.3). It was parked.

use causeway_core::matrix::EventDraft;
use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::EpochId;
use ruma::OwnedUserId;
use serde_json::json;

use crate::conversation_leaderless::head;
use crate::conversation_recovery::without_a_hub;
use crate::conversation_recovery::{renewed, told};
use crate::support::simulation::*;

fn member(sender: &OwnedUserId, who: &OwnedUserId, membership: &str) -> EventDraft {
    by(sender, "m.room.member", Some(who.as_str()), json!({ "membership": membership }))
}

fn erin(world: &World) -> (OwnedUserId, UserUri) {
    let erin = user("@erin:hs-a.test");
    let puppet = world.sides[A].gateway.names.puppet(&erin).unwrap();
    (erin, puppet)
}

fn joins(world: &mut World, who: &OwnedUserId) {
    let alice = world.sides[A].homeserver.user.clone();
    world.act(A, 0, member(&alice, who, "invite"));
    world.act(A, 0, member(who, who, "join"));
}

/// Erin is behind the gateway that was the hub, too.
fn with_erin() -> World {
    let mut world = without_a_hub();
    let (erin, puppet) = erin(&world);
    joins(&mut world, &erin);
    world.pump();
    assert!(is_present(&world, (B, 1), &puppet));
    world
}

fn is_present(world: &World, (side, index): (usize, usize), user: &UserUri) -> bool {
    world.sides[side].conversation(index).group.unwrap().room_state().is_present(user)
}

fn is_banned(world: &World, (side, index): (usize, usize), user: &UserUri) -> bool {
    world.sides[side].conversation(index).group.unwrap().room_state().is_banned(user)
}

/// The gateway that was the hub goes on alone for longer than the window, and then hears of another side that has for even longer.
/// Gives where that goes on.
fn conflict_at_the_former_hub(world: &mut World) -> EpochId {
    let theirs = renewed(world, A, &mut world.sides[A].conversation(0).forkable.unwrap(), 8);
    world.is_cut = true;
    for turn in 0..7 {
        world.set(A, 0, ("m.room.name", "", json!({ "name": turn.to_string() })));
    }
    told(world, B, 1, &theirs);
    told(world, A, 0, &theirs);
    world.sides[A].conversation(0).forkable.unwrap().conflict().unwrap().theirs
}

fn decide(world: &mut World, theirs: &EpochId) {
    world.turn(A, 0, |conversation, turn| conversation.override_anchor(turn, theirs)).unwrap();
    world.is_cut = false;
    world.pump();
    assert_eq!(head(world, A, 0), head(world, B, 1));
    assert!(world.sides[A].conversation(0).forkable.unwrap().conflict().is_none());
}

#[test]
fn who_joins_while_our_clients_are_stranded_is_added_when_one_is_back() {
    let mut world = without_a_hub();
    let (erin, puppet) = erin(&world);
    world.sides[A].adopt(0);
    joins(&mut world, &erin);
    // What it says follows it.
    world.act(A, 0, text(&erin, "hello from erin"));
    assert!(!is_present(&world, (A, 0), &puppet));
    world.pump();
    assert!(is_present(&world, (A, 0), &puppet) && is_present(&world, (B, 1), &puppet));
    assert!(world.sides[B].said(1).iter().any(|(_, body)| body == "hello from erin"));
    assert!(world.sides[A].losses.is_empty(), "{:?}", world.sides[A].losses);
}

#[test]
fn power_levels_that_change_while_our_clients_are_stranded_are_followed_when_one_is_back() {
    let mut world = without_a_hub();
    let before = world.sides[B].conversation(1).group.unwrap().room_state().roles.clone();
    world.sides[A].adopt(0);
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["invite"] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    let after = world.sides[B].conversation(1).group.unwrap().room_state().roles.clone();
    assert_ne!(before, after);
    assert_eq!(world.sides[A].conversation(0).group.unwrap().room_state().roles, after);
}

#[test]
fn dmls_18_who_joins_in_conflict_is_added_when_it_is_over_and_who_has_gone_again_is_not() {
    let mut world = without_a_hub();
    let (erin, puppet) = erin(&world);
    let fred = user("@fred:hs-a.test");
    let of_fred = world.sides[A].gateway.names.puppet(&fred).unwrap();
    let theirs = conflict_at_the_former_hub(&mut world);
    joins(&mut world, &erin);
    joins(&mut world, &fred);
    world.act(A, 0, member(&fred, &fred, "leave"));
    world.pump();
    assert!(!is_present(&world, (A, 0), &puppet));
    decide(&mut world, &theirs);
    for place in [(A, 0), (B, 1)] {
        assert!(is_present(&world, place, &puppet) && !is_present(&world, place, &of_fred));
    }
}

#[test]
fn dmls_18_power_levels_that_change_in_conflict_are_followed_when_it_is_over() {
    let mut world = without_a_hub();
    let theirs = conflict_at_the_former_hub(&mut world);
    let before = world.sides[B].conversation(1).group.unwrap().room_state().roles.clone();
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["invite"] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    decide(&mut world, &theirs);
    assert_ne!(world.sides[B].conversation(1).group.unwrap().room_state().roles, before);
}

#[test]
fn dmls_18_a_kick_and_a_ban_in_conflict_are_done_when_it_is_over() {
    for (membership, bans) in [("leave", false), ("ban", true)] {
        let mut world = with_erin();
        let (erin, puppet) = erin(&world);
        let alice = world.sides[A].homeserver.user.clone();
        let theirs = conflict_at_the_former_hub(&mut world);
        world.act(A, 0, member(&alice, &erin, membership));
        world.pump();
        assert!(is_present(&world, (A, 0), &puppet), "nothing is committed in conflict");
        decide(&mut world, &theirs);
        for place in [(A, 0), (B, 1)] {
            assert!(!is_present(&world, place, &puppet));
            assert_eq!(is_banned(&world, place, &puppet), bans);
        }
    }
}

/// A kick waits, and the kicked has come back meanwhile: the room's members are those of the Matrix room.
#[test]
fn dmls_18_who_is_kicked_in_conflict_and_comes_back_stays() {
    let mut world = with_erin();
    let (erin, puppet) = erin(&world);
    let alice = world.sides[A].homeserver.user.clone();
    let theirs = conflict_at_the_former_hub(&mut world);
    world.act(A, 0, member(&alice, &erin, "leave"));
    joins(&mut world, &erin);
    decide(&mut world, &theirs);
    assert!(is_present(&world, (A, 0), &puppet) && is_present(&world, (B, 1), &puppet));
    assert_eq!(world.sides[A].native(0).membership(&erin).as_deref(), Some("join"));
}
