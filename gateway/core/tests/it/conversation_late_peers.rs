//! Peers in a room without a hub that know less than we do, or more, or cannot do what we ask of them (SPEC §15).

use causeway_core::conversation::{Answer, Claim, ConversationError, Next, Outgoing, PeerMessage, WelcomeFor};
use causeway_core::loss::Feature;
use causeway_core::records::LossRow;
use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_mls::graph::Authority;
use causeway_mls::{CommitPlan, CreateGroup, ForkableGroup, Group, Judge, TrustRoots, new_key_package};
use ruma::RoomVersionId;
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::conversation_leaderless::{bodies, head, name, two_admins};
use crate::support::simulation::*;

pub(crate) fn provider(side: usize) -> ProviderDomain {
    ["a.test", "b.test"][side].parse().unwrap()
}

pub(crate) fn without_a_hub() -> World {
    let mut world = two_admins();
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.say(B, 1, "without a hub");
    world
}

/// What a side is about to say to its peer.
pub(crate) fn about_to_say(world: &mut World, side: usize) -> Vec<PeerMessage> {
    let items = world.take_all_outgoing(side).into_iter();
    let messages = items.filter_map(|(_, item)| if let Outgoing::Peer { message, .. } = item { Some(message) } else { None });
    messages.map(|message| PeerMessage::from_bytes(&message).unwrap()).collect()
}

/// Whoever is a peer can make up messages of epochs that nobody knows.
#[test]
fn what_waits_for_an_unknown_epoch_is_bounded() {
    let mut world = two_admins();
    for number in 0..6u8 {
        let message = PeerMessage::Application(ByteBuf::from(vec![number; 1 << 20]));
        world.turn(A, 0, |conversation, turn| conversation.peer(turn, &provider(B), &[message], vec![])).unwrap();
    }
    let early = world.sides[A].conversation(0).book.early_messages;
    assert_eq!(early.iter().map(|sealed| sealed[0]).collect::<Vec<_>>(), [2, 3, 4, 5]);
    let is_unreadable = |loss: &LossRow| loss.feature == Feature::Unreadable.to_string();
    assert_eq!(world.sides[A].losses.iter().map(is_unreadable).collect::<Vec<_>>(), [true; 2]);
}

/// Whoever has come back knows no secrets of the anchor, and cannot tell the graph: what is said to it behind the question arrives.
#[test]
fn a_question_that_cannot_be_answered_holds_nothing_up() {
    let mut world = without_a_hub();
    world.sides[B].adopt(1);
    world.say(B, 1, "back again");
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "back again");
    world.turn(B, 1, |conversation, turn| conversation.peer(turn, &provider(A), &[PeerMessage::WantTail], vec![])).unwrap();
    world.set(A, 0, ("m.room.name", "", json!({ "name": "Still heard" })));
    assert_eq!(name(&world, B, 1), "Still heard");
}

