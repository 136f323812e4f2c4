//! A room that was without its hub gets it back (SPEC §15.5), and providers that know MIMI alone (SPEC §15.6).

use causeway_core::conversation::ConversationError;
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateStatus};
use causeway_mls::MlsError;
use serde_json::json;

use crate::conversation_leaderless::{bodies, head, name, two_admins};
use crate::support::simulation::*;

/// Bob has given the hub up, and something has happened without it.
fn without_a_hub() -> World {
    let mut world = two_admins();
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.say(B, 1, "without a hub");
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Without a hub" })));
    world
}

fn are_leaderless(world: &World) -> [bool; 2] {
    [world.sides[A].conversation(0), world.sides[B].conversation(1)].map(|conversation| conversation.is_leaderless())
}

/// A hub's room, as before: the hub orders what both say and want, and franks it.
fn assert_ordered(world: &mut World) {
    assert_eq!(are_leaderless(world), [false, false]);
    let before = world.sent_to_hubs.len();
    world.say(A, 0, "by the hub");
    world.say(B, 1, "by its follower");
    world.set(B, 1, ("m.room.name", "", json!({ "name": "In order" })));
    assert!(world.sent_to_hubs.len() >= before + 2, "the follower asks the hub");
    for (side, index) in [(A, 0), (B, 1)] {
        let said = bodies(world, side, index);
        assert_eq!(said[said.len() - 2..], ["by the hub", "by its follower"]);
        assert_eq!(name(world, side, index), "In order");
        assert!(world.sides[side].losses.is_empty(), "{:?}", world.sides[side].losses);
    }
    let context = |side: usize, index| world.sides[side].conversation(index).group.unwrap().group_context().unwrap();
    assert_eq!(context(A, 0), context(B, 1));
}

#[test]
fn the_hub_is_back_and_everything_is_as_before() {
    let mut world = without_a_hub();
    assert_eq!(are_leaderless(&world), [true, true]);
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    assert_ordered(&mut world);
    assert!(bodies(&world, A, 0).contains(&"without a hub".to_owned()));
}

#[test]
fn whoever_gave_the_hub_up_waits_for_the_window_before_it_calls_it_back() {
    let mut world = without_a_hub();
    let refused = world.turn(B, 1, |conversation, turn| conversation.hub_back(turn));
    assert!(matches!(&refused, Err(ConversationError::Mls(MlsError::NotAllowed(rule))) if rule.rule == "DMLS-16"), "{refused:?}");
    for name in ["two", "three", "four", "five", "six"] {
        world.set(B, 1, ("m.room.name", "", json!({ "name": name })));
    }
    world.turn(B, 1, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    assert_ordered(&mut world);
}

#[test]
fn a_room_where_a_hub_orders_has_none_to_call_back() {
    let mut world = two_admins();
    let refused = world.turn(A, 0, |conversation, turn| conversation.hub_back(turn));
    assert!(matches!(refused, Err(ConversationError::Missing(_))));
}

/// Nothing has been committed since: whoever may has just decided, and a while has to pass.
#[test]
fn dmls_16_a_hub_that_is_back_is_not_given_up_in_the_same_epoch() {
    let mut world = without_a_hub();
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    assert_eq!(are_leaderless(&world), [false, false]);
    for (side, index) in [(A, 0), (B, 1)] {
        let refused = world.turn(side, index, |conversation, turn| conversation.hub_lost(turn));
        assert!(
            matches!(&refused, Err(ConversationError::Mls(MlsError::NotAllowed(rule))) if rule.rule == "DMLS-16"),
            "{refused:?}"
        );
        assert!(!world.sides[side].conversation(index).is_leaderless());
    }
    assert_ordered(&mut world);
}

#[test]
fn no_graph_ends_before_everybody_follows_the_hub() {
    let mut world = without_a_hub();
    world.is_cut = true;
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    world.say(B, 1, "not yet");
    world.set(B, 1, ("m.room.name", "", json!({ "name": "On one side" })));
    world.set(A, 0, ("m.room.name", "", json!({ "name": "On the other" })));
    world.say(A, 0, "not here either");
    assert_eq!(are_leaderless(&world), [true, true]);
    world.is_cut = false;
    world.pump();
    // The hub's own commit has been accepted at once; the other side's lost to it.
    assert_eq!([name(&world, A, 0), name(&world, B, 1)], ["On the other", "On the other"]);
    for (side, index) in [(A, 0), (B, 1)] {
        let said = bodies(&world, side, index);
        assert!(["not yet", "not here either"].iter().all(|words| said.iter().any(|body| body == words)), "{said:?}");
    }
    assert_ordered(&mut world);
}

#[test]
fn the_hub_can_be_lost_again() {
    let mut world = without_a_hub();
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    assert_ordered(&mut world);
    let term = world.sides[B].conversation(1).book.term;
    for name in ["two", "three", "four", "five", "six"] {
        world.set(B, 1, ("m.room.name", "", json!({ "name": name })));
    }
    world.is_cut = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.say(B, 1, "lost again");
    world.is_cut = false;
    world.pump();
    assert_eq!(are_leaderless(&world), [true, true]);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert_eq!(world.sides[A].conversation(0).forkable.unwrap().graph().term(), term + 1);
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "lost again");
    world.say(A, 0, "heard");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "heard");
}

