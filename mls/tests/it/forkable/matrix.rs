//! A Matrix room orders a group (SPEC §14.11).

use causeway_mls::graph::{Authority, MatrixOrder};
use causeway_mls::{MlsError, SignedStatement, StatementOutcome};

use super::statements::sovereign;
use super::*;

const ROOM: &str = "!room:a.test";

fn room(id: &str) -> Authority {
    Authority::MatrixRoom { room_id: id.to_owned() }
}

/// A group that a Matrix room orders, as all three know.
fn ordered() -> Trio {
    let mut trio = sovereign();
    let term = trio.alice.group.open_term(&trio.alice.identity, room(ROOM)).unwrap();
    for node in [&mut trio.bob, &mut trio.carol] {
        assert!(matches!(node.group.receive_statement(&term.to_bytes()).unwrap(), StatementOutcome::InForce(_)));
    }
    trio
}

#[test]
fn dmls_36_a_matrix_room_decides_between_commits() {
    let mut trio = ordered();
    let roots = trio.roots.clone();
    let fork = trio.alice.head();
    let by_bob = trio.bob.commit(&removing(&trio.bob, &trio.c.user("carol")), &roots);
    let by_alice = trio.alice.commit(&CommitPlan::default(), &roots);
    assert_eq!(trio.alice.group.orders_by_matrix(), Some(ROOM));
    assert_eq!(trio.alice.group.matrix_claims(), [(fork, by_alice.id)]);
    trio.gossip();
    assert_eq!(trio.alice.head(), by_bob.id, "a removal ranks first where the room says nothing");
    let order = MatrixOrder::from([(fork, by_alice.id)]);
    for node in [&mut trio.alice, &mut trio.bob, &mut trio.carol] {
        let moved = node.group.matrix_order(ROOM, &order).unwrap().expect("the head moves");
        assert_eq!((moved.from.id, moved.to.id, moved.fork), (by_bob.id, by_alice.id, fork));
        assert_eq!(node.group.matrix_order(ROOM, &order).unwrap(), None, "the same once more");
        node.group = reloaded(node.group.clone());
        assert_eq!((node.head(), node.group.matrix_claims()), (by_alice.id, vec![]));
    }
    trio.assert_agreed();
    // What lost is settled on the head, and what is committed there is written into the room next.
    assert_eq!(trio.bob.settle(&BTreeMap::new(), &roots), 1);
    assert!(!trio.bob.has_user(&trio.c.user("carol")));
    assert_eq!(trio.bob.group.matrix_claims(), [(by_alice.id, trio.bob.head())]);
    // No hub orders: nobody accepts in the room's name, and the graph does not end.
    assert!(!trio.bob.group.is_ordered() && !trio.bob.group.can_end().unwrap());
    let accepted = trio.bob.group.accept_head(&trio.a.hub);
    assert!(matches!(accepted, Err(MlsError::NotAllowed(rule)) if rule.rule == "DMLS-22"));
}

#[test]
fn dmls_36_a_newcomer_is_told_what_the_room_has_said() {
    let mut trio = ordered();
    let roots = trio.roots.clone();
    let fork = trio.alice.head();
    let by_alice = trio.alice.commit(&CommitPlan::default(), &roots);
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.alice.place(&by_bob.pending.commit, &roots);
    for order in [(fork, by_alice.id), (fork, by_bob.id)].map(|entry| MatrixOrder::from([entry])) {
        trio.alice.group.matrix_order(ROOM, &order).unwrap();
        let mut tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
        assert_eq!(tail.orders, BTreeMap::from([(ROOM.to_owned(), order)]));
        assert_eq!(ForkableGroup::observe(&tail, trio.judge()).unwrap().head(), trio.alice.group.head());
        // What is no room's is nobody's, and what the newcomer sees itself counts.
        tail.orders = BTreeMap::from([("no room".to_owned(), MatrixOrder::from([(fork, by_bob.id)]))]);
        let mut told = ForkableGroup::observe(&tail, trio.judge()).unwrap();
        assert_eq!(told.graph().ordering_rooms().count(), 0);
        told.matrix_order(ROOM, &MatrixOrder::from([(fork, by_alice.id)])).unwrap();
        assert_eq!(told.head().id, by_alice.id);
    }
}