/// A newcomer was not in at the anchor, and tells others what it was told of it.
#[test]
fn a_newcomer_tells_the_graph() {
    let mut world = World::bridged(RoomVersionId::V11);
    world.turn(A, 0, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    let ghost = world.ghost_of_peer(A);
    world.set(A, 0, ("m.room.member", ghost.as_str(), json!({ "membership": "invite" })));
    world.accept_invitation(B, 0);
    world.accept_invitation(B, 1);
    world.say(B, 1, "hello");
    assert_eq!(bodies(&world, A, 0), ["hello"]);
    world.turn(B, 1, |conversation, turn| conversation.peer(turn, &provider(A), &[PeerMessage::WantTail], vec![])).unwrap();
    let said = about_to_say(&mut world, B);
    assert!(matches!(said[..], [PeerMessage::Tail { .. }]), "{:?}", said.iter().map(PeerMessage::kind).collect::<Vec<_>>());
    world.turn(A, 0, |conversation, turn| conversation.peer(turn, &provider(B), &said, vec![])).unwrap();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

/// A peer may not know yet that we are in the room: what it refuses is said again, and at last a loss.
#[test]
fn what_a_peer_refuses_is_said_again_and_lost_at_last() {
    let mut world = without_a_hub();
    let room = world.sides[A].conversation(0).row.mimi_room.unwrap();
    let message = PeerMessage::Application(ByteBuf::from(vec![1])).to_bytes();
    let item = Outgoing::Peer { room, provider: "b.test".to_owned(), message };
    let mut answered = |answer: Answer| world.turn(A, 0, |conversation, turn| conversation.answered(turn, &item, &answer)).unwrap();
    let refused = || Answer::Refused("CW-5002: not allowed (DMLS-30)".to_owned());
    let mut waited = 0;
    for _ in 0..10 {
        let Next::Retry(after) = answered(refused()) else { panic!("given up after {waited} ms") };
        waited += after;
    }
    assert!(waited > 15 * 60_000, "longer than anything else waits: {waited}");
    assert!(answered(refused()) == Next::Done);
    assert!(answered(refused()) == Next::Done, "and what is behind it is not said as often");
    assert!(answered(Answer::Accepted) == Next::Done);
    assert!(matches!(answered(refused()), Next::Retry(1_000)));
    assert_eq!(world.sides[A].losses.len(), 2, "{:?}", world.sides[A].losses);
}

/// A gateway that has submitted something before it heard of the term is no provider that knows MIMI alone.
#[test]
fn a_gateway_that_was_late_hears_that_the_hub_is_back() {
    let mut world = two_admins();
    let bob = world.sides[B].homeserver.user.clone();
    world.say(A, 0, "hello, too");
    world.turn(A, 0, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.act(B, 1, text(&bob, "before I heard of it"));
    world.pump_from(B);
    assert_eq!(bodies(&world, A, 0).last().unwrap(), "before I heard of it");
    for name in ["one", "two", "three", "four", "five", "six"] {
        world.set(A, 0, ("m.room.name", "", json!({ "name": name })));
    }
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    let are_leaderless = [(A, 0), (B, 1)].map(|(side, index)| world.sides[side].conversation(index).is_leaderless());
    assert_eq!(are_leaderless, [false, false]);
    world.set(B, 1, ("m.room.name", "", json!({ "name": "seven" })));
    assert_eq!([name(&world, A, 0), name(&world, B, 1)], ["seven", "seven"]);
}

/// At the gateway that was the hub, too, what people want waits until one of our clients holds the head again.
#[test]
fn a_change_waits_while_our_clients_are_stranded() {
    let mut world = without_a_hub();
    world.sides[A].adopt(0);
    world.set(A, 0, ("m.room.name", "", json!({ "name": "Waited for" })));
    assert_eq!([name(&world, A, 0), name(&world, B, 1)], ["Waited for", "Waited for"]);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

/// A follower's graph has ended, which the hub does not know yet. What another gateway commits meanwhile the follower leaves to the
/// fan-out, and so what the hub builds on it.
#[test]
fn what_a_hub_that_is_back_builds_on_others_commits_pauses_nobody() {
    let mut world = without_a_hub();
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    for _ in 0..100 {
        [A, B].into_iter().for_each(|side| world.pass_only(side));
        if !world.sides[B].conversation(1).is_leaderless() {
            break;
        }
    }
    assert!(!world.sides[B].conversation(1).is_leaderless() && world.sides[A].conversation(0).is_leaderless());
    let ended = about_to_say(&mut world, B);
    assert!(matches!(ended[..], [PeerMessage::GraphEnded { .. }]));
    world.is_cut = true;
    world.set(A, 0, ("m.room.name", "", json!({ "name": "one" })));
    world.set(A, 0, ("m.room.name", "", json!({ "name": "two" })));
    let said = about_to_say(&mut world, A).into_iter();
    let commits: Vec<_> = said.filter(|message| matches!(message, PeerMessage::Commit(_))).collect();
    assert_eq!(commits.len(), 2);
    world.turn(B, 1, |conversation, turn| conversation.peer(turn, &provider(A), &commits[1..], vec![])).unwrap();
    assert!(world.sides[B].conversation(1).is_active());
    world.is_cut = false;
    world.turn(A, 0, |conversation, turn| conversation.peer(turn, &provider(B), &ended, vec![])).unwrap();
    world.pump();
    assert_eq!(name(&world, B, 1), "two");
    assert!(world.sides[B].losses.is_empty(), "{:?}", world.sides[B].losses);
}

/// Whoever has a KeyPackage of ours can welcome it into a group of any name: one that we are in already goes on.
#[test]
fn dmls_29_a_welcome_into_another_group_of_the_same_name_is_refused() {
    let mut world = two_admins();
    let (hub, bob) = (world.sides[A].conversation(0), world.sides[B].conversation(1));
    let listener = hub.clients[&world.sides[A].gateway.names.listener_client()].clone();
    let identity = bob.clients[&world.sides[B].gateway.names.puppet_client(&world.sides[B].puppet())].clone();
    let group = bob.group.unwrap();
    let other = CreateGroup {
        group_id: group.group_id().to_vec(),
        room_state: group.room_state().clone(),
        hub: &world.sides[B].gateway.hub,
    };
    let mut graph = ForkableGroup::begin(Group::create(other, &identity).unwrap(), 5, vec![], &[]).unwrap();
    graph.open_term(&identity, Authority::Members).unwrap();
    let bundle = new_key_package(&listener, world.now).unwrap();
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..CommitPlan::default() };
    let mut roots = TrustRoots::default();
    world.sides.iter().for_each(|side| roots.pin(side.gateway.names.provider(), side.gateway.authority.root_der()));
    let prepared = graph.prepare(&identity, &plan, Judge { roots: &roots, now_ms: world.now }).unwrap();
    graph.publish(&prepared.id).unwrap();
    let message = PeerMessage::Welcome {
        welcome: ByteBuf::from(prepared.pending.welcome.unwrap()),
        ratchet_tree: ByteBuf::from(prepared.pending.ratchet_tree),
        tail: Box::new(graph.tail(&identity).unwrap()),
    };
    let claim = Claim { by: provider(B), room: hub.row.mimi_room.as_ref().unwrap().parse().unwrap() };
    let for_us = vec![WelcomeFor { bundle, identity: listener, claim: Some(claim) }];
    let refused = world.turn(A, 0, |conversation, turn| conversation.peer(turn, &provider(B), &[message], for_us));
    assert!(matches!(&refused, Err(ConversationError::NotAllowed { rule: "DMLS-29", .. })), "{refused:?}");
    let after = world.sides[A].conversation(0);
    assert!(!after.is_leaderless());
    assert_eq!(after.group.unwrap().epoch(), hub.group.unwrap().epoch());
}

/// Whoever asks and takes nothing does not fill our outbox; whoever has taken the answer may ask again.
#[test]
fn an_answer_that_waits_is_not_given_again() {
    let mut world = without_a_hub();
    let questions = || [PeerMessage::WantTail, PeerMessage::WantGroupInfo, PeerMessage::WantTail, PeerMessage::WantGroupInfo];
    world.is_cut = true;
    for _ in 0..2 {
        world.turn(A, 0, |conversation, turn| conversation.peer(turn, &provider(B), &questions(), vec![])).unwrap();
    }
    world.pump();
    let book = world.sides[A].conversation(0).book;
    assert_eq!((book.owed["b.test"], book.answers.len()), (2, 2));
    world.is_cut = false;
    world.pump();
    assert!(world.sides[A].conversation(0).book.answers.is_empty());
    world.turn(A, 0, |conversation, turn| conversation.peer(turn, &provider(B), &questions(), vec![])).unwrap();
    assert_eq!(about_to_say(&mut world, A).iter().map(PeerMessage::kind).collect::<Vec<_>>(), ["tail", "group_info"]);
}

/// A group without a franking agent: nobody joins there (P-078), and what is said behind the question has to arrive.
#[test]
fn p_078_a_question_for_a_group_info_that_nobody_joins_with_counts_as_heard() {
    let mut world = without_a_hub();
    let a = world.sides[A].conversation(0);
    let listener = a.clients[&world.sides[A].gateway.names.listener_client()].clone();
    let mut room_state = a.group.unwrap().room_state().clone();
    room_state.franking_agent = None;
    let create = CreateGroup { group_id: b"mimi://a.test/g/old".to_vec(), room_state, hub: &world.sides[A].gateway.hub };
    let graph = ForkableGroup::begin(Group::create(create, &listener).unwrap(), 5, vec![], &[]).unwrap();
    let asked = world.turn(A, 0, |conversation, turn| {
        conversation.group = Some(graph.head_state()?.clone());
        conversation.forkable = Some(graph);
        conversation.peer(turn, &provider(B), &[PeerMessage::WantGroupInfo], vec![])
    });
    asked.unwrap();
    assert!(about_to_say(&mut world, A).is_empty());
}