/// It was called back, and is gone again before the graphs have ended.
#[test]
fn a_hub_that_was_called_back_can_be_given_up_before_the_graphs_end() {
    let mut world = without_a_hub();
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pass_only(A);
    world.is_cut = true;
    assert!(world.sides[B].conversation(1).forkable.unwrap().is_ordered());
    for name in ["two", "three", "four", "five", "six"] {
        world.set(B, 1, ("m.room.name", "", json!({ "name": name })));
    }
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    assert!(!world.sides[B].conversation(1).forkable.unwrap().is_ordered());
    world.set(B, 1, ("m.room.name", "", json!({ "name": "By ourselves again" })));
    world.is_cut = false;
    world.pump();
    assert_eq!(are_leaderless(&world), [true, true]);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert_eq!([name(&world, A, 0), name(&world, B, 1)], ["By ourselves again", "By ourselves again"]);
}

/// A provider that knows MIMI alone goes on at the hub, which has become one of the gateways that order the room.
#[test]
fn a_plain_provider_goes_on_at_the_hub_of_a_room_without_one() {
    let mut world = two_admins();
    world.b_is_plain = true;
    world.turn(A, 0, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.say(A, 0, "you hear this by the fan-out");
    world.say(B, 1, "and this is submitted");
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Renamed by an update" })));
    world.set(A, 0, ("m.room.name", "", json!({ "name": "And by the hub" })));
    world.say(B, 1, "in the new epoch");
    assert_eq!(are_leaderless(&world), [true, false]);
    for (side, index) in [(A, 0), (B, 1)] {
        let said = bodies(&world, side, index);
        assert_eq!(said[said.len() - 3..], ["you hear this by the fan-out", "and this is submitted", "in the new epoch"]);
        assert_eq!(name(&world, side, index), "And by the hub");
        assert!(world.sides[side].losses.is_empty(), "{:?}", world.sides[side].losses);
    }
    // Nobody else has a graph: the hub's ends at once when it is in office again.
    for name in ["three", "four", "five", "six"] {
        world.set(A, 0, ("m.room.name", "", json!({ "name": name })));
    }
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    assert_ordered(&mut world);
}

#[test]
fn a_plain_client_comes_back_by_an_external_commit_at_a_hub_without_office() {
    let mut world = two_admins();
    world.b_is_plain = true;
    world.turn(A, 0, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.sides[B].adopt(1);
    world.say(B, 1, "back again");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "back again");
    world.say(A, 0, "welcome");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "welcome");
    assert_eq!(are_leaderless(&world), [true, false]);
}

#[test]
fn a_plain_client_leaves_and_nothing_else_is_committed_for_it() {
    let mut world = two_admins();
    world.b_is_plain = true;
    world.turn(A, 0, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    let mirror = world.sides[B].conversation(1);
    let (mut group, client) = (mirror.group.clone().unwrap(), mirror.group.unwrap().own_clients().next().unwrap().clone());
    let leave = group.leave_proposals(&mirror.clients[&client]).unwrap();
    // A part of it is no leaving.
    for (part, is_leaving) in [(&leave[..1], false), (&leave[1..], false), (&leave[..], true)] {
        let request = UpdateRequest::proposals(part).unwrap();
        let response = world.update(A, B, 1, &request);
        assert_eq!(matches!(response.status, UpdateStatus::Success { .. }), is_leaving, "{}", response.error_description);
    }
    let bob = world.sides[B].puppet();
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(!group.room_state().is_present(&bob) && group.members().iter().all(|member| member.user != bob));
}
