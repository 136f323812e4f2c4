//! What somebody has to decide about a room without a hub that does not go on by itself (SPEC §15.7).

use causeway_core::conversation::{Answer, ConversationError, Next, Outgoing, PeerMessage, Prepared};
use causeway_core::loss::Feature;
use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_mls::{CommitPlan, ForkableGroup, Judge, MlsError, TrustRoots};
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::conversation_leaderless::{bodies, head, two_admins, with_alice_at};
use crate::support::simulation::*;

fn provider(domain: &str) -> ProviderDomain {
    domain.parse().unwrap()
}

pub(crate) fn without_a_hub() -> World {
    given_up(two_admins())
}

fn given_up(mut world: World) -> World {
    world.say(A, 0, "hello, too");
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.say(B, 1, "without a hub");
    world
}

/// Renewals by clients of a.test in a graph of theirs, in turns, alice's first.
pub(crate) fn renewed(world: &World, side: usize, graph: &mut ForkableGroup, count: usize) -> Vec<Vec<u8>> {
    let identities = world.sides[side].conversation([0, 1][side]).clients;
    let mut clients: Vec<_> = graph.head_state().unwrap().own_clients().cloned().collect();
    clients.sort_by_key(|client| client.user_uri() != world.sides[side].puppet());
    let mut roots = TrustRoots::default();
    world.sides.iter().for_each(|side| roots.pin(side.gateway.names.provider(), side.gateway.authority.root_der()));
    let judge = Judge { roots: &roots, now_ms: world.now };
    let commit = |client| {
        let prepared = graph.prepare(&identities[client], &CommitPlan::default(), judge).unwrap();
        graph.publish(&prepared.id).unwrap();
        prepared.pending.commit
    };
    clients.iter().cycle().take(count).map(commit).collect()
}

pub(crate) fn told(world: &mut World, side: usize, index: usize, commits: &[Vec<u8>]) {
    let from = provider(["b.test", "a.test"][side]);
    for commit in commits {
        let message = PeerMessage::Commit(ByteBuf::from(commit.clone()));
        world.turn(side, index, |conversation, turn| conversation.peer(turn, &from, &[message], vec![])).unwrap();
    }
}

fn features(world: &World, side: usize) -> Vec<String> {
    world.sides[side].losses.iter().map(|loss| loss.feature.clone()).collect()
}

/// Two sides that went on alone for longer than the window, and what each has heard of the other then.
fn in_conflict() -> World {
    let mut world = without_a_hub();
    let mut at_a = world.sides[A].conversation(0).forkable.unwrap();
    let theirs = renewed(&world, A, &mut at_a, 7);
    world.is_cut = true;
    for turn in 0..7 {
        world.set(B, 1, ("m.room.name", "", json!({ "name": turn.to_string() })));
    }
    world
        .turn(A, 0, |conversation, _| {
            conversation.forkable = Some(at_a);
            Ok(())
        })
        .unwrap();
    told(&mut world, B, 1, &theirs);
    world
}

#[test]
fn dmls_18_a_conflict_is_told_and_dmls_19_an_operator_ends_it() {
    let mut world = in_conflict();
    let is_stopped = |world: &World| {
        [(A, 0), (B, 1)].map(|(side, index)| world.sides[side].conversation(index).forkable.unwrap().conflict().is_some())
    };
    assert_eq!(is_stopped(&world), [false, true]);
    let told = features(&world, B).into_iter().filter(|feature| *feature == Feature::GraphConflict.to_string());
    assert_eq!(told.count(), 1, "{:?}", world.sides[B].losses);
    let theirs = world.sides[B].conversation(1).forkable.unwrap().conflict().unwrap().theirs;
    world.say(B, 1, "not now");
    assert!(!bodies(&world, A, 0).contains(&"not now".to_owned()));
    world.turn(B, 1, |conversation, turn| conversation.override_anchor(turn, &theirs)).unwrap();
    world.is_cut = false;
    world.pump();
    assert_eq!(is_stopped(&world), [false, false]);
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    let graph = world.sides[A].conversation(0).forkable.unwrap();
    assert!(graph.graph().is_ancestor(&theirs, &graph.head().id));
    world.say(A, 0, "it goes on");
    world.say(B, 1, "indeed");
    for (side, index) in [(A, 0), (B, 1)] {
        let said = bodies(&world, side, index);
        assert_eq!(said[said.len() - 2..], ["it goes on", "indeed"]);
        assert!(said.contains(&"not now".to_owned()));
    }
}

#[test]
fn an_epoch_that_nobody_knows_cannot_be_gone_on_at() {
    let mut world = without_a_hub();
    let nowhere = causeway_mls::EpochId::from_bytes([7; 32]);
    let refused = world.turn(B, 1, |conversation, turn| conversation.override_anchor(turn, &nowhere));
    assert!(matches!(refused, Err(ConversationError::NotAllowed { rule: "DMLS-19", .. })));
    let mut world = two_admins();
    let somewhere = world.sides[B].conversation(1).group.unwrap().epoch().id;
    let refused = world.turn(B, 1, |conversation, turn| conversation.override_anchor(turn, &somewhere));
    assert!(matches!(refused, Err(ConversationError::Missing(_))), "a room with a hub has no graph");
}

