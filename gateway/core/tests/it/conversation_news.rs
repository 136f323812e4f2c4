//! In a room without a hub, whoever lacks something says what it has, and is told the rest (DMLS-40).

use causeway_core::conversation::{Outgoing, PeerMessage};
use causeway_mls::Known;
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::conversation_leaderless::{bodies, head, with_alice_at};
use crate::conversation_peers_room::provider;
use crate::support::simulation::*;

/// Both have the graph.
fn without_a_hub() -> World {
    let mut world = with_alice_at(100);
    world.turn(B, 1, |conversation, turn| conversation.hub_lost(turn)).unwrap();
    world.pump();
    world.say(A, 0, "so that alice has a client");
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    world
}

/// What a side would say to the other one.
fn said(world: &mut World, side: usize) -> Vec<PeerMessage> {
    let items = world.take_all_outgoing(side).into_iter();
    items
        .filter_map(|(_, item)| match item {
            Outgoing::Peer { message, .. } => Some(PeerMessage::from_bytes(&message).unwrap()),
            _ => None,
        })
        .collect()
}

/// A side hears one message.
fn hear(world: &mut World, side: usize, message: PeerMessage) {
    let from = provider(&world.sides[1 - side]);
    world.turn(side, [0, 1][side], |conversation, turn| conversation.peer(turn, &from, &[message], Vec::new())).unwrap();
}

/// Bob renames the room, which gets lost, and says two things: what Alice hears of it.
fn two_messages_after_a_commit_that_got_lost(world: &mut World) -> Vec<PeerMessage> {
    world.is_cut = true;
    world.set(B, 1, ("m.room.name", "", json!({ "name": "lost on the way" })));
    assert!(matches!(said(world, B)[..], [PeerMessage::Commit(_)]));
    for words in ["one", "two"] {
        world.say(B, 1, words);
    }
    let messages = said(world, B);
    assert!(matches!(messages[..], [PeerMessage::Application(_), PeerMessage::Application(_)]));
    messages
}

#[test]
fn dmls_40_a_peer_is_asked_once_at_a_time_and_tells_what_is_lacking() {
    let mut world = without_a_hub();
    let messages = two_messages_after_a_commit_that_got_lost(&mut world);
    for message in messages.clone() {
        hear(&mut world, A, message);
    }
    let [question @ PeerMessage::WantNews { in_return: false, .. }] = &said(&mut world, A)[..] else { panic!("one question") };
    // Bob's answer is the one commit; and since Alice lacks nothing that he does, he does not ask.
    hear(&mut world, B, question.clone());
    let [PeerMessage::News(news)] = &said(&mut world, B)[..] else { panic!("one answer") };
    assert_eq!((news.commits.len(), news.statements.len()), (1, 0));
    hear(&mut world, A, PeerMessage::News(news.clone()));
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
    assert_eq!(bodies(&world, A, 0)[bodies(&world, A, 0).len() - 2..], ["one", "two"]);
    assert!(world.sides[A].losses.is_empty(), "{:?}", world.sides[A].losses);
}

#[test]
fn dmls_40_a_peer_that_does_not_answer_is_asked_again_when_there_is_a_reason() {
    let mut world = without_a_hub();
    let mut messages = two_messages_after_a_commit_that_got_lost(&mut world).into_iter();
    hear(&mut world, A, messages.next().unwrap());
    assert_eq!(said(&mut world, A).len(), 1);
    world.now += 30_000;
    hear(&mut world, A, messages.next().unwrap());
    assert!(matches!(said(&mut world, A)[..], [PeerMessage::WantNews { .. }]));
}

