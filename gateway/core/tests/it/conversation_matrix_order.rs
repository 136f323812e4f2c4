//! A room without a hub whose commits the peers' room orders (SPEC §14.11, §15.8).

use std::sync::Arc;

use causeway_core::conversation::{ConversationError, Intent, Outgoing, PeerMessage, Prepared};
use causeway_core::loss::Feature;
use causeway_core::matrix::{EventDraft, Outcome, Pdu};
use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::graph::{Authority, MatrixOrder};
use causeway_mls::{ClientIdentity, EpochId, MatrixEntry};
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::conversation_leaderless::{bodies, head, name, with_alice_at, with_levels};
use crate::conversation_peers_room::{in_a_room, in_a_room_of, provider, two_gateways, with_peers_rooms};
use crate::support::simulation::*;

/// Alice's gateway lets the peers' room order; nothing but events passes.
fn ordered() -> World {
    ordered_of(in_a_room())
}

/// The same, where these have been given power in Alice's room: Alice, Bob's ghost and the gateway's user.
fn ordered_with(levels: [i64; 3]) -> World {
    ordered_of(in_a_room_of(with_peers_rooms(with_levels(levels))))
}

fn ordered_of(mut world: World) -> World {
    world.turn(A, 0, |conversation, turn| conversation.order_by_room(turn)).unwrap();
    world.pump();
    let room_id = world.sides[A].conversation(world.peers_rooms(A)[0]).row.matrix_room_id;
    for (side, index) in [(A, 0), (B, 1)] {
        assert_eq!(world.sides[side].conversation(index).ordering_room().map(str::to_owned), room_id);
    }
    world
}

fn rename(world: &mut World, side: usize, name: &str) {
    world.set(side, [0, 1][side], ("m.room.name", "", json!({ "name": name })));
}

/// What a side's copy of the peers' room says.
fn order(world: &World, side: usize) -> MatrixOrder {
    let room = world.sides[side].conversation(world.peers_rooms(side)[0]).room.unwrap();
    let keys = room.state().keys().filter(|(event_type, _)| event_type == MatrixEntry::EVENT_TYPE);
    keys.filter_map(|(event_type, key)| MatrixEntry::read(key, &room.state_content(event_type, key)?))
        .map(|entry| (entry.parent, entry.child))
        .collect()
}

/// Which epochs lead to a side's head.
fn path(world: &World, side: usize) -> Vec<EpochId> {
    let forkable = world.sides[side].conversation([0, 1][side]).forkable.unwrap();
    forkable.graph().path_to(&forkable.head().id)
}

fn entries_sent(world: &World, side: usize) -> usize {
    let room = world.peers_rooms(side)[0];
    world.sides[side].room_events(room).iter().filter(|pdu| pdu.event_type() == MatrixEntry::EVENT_TYPE).count()
}

/// Both sides rename the room at once, `first` a little earlier; then they hear of each other.
fn at_once(first: usize) -> World {
    let mut world = ordered();
    both_rename(&mut world, first);
    world
}

fn both_rename(world: &mut World, first: usize) {
    world.events_pass = false;
    for side in [first, 1 - first] {
        rename(world, side, ["by alice", "by bob"][side]);
    }
    assert_ne!(head(world, A, 0), head(world, B, 1));
    world.events_pass = true;
    world.pump();
}

#[test]
fn dmls_36_what_the_room_says_wins_whatever_the_rank() {
    for first in [A, B] {
        let world = at_once(first);
        assert_eq!(head(&world, A, 0), head(&world, B, 1));
        assert_eq!(order(&world, A), order(&world, B));
        for side in [A, B] {
            let (order, path) = (order(&world, side), path(&world, side));
            assert!(!order.is_empty());
            let said = path.windows(2).filter_map(|pair| Some((order.get(&pair[0])?, pair[1])));
            assert!(said.clone().count() > 0 && said.into_iter().all(|(said, is)| *said == is));
            // State resolution keeps the later of two entries; the loser's change is not done again over the winner's.
            assert_eq!(name(&world, side, [0, 1][side]), ["by bob", "by alice"][first]);
        }
    }
}

