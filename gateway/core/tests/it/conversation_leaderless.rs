//! A room that goes on without its hub, and what happens when that comes back (SPEC §15).

use causeway_core::conversation::{ConversationError, PeerMessage};
use causeway_mls::graph::Authority;
use causeway_mls::{CreateGroup, ForkableGroup, Group};
use ruma::RoomVersionId;
use serde_json::json;

use crate::support::simulation::*;

/// Alice behind the hub, Bob behind a follower, and Bob's ghost may do everything that Alice may.
pub(crate) fn two_admins() -> World {
    with_alice_at(100)
}

pub(crate) fn with_alice_at(level: i64) -> World {
    with_levels([level, 100, 100])
}

/// Alice, Bob's ghost and the gateway's user have these power levels in Alice's room.
pub(crate) fn with_levels([of_alice, of_bob, of_gateway]: [i64; 3]) -> World {
    let mut world = World::together(RoomVersionId::V11);
    let (bob, alice) = (world.ghost_of_peer(A), world.sides[A].homeserver.user.clone());
    let gateway_user = world.sides[A].gateway.names.gateway_user();
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["users"] = json!({ alice.as_str(): of_alice, bob.as_str(): of_bob, gateway_user.as_str(): of_gateway });
    world.set(A, 0, ("m.room.power_levels", "", levels));
    world.say(B, 1, "hello");
    world
}

/// Two branches that become one: bob promotes nobody, but renews by renaming; the hub changes the roles.
pub(crate) fn both_sides_go_on_alone(world: &mut World) {
    world.is_cut = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.set(B, 1, ("m.room.name", "", json!({ "name": "The members'" })));
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["invite"] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    world.is_cut = false;
    world.pump();
    assert_eq!(head(world, A, 0), head(world, B, 1));
}

pub(crate) fn head(world: &World, side: usize, index: usize) -> causeway_mls::EpochId {
    world.sides[side].conversation(index).forkable.expect("a graph").head().id
}

pub(crate) fn name(world: &World, side: usize, index: usize) -> String {
    world.sides[side].conversation(index).group.unwrap().room_state().metadata.name().to_owned()
}

/// What was said, but for the disclosures.
pub(crate) fn bodies(world: &World, side: usize, index: usize) -> Vec<String> {
    let said = world.sides[side].said(index).into_iter().map(|(_, body)| body);
    said.filter(|body| !body.starts_with("Participants of")).collect()
}

#[test]
fn a_room_goes_on_without_its_hub_and_the_hub_catches_up() {
    let mut world = two_admins();
    world.is_cut = true;
    world.say(B, 1, "is anybody there?");
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    assert!(world.sides[B].conversation(1).is_leaderless());
    world.say(B, 1, "then we go on");
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Without a hub" })));
    world.say(B, 1, "renamed");
    assert_eq!(name(&world, B, 1), "Without a hub");
    world.is_cut = false;
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert_eq!(name(&world, A, 0), "Without a hub");
    assert_eq!(bodies(&world, A, 0), ["hello", "is anybody there?", "then we go on", "renamed"]);
    // And from now on both order nothing and hear everything.
    world.say(A, 0, "welcome back");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "welcome back");
    world.say(B, 1, "you, too");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "you, too");
    assert!(world.sides[A].losses.is_empty(), "{:?}", world.sides[A].losses);
    assert!(world.sides[B].losses.is_empty(), "{:?}", world.sides[B].losses);
}

#[test]
fn what_both_sides_did_alone_is_settled() {
    let mut world = two_admins();
    world.is_cut = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.say(B, 1, "on one side");
    // The hub is not lost at all: it just does not hear us. It renames the room, and says something.
    world.set(A, 0, ("m.room.name", "", json!({ "name": "The hub's" })));
    world.say(A, 0, "on the other side");
    // Without another commit there, the hub's branch simply extends ours.
    world.is_cut = false;
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert_eq!((name(&world, A, 0), name(&world, B, 1)), ("The hub's".to_owned(), "The hub's".to_owned()));
    for (side, index) in [(A, 0), (B, 1)] {
        let said = bodies(&world, side, index);
        assert!(said.contains(&"on one side".to_owned()) && said.contains(&"on the other side".to_owned()), "{said:?}");
    }
}

#[test]
fn a_change_of_the_hub_that_loses_is_settled_on_the_members_branch() {
    let mut world = two_admins();
    both_sides_go_on_alone(&mut world);
    let states = [(A, 0), (B, 1)].map(|(side, index)| world.sides[side].conversation(index).group.unwrap().room_state().clone());
    assert_eq!(states[0], states[1]);
    assert_eq!(states[0].metadata.name(), "The members'");
    // What the hub had changed is on the head again.
    let member = states[0].roles.roles.iter().find(|role| role.role_index == 2).unwrap();
    let add = causeway_drafts::mimi_room_policy_04::capability::Capability::CAN_ADD_PARTICIPANT;
    assert!(!member.role_capabilities.contains(&add));
    let graph = world.sides[B].conversation(1).forkable.unwrap();
    assert!(graph.settlement().unwrap().intents.is_empty());
    assert!(!graph.graph().losing().is_empty());
}

#[test]
fn dmls_21_who_may_not_end_the_room_cannot_declare_the_hub_lost() {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "hello");
    let refused = world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn));
    assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "DMLS-21", .. })));
    assert!(!world.sides[B].conversation(1).is_leaderless());
}