#[test]
fn dmls_36_a_term_of_what_is_no_room_is_refused() {
    let mut trio = sovereign();
    let too_long = format!("!{}", "x".repeat(255));
    for id in ["", "!", "#room:a.test", "room:a.test", &too_long] {
        let refused = trio.alice.group.open_term(&trio.alice.identity, room(id));
        assert!(matches!(refused, Err(MlsError::Malformed(_))), "{id}");
        let refused = trio.alice.group.matrix_order(id, &MatrixOrder::new());
        assert!(matches!(refused, Err(MlsError::Malformed(_))), "{id}");
    }
    let longest = format!("!{}", "x".repeat(254));
    let signed = trio.alice.group.open_term(&trio.alice.identity, room(&longest)).unwrap().to_bytes();
    assert!(matches!(trio.bob.group.receive_statement(&signed).unwrap(), StatementOutcome::InForce(_)));
    // The sigil is what makes a room's id of it, and there are no other kinds of authority.
    let at = signed.windows(4).position(|octets| octets == b"!xxx").unwrap();
    for (index, octet) in [(at, b'#'), (at - 3, 3)] {
        let mut altered = signed.clone();
        altered[index] = octet;
        assert!(matches!(trio.carol.group.receive_statement(&altered).unwrap(), StatementOutcome::Refused(MlsError::Malformed(_))));
    }
    // A room says nothing in an acceptance: type 3 has no such field.
    let mut acceptance = signed.clone();
    acceptance[1 + trio.alice.group.group_id().unwrap().len()] = 3;
    assert!(matches!(SignedStatement::from_bytes(&acceptance), Err(MlsError::Malformed(_))));
}

#[test]
fn dmls_36_only_whose_role_allows_it_may_let_a_room_order() {
    let mut trio = sovereign();
    let refused = trio.carol.group.open_term(&trio.carol.identity, room(ROOM));
    assert!(matches!(refused, Err(MlsError::NotAllowed(rule)) if rule.rule == "DMLS-21"));
}

/// Statements of hubs and members are, octet for octet, what they were before rooms could order.
#[test]
fn statements_of_hubs_and_members_have_the_octets_that_they_always_had() {
    let trio = sovereign();
    let group_id = trio.alice.group.group_id().unwrap().to_vec();
    let (head, key) = (trio.alice.group.head(), trio.b.hub.signature_public_key());
    let signer = trio.alice.identity.client_uri.as_str().as_bytes().to_vec();
    let length = |octets: &[u8]| [&[u8::try_from(octets.len()).unwrap()], octets].concat();
    let expected = |authority: &[u8]| {
        let (term, number) = (1u64.to_be_bytes(), head.number.to_be_bytes());
        let place = [&[1][..], &term, head.id.as_bytes(), &number].concat();
        [length(&group_id), place, authority.to_vec(), vec![0; 8], length(&signer)].concat()
    };
    let hub = Authority::Hub { provider: trio.b.domain.clone(), signature_key: key.clone() };
    let present = [vec![1], length(trio.b.domain.as_str().as_bytes()), length(&key)].concat();
    let of_room = [vec![2], length(ROOM.as_bytes())].concat();
    for (authority, octets) in [(Authority::Members, vec![0]), (hub, present), (room(ROOM), of_room)] {
        let mut alice = trio.alice.group.clone();
        let signed = alice.open_term(&trio.alice.identity, authority).unwrap().to_bytes();
        let (tbs, signature) = signed.split_at(signed.len() - 66);
        assert_eq!((tbs, &signature[..2]), (&expected(&octets)[..], &[0x40, 64][..]));
    }
}