/// SPEC §14.2: what opens at nobody strands nobody for good.
#[test]
fn dmls_11_whoever_has_made_a_commit_that_nobody_opens_is_taken_out() {
    let mut world = given_up(with_alice_at(0));
    let alice = world.sides[A].puppet();
    let mut dead = renewed(&world, A, &mut world.sides[A].conversation(0).forkable.unwrap(), 1);
    let last = dead[0].len() - 1;
    dead[0][last] ^= 1;
    told(&mut world, A, 0, &dead);
    told(&mut world, B, 1, &dead);
    world.pump();
    for (side, index) in [(A, 0), (B, 1)] {
        let graph = world.sides[side].conversation(index).forkable.unwrap();
        assert!(graph.head_state().unwrap().own_clients().next().is_none(), "nobody holds the head");
    }
    let removed = world.turn(B, 1, |conversation, turn| conversation.expel(turn)).unwrap();
    assert_eq!(removed, alice);
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    let group = world.sides[B].conversation(1).group.unwrap();
    assert!(group.members().iter().all(|member| member.user != removed));
    world.say(B, 1, "we go on");
    // And a head that opens has nobody to be taken out for.
    let refused = world.turn(B, 1, |conversation, turn| conversation.expel(turn));
    assert!(matches!(&refused, Err(ConversationError::NotAllowed { rule: "SPEC §15.7", .. })), "{refused:?}");
}

#[test]
fn whoever_was_apart_for_too_long_is_told_so_and_begins_anew() {
    let mut world = without_a_hub();
    world.is_cut = true;
    for turn in 0..25 {
        world.set(A, 0, ("m.room.name", "", json!({ "name": turn.to_string() })));
    }
    // Of all that, nothing arrives.
    world.take_all_outgoing(A);
    world.is_cut = false;
    world.say(A, 0, "unread");
    assert_ne!(head(&world, A, 0), head(&world, B, 1));
    assert!(features(&world, B).contains(&Feature::GraphApart.to_string()), "{:?}", world.sides[B].losses);
    let stranger = world.turn(B, 1, |conversation, turn| conversation.begin_anew(turn, &provider("c.test")));
    assert!(matches!(&stranger, Err(ConversationError::NotAllowed { rule: "DMLS-30", .. })), "{stranger:?}");
    world.turn(B, 1, |conversation, turn| conversation.begin_anew(turn, &provider("a.test"))).unwrap();
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert_eq!(crate::conversation_leaderless::name(&world, B, 1), "24");
    world.say(B, 1, "back");
    world.say(A, 0, "good to see you");
    assert_eq!(bodies(&world, A, 0).iter().rev().nth(1).unwrap(), "back");
    assert_eq!(bodies(&world, B, 1).last().unwrap(), "good to see you");
    // It was decided once, and for one graph.
    assert_eq!(world.sides[B].conversation(1).book.anew_from, None);
}

/// What a side is waiting to ask, and the losses that its graph is apart from others.
fn question_for_a_graph(world: &mut World, side: usize) -> Outgoing {
    let items = world.take_all_outgoing(side).into_iter().map(|(_, item)| item);
    let want = PeerMessage::WantTail.to_bytes();
    let is_question = |item: &Outgoing| matches!(item, Outgoing::Peer { message, .. } if *message == want);
    let mut questions: Vec<_> = items.filter(is_question).collect();
    assert_eq!(questions.len(), 1);
    questions.swap_remove(0)
}

/// Whoever had decided it may have forgotten it long since: a graph that came weeks later was taken all the same.
#[test]
fn a_graph_that_is_not_told_within_an_hour_is_not_taken() {
    let mut world = without_a_hub();
    world.turn(B, 1, |conversation, turn| conversation.begin_anew(turn, &provider("a.test"))).unwrap();
    let since = world.sides[B].conversation(1).anew().unwrap();
    assert_eq!(since.provider, "a.test");
    question_for_a_graph(&mut world, B);
    let (item, own) = (Outgoing::AwaitAnew { since: since.since as u64 }, PeerMessage::WantTail);
    let waits = |prepared: Prepared| match prepared {
        Prepared::Wait(rest) => Some(rest),
        _ => None,
    };
    let prepared = world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &item)).unwrap();
    assert!(waits(prepared).is_some_and(|rest| rest > 3_500_000));
    world.now += 3_600_000;
    assert_eq!(waits(world.turn(B, 1, |conversation, turn| conversation.prepare(turn, &item)).unwrap()), None);
    assert_eq!(world.sides[B].conversation(1).anew(), None);
    assert_eq!(features(&world, B), [Feature::GraphApart.to_string()]);
    // Our own graph, and the secrets in it, stay.
    let secrets = world.sides[B].conversation(1).forkable.unwrap().kept_secrets().count();
    world.turn(A, 0, |conversation, turn| conversation.peer(turn, &provider("b.test"), &[own], vec![])).unwrap();
    world.pump();
    assert_eq!(world.sides[B].conversation(1).forkable.unwrap().kept_secrets().count(), secrets);
}