#[test]
fn dmls_22_a_room_without_a_hub_is_ordered_by_nobody() {
    let mut world = two_admins();
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    assert!(world.sides[A].conversation(0).is_leaderless());
    // What its URI does not name never was one.
    let a: causeway_drafts::mimi_uri::ProviderDomain = "a.test".parse().unwrap();
    let alice = world.sides[A].puppet();
    let refused = world.turn(B, 1, |conversation, turn| conversation.submit(turn, &a, &alice, b"anything").map(|_| ()));
    assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "DMLS-22", .. })));
}

#[test]
fn somebody_is_removed_while_the_hub_is_gone() {
    let mut world = with_alice_at(0);
    world.is_cut = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    let ghost = world.ghost_of_peer(B);
    world.set(B, 1, ("m.room.member", ghost.as_str(), json!({ "membership": "leave" })));
    let alice = world.sides[A].puppet();
    let group = world.sides[B].conversation(1).group.unwrap();
    assert!(!group.room_state().is_present(&alice));
    // The hub goes on as if nothing had happened, and alice speaks there.
    world.say(A, 0, "I am still here");
    world.is_cut = false;
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    let group = world.sides[A].conversation(0).group.unwrap();
    assert!(!group.room_state().is_present(&alice) && group.members().iter().all(|member| member.user != alice));
    assert!(world.sides[A].native(0).membership(&world.sides[A].homeserver.user).is_some_and(|membership| membership != "join"));
}

/// What a peer says before it has told the graph is not lost.
#[test]
fn a_message_that_comes_before_the_graph_waits_for_it() {
    let mut world = two_admins();
    world.is_cut = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.set(B, 1, ("m.room.name", "", json!({ "name": "Ahead" })));
    world.say(B, 1, "early");
    // The tail and the commit get lost on the way; the message arrives first.
    let b: causeway_drafts::mimi_uri::ProviderDomain = "b.test".parse().unwrap();
    let said = world.take_all_outgoing(B);
    let messages = said.iter().filter_map(|(_, item)| match item {
        causeway_core::conversation::Outgoing::Peer { message, .. } => Some(PeerMessage::from_bytes(message).unwrap()),
        _ => None,
    });
    let (late, early): (Vec<_>, Vec<_>) = messages.partition(|message| !matches!(message, PeerMessage::Application(_)));
    assert_eq!((late.len(), early.len()), (2, 1));
    for message in early.into_iter().chain(late.into_iter().rev()) {
        world.turn(A, 0, |conversation, turn| conversation.peer(turn, &b, &[message], Vec::new())).unwrap();
    }
    // What was missed is asked for.
    world.is_cut = false;
    world.pump();
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "early");
    assert!(world.sides[A].losses.is_empty(), "{:?}", world.sides[A].losses);
}

/// A member makes another group of the same name, with the same people in it, and says that the room goes on there.
#[test]
fn dmls_29_a_graph_that_does_not_contain_our_epoch_is_refused() {
    let mut world = two_admins();
    let bob = world.sides[B].conversation(1);
    let (group, client) = (bob.group.unwrap(), world.sides[B].gateway.names.puppet_client(&world.sides[B].puppet()));
    let identity = bob.clients[&client].clone();
    let other = CreateGroup {
        group_id: group.group_id().to_vec(),
        room_state: group.room_state().clone(),
        hub: &world.sides[B].gateway.hub,
    };
    let mut graph = ForkableGroup::begin(Group::create(other, &identity).unwrap(), 5, vec![], &[]).unwrap();
    graph.open_term(&identity, Authority::Members).unwrap();
    let tail = PeerMessage::Tail { tail: Box::new(graph.tail(&identity).unwrap()), earlier: vec![] };
    let before = world.sides[A].conversation(0).group.unwrap().epoch();
    let from = "b.test".parse().unwrap();
    let refused = world.turn(A, 0, |conversation, turn| conversation.peer(turn, &from, &[tail], vec![]));
    assert!(matches!(&refused, Err(ConversationError::NotAllowed { rule: "DMLS-29", .. })), "{refused:?}");
    let after = world.sides[A].conversation(0);
    assert!(!after.is_leaderless());
    assert_eq!(after.group.unwrap().epoch(), before);
    world.say(A, 0, "still here");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "still here");
}

/// Somebody commits again and again while something is left to settle: that waits once.
#[test]
fn what_is_left_to_settle_is_queued_once() {
    let mut world = two_admins();
    world.is_cut = true;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.set(B, 1, ("m.room.name", "", json!({ "name": "The members'" })));
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["invite"] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    for name in ["one", "two", "three"] {
        world.set(B, 1, ("m.room.name", "", json!({ "name": name })));
    }
    let said = crate::conversation_late_peers::about_to_say(&mut world, B);
    assert!(said.len() > 4, "{}", said.len());
    let from = crate::conversation_late_peers::provider(B);
    for message in said {
        world.turn(A, 0, |conversation, turn| conversation.peer(turn, &from, &[message], vec![])).unwrap();
    }
    assert!(!world.sides[A].conversation(0).forkable.unwrap().settlement().unwrap().intents.is_empty());
    let waiting = world.sides[A].conversation(0).book.settling.unwrap();
    // What is left has not changed since the first of them was heard, and turns are counted from then.
    assert!(waiting.since + 3_000 <= world.now, "{} and {}", waiting.since, world.now);
    let kinds: Vec<&str> = world.take_all_outgoing(A).iter().map(|(_, item)| item.kind()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "settle").count(), 1, "{kinds:?}");
}