#[test]
fn dmls_37_each_commit_is_written_once_and_by_whoever_is_first() {
    let mut world = ordered();
    let before = path(&world, A).len();
    for (side, name) in [(A, "one"), (B, "two"), (A, "three")] {
        rename(&mut world, side, name);
    }
    assert_eq!(path(&world, A).len(), before + 3);
    for side in [A, B] {
        assert_eq!((order(&world, side).len(), entries_sent(&world, side)), (3, 3));
        assert!(world.sides[side].losses.is_empty(), "{:?}", world.sides[side].losses);
    }
    world.say(A, 0, "and we still talk");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "and we still talk");
}

#[test]
fn dmls_37_an_entry_that_vanishes_with_its_sender_s_power_is_written_again() {
    let mut world = ordered();
    world.events_pass = false;
    rename(&mut world, A, "by alice");
    let (room_a, room_b) = (world.peers_rooms(A)[0], world.peers_rooms(B)[0]);
    let written = order(&world, A);
    // Who has made the room takes everybody's power to write, and does not know of the entry.
    let power = take_power(&mut world, room_b);
    world.events_pass = true;
    world.hear_event(A, &power);
    assert!(order(&world, A).is_empty(), "state resolution takes the entry out");
    world.pump();
    for side in [A, B] {
        assert_eq!(order(&world, side), written);
    }
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    // Alice's gateway may not write any more, says so once, and goes on.
    for name in ["again", "and again"] {
        rename(&mut world, A, name);
    }
    let refused = world.sides[A].losses.iter().filter(|loss| loss.feature == Feature::GraphOrderUnseen.to_string());
    assert_eq!(refused.count(), 1, "{:?}", world.sides[A].losses);
    assert_eq!(order(&world, B).len(), 3, "Bob's gateway writes what it takes");
    assert_eq!(order(&world, A), order(&world, B));
    assert!(world.sides[A].room_events(room_a).len() > 3);
}

/// The room's maker lets nobody else write entries.
fn take_power(world: &mut World, room: usize) -> Arc<Pdu> {
    let sender = world.sides[B].gateway.names.gateway_user();
    world
        .turn(B, room, |conversation, turn| {
            let room = conversation.room.as_mut().unwrap();
            let mut content = room.state_content("m.room.power_levels", "").unwrap();
            content["events"][MatrixEntry::EVENT_TYPE] = json!(100);
            let (event_type, state_key) = ("m.room.power_levels".to_owned(), Some(String::new()));
            let draft = EventDraft { sender: sender.clone(), event_type, state_key, content, redacts: None };
            let pdu = Arc::new(room.build(&draft, turn.now, &turn.gateway.keys).unwrap());
            assert_eq!(room.accept(pdu.clone()), Outcome::Accepted);
            conversation.matrix_event(turn, &pdu)?;
            Ok(pdu)
        })
        .unwrap()
}

fn assert_unseen(result: Result<(), ConversationError>) {
    assert!(matches!(result, Err(ConversationError::NotAllowed { rule: "DMLS-39", .. })), "{result:?}");
}

#[test]
fn dmls_39_a_term_of_a_room_wants_all_providers_in_it() {
    // No peers' room at all.
    let mut world = with_alice_at(100);
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    assert_unseen(world.turn(B, 1, |conversation, turn| conversation.order_by_room(turn)));
    // One in which the other side's user does not come.
    let mut world = two_gateways();
    world.sides[A].gateway.peers_room = false;
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    assert_eq!(world.peers_rooms(B).len(), 1);
    assert_unseen(world.turn(B, 1, |conversation, turn| conversation.order_by_room(turn)));
    // And none is needed where a hub orders.
    let mut world = two_gateways();
    assert!(world.turn(A, 0, |conversation, turn| conversation.order_by_room(turn)).is_err());
}