#[test]
fn dmls_40_whoever_is_asked_asks_in_return_and_nobody_goes_on_asking() {
    let mut world = without_a_hub();
    let messages = two_messages_after_a_commit_that_got_lost(&mut world);
    world.set(A, 0, ("m.room.topic", "", json!({ "topic": "nothing that MIMI has" })));
    let mut levels = world.sides[A].native(0).state_event("m.room.power_levels", "").unwrap().content_value();
    levels["invite"] = json!(100);
    world.set(A, 0, ("m.room.power_levels", "", levels));
    assert!(matches!(said(&mut world, A)[..], [PeerMessage::Commit(_)]), "lost, too");
    hear(&mut world, A, messages[0].clone());
    let question = said(&mut world, A).remove(0);
    hear(&mut world, B, question);
    let [news @ PeerMessage::News(_), in_return @ PeerMessage::WantNews { in_return: true, .. }] = &said(&mut world, B)[..] else {
        panic!("an answer, and a question in return")
    };
    hear(&mut world, A, news.clone());
    said(&mut world, A);
    hear(&mut world, A, in_return.clone());
    let answers = said(&mut world, A);
    let [PeerMessage::News(news)] = &answers[..] else { panic!("an answer, and no question") };
    // What is made up, and so refused, is asked for no more either.
    hear(&mut world, B, PeerMessage::News(news.clone()));
    assert_eq!(head(&world, A, 0), head(&world, B, 1));
}

#[test]
fn dmls_40_who_is_too_far_behind_is_told_the_graph() {
    let mut world = without_a_hub();
    hear(&mut world, B, PeerMessage::WantNews { known: Known::default(), in_return: false });
    assert!(matches!(said(&mut world, B)[..], [PeerMessage::Tail { .. }]));
}

#[test]
fn dmls_40_what_is_wanted_again_and_again_is_answered_from_what_is_there() {
    let mut world = without_a_hub();
    let known = world.sides[A].conversation(0).forkable.unwrap().known();
    for _ in 0..3 {
        hear(&mut world, B, PeerMessage::WantNews { known: known.clone(), in_return: true });
    }
    assert!(said(&mut world, B).is_empty(), "who lacks nothing and asks in return is not answered");
}

/// The schema of a peer message, as SPEC has it.
fn schema() -> String {
    const SPEC: &str = include_str!("../../../../SPEC.md");
    let (_, rest) = SPEC.split_once("```cddl\n").unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

#[test]
fn dmls_40_peers_say_what_the_schema_in_spec_has() {
    let world = without_a_hub();
    let forkable = world.sides[B].conversation(1).forkable.unwrap();
    let identity = world.sides[B].conversation(1).clients.into_values().find(|identity| forkable.tail(identity).is_ok()).unwrap();
    let mut tail = forkable.tail(&identity).unwrap();
    let head = forkable.head().id;
    tail.orders = [("!room".to_owned(), [(head, head)].into())].into();
    let (tail, octets) = (Box::new(tail), || ByteBuf::from(b"octets".to_vec()));
    let news = forkable.news_for(&Known { statements: [].into(), ..forkable.known() }).unwrap();
    assert!(!news.statements.is_empty());
    let messages = [
        PeerMessage::Tail { tail: tail.clone(), earlier: vec![octets()] },
        PeerMessage::Statement(octets()),
        PeerMessage::Commit(octets()),
        PeerMessage::Application(octets()),
        PeerMessage::Welcome { welcome: octets(), ratchet_tree: octets(), tail },
        PeerMessage::WantTail,
        PeerMessage::WantNews { known: forkable.known(), in_return: false },
        PeerMessage::News(news),
        PeerMessage::WantGroupInfo,
        PeerMessage::GroupInfo { group_info: octets(), ratchet_tree: octets() },
        PeerMessage::Following { term: 3 },
        PeerMessage::GraphEnded { at: ByteBuf::from(head.as_bytes().to_vec()) },
    ];
    let schema = schema();
    let holds = |bytes: &[u8]| cddl_cat::validate_cbor_bytes("peer-message", &schema, bytes);
    for message in messages {
        let (kind, bytes) = (message.kind(), message.to_bytes());
        assert!(holds(&bytes).is_ok(), "{kind}: {:?}", holds(&bytes));
        assert!(PeerMessage::from_bytes(&bytes).unwrap() == message, "{kind}");
    }
    // The schema refuses what it does not have.
    for other in [json!("want_everything"), json!({ "following": { "term": "3" } }), json!({ "news": { "commits": [] } })] {
        assert!(holds(&serde_cbor::to_vec(&other).unwrap()).is_err(), "{other}");
    }
}