#[test]
fn a_peer_that_does_not_take_the_question_ends_it() {
    for answer in [Answer::Refused("CW-5002".to_owned()), Answer::NoEndpoint] {
        let mut world = without_a_hub();
        world.turn(B, 1, |conversation, turn| conversation.begin_anew(turn, &provider("a.test"))).unwrap();
        let question = question_for_a_graph(&mut world, B);
        let mut answered = || world.turn(B, 1, |conversation, turn| conversation.answered(turn, &question, &answer)).unwrap();
        while answered() != Next::Done {}
        assert_eq!(world.sides[B].conversation(1).anew(), None);
        assert_eq!(features(&world, B).last().unwrap(), &Feature::GraphApart.to_string());
    }
}

#[test]
fn what_somebody_has_decided_can_be_withdrawn() {
    let mut world = without_a_hub();
    let nothing = world.turn(B, 1, |conversation, _| conversation.withdraw_anew());
    assert!(matches!(nothing, Err(ConversationError::NotAllowed { rule: "SPEC §15.7", .. })), "{nothing:?}");
    let secrets = world.sides[B].conversation(1).forkable.unwrap().kept_secrets().count();
    world.turn(B, 1, |conversation, turn| conversation.begin_anew(turn, &provider("a.test"))).unwrap();
    world.turn(B, 1, |conversation, _| conversation.withdraw_anew()).unwrap();
    assert_eq!(world.sides[B].conversation(1).anew(), None);
    world.pump();
    assert_eq!(world.sides[B].conversation(1).forkable.unwrap().kept_secrets().count(), secrets);
    assert!(world.sides[B].losses.is_empty(), "{:?}", world.sides[B].losses);
}

#[test]
fn nobody_else_s_graph_is_taken_and_none_that_does_not_hold() {
    let mut world = without_a_hub();
    world.turn(B, 1, |conversation, turn| conversation.begin_anew(turn, &provider("a.test"))).unwrap();
    let before = head(&world, B, 1);
    let PeerMessage::Tail { mut tail, earlier } = tail_of_a(&world) else { panic!("a tail") };
    let last = tail.group_info.len() - 1;
    tail.group_info[last] ^= 1;
    let forged = PeerMessage::Tail { tail, earlier };
    let refused = world.turn(B, 1, |conversation, turn| conversation.peer(turn, &provider("a.test"), &[forged], vec![]));
    assert!(matches!(refused, Err(ConversationError::Mls(MlsError::Invalid(_)))), "{refused:?}");
    assert_eq!(head(&world, B, 1), before);
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

fn tail_of_a(world: &World) -> PeerMessage {
    let conversation = world.sides[A].conversation(0);
    let graph = conversation.forkable.as_ref().unwrap();
    let tail = conversation.clients.values().find_map(|identity| graph.tail(identity).ok()).unwrap();
    PeerMessage::Tail { tail: Box::new(tail), earlier: vec![] }
}

/// Followers are ahead of a hub whose database was restored: the room goes on from what one of them tells, and the hub orders
/// it again.
#[test]
fn a_hub_that_was_restored_from_a_backup_goes_on_from_a_follower_s_graph() {
    let mut world = two_admins();
    world.say(A, 0, "hello, too");
    let backup = world.sides[A].backup(0);
    for name in ["one", "two", "three", "four", "five", "six"] {
        world.set(A, 0, ("m.room.name", "", json!({ "name": name })));
    }
    let refused = world.turn(A, 0, |conversation, turn| conversation.begin_anew(turn, &provider("b.test")));
    assert!(matches!(refused, Err(ConversationError::Missing(_))), "a hub in office begins nothing anew");
    world.sides[A].restore(0, backup);
    world.turn(A, 0, |conversation, turn| conversation.begin_anew(turn, &provider("b.test"))).unwrap();
    world.pump();
    assert!(world.sides[A].conversation(0).row.resync);
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert!(!world.sides[A].conversation(0).row.resync, "everybody is back");
    world.turn(A, 0, |conversation, turn| conversation.hub_back(turn)).unwrap();
    world.pump();
    assert!(!world.sides[A].conversation(0).is_leaderless());
    world.say(A, 0, "as before");
    world.say(B, 1, "as if nothing had happened");
    for (side, index) in [(A, 0), (B, 1)] {
        let said = bodies(&world, side, index);
        assert_eq!(said[said.len() - 2..], ["as before", "as if nothing had happened"]);
    }
}