#[test]
fn dmls_39_nobody_is_let_in_who_does_not_see_the_room() {
    let mut world = ordered();
    let carol: UserUri = "mimi://c.test/u/carol".parse().unwrap();
    let bob = world.sides[B].puppet();
    let claim = Outgoing::KeyMaterial { requester: bob.to_string(), target: carol.to_string() };
    let prepared = world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &claim)).unwrap();
    assert!(matches!(prepared, Prepared::Done), "no KeyPackage is spent");
    let loss = world.sides[B].losses.pop().unwrap();
    assert!(loss.detail.contains("DMLS-39") && loss.detail.contains("c.test"), "{}", loss.detail);
    let add = Outgoing::Update { user: bob.to_string(), intent: Intent::Add { user: carol.to_string() }, event_id: String::new() };
    let before = head(&world, B, 1);
    let prepared = world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &add)).unwrap();
    assert!(matches!(prepared, Prepared::Done));
    assert_eq!(head(&world, B, 1), before);
    assert!(!world.sides[B].conversation(1).group.unwrap().room_state().is_present(&carol));
}

#[test]
fn dmls_36_the_members_order_again() {
    let mut world = ordered();
    // The same user may not decide again within a window (DMLS-16): bob has given the hub up.
    for number in 0..5 {
        rename(&mut world, B, &format!("{number}"));
    }
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    for (side, index) in [(A, 0), (B, 1)] {
        let conversation = world.sides[side].conversation(index);
        assert_eq!(conversation.ordering_room(), None);
        assert_eq!(conversation.forkable.unwrap().graph().authority(), Some(&Authority::Members));
    }
    let sent = entries_sent(&world, A);
    rename(&mut world, A, "by rank again");
    assert_eq!(name(&world, B, 1), "by rank again");
    assert_eq!(entries_sent(&world, A), sent);
}

#[test]
fn dmls_39_whoever_is_not_in_the_room_says_so_once_and_goes_on() {
    let mut world = in_a_room();
    world.say(A, 0, "so that alice has a client");
    let elsewhere = Authority::MatrixRoom { room_id: "!elsewhere".to_owned() };
    let statement = world
        .turn(A, 0, |conversation, _| {
            let is_alice_s = |identity: &&ClientIdentity| identity.client_uri.as_str().contains("alice");
            let alice = conversation.clients.values().find(is_alice_s).unwrap().clone();
            Ok(conversation.forkable.as_mut().unwrap().open_term(&alice, elsewhere.clone())?.to_bytes())
        })
        .unwrap();
    let a = provider(&world.sides[A]);
    let message = [PeerMessage::Statement(ByteBuf::from(statement))];
    world.turn(B, 1, |conversation, turn| conversation.peer(turn, &a, &message, Vec::new())).unwrap();
    assert_eq!(world.sides[B].conversation(1).ordering_room(), Some("!elsewhere"));
    assert!(world.sides[B].losses.is_empty(), "it may be on its way into that room");
    for name in ["one", "two"] {
        world.now += 60_000;
        rename(&mut world, B, name);
    }
    let said: Vec<_> = world.sides[B].losses.iter().map(|loss| loss.feature.as_str()).collect();
    assert_eq!(said, [Feature::GraphOrderUnseen.to_string()]);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

/// The hub's gateway follows a head whose change its Matrix room takes from the one who made it, and from nobody else.
#[test]
fn r_056_without_a_hub_a_change_is_carried_over_by_who_made_it() {
    let mut world = ordered_with([100, 100, 0]);
    both_rename(&mut world, A);
    assert_eq!((head(&world, A, 0), name(&world, A, 0)), (head(&world, B, 1), "by bob".to_owned()));
    assert_eq!(world.sides[A].native(0).name().as_deref(), Some("by bob"));
    assert!(world.sides[A].losses.is_empty(), "{:?}", world.sides[A].losses);
}

/// What its Matrix room takes from nobody keeps nobody from following the head.
#[test]
fn r_056_without_a_hub_what_the_matrix_room_refuses_is_a_loss() {
    let mut world = ordered_with([100, 50, 0]);
    world.events_pass = false;
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["events"]["m.room.name"] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    rename(&mut world, B, "by bob");
    world.events_pass = true;
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    let refused = world.sides[A].losses.iter().filter(|loss| loss.feature == Feature::RefusedByMatrix.to_string());
    assert!(refused.count() > 0, "{:?}", world.sides[A].losses);
}
