//! A Matrix room whose state orders commits (DMLS-36, DMLS-37).

use causeway_mls::graph::{
    Acceptance, Authority, CommitClass, EpochGraph, HubTerm, MAX_ORDERED_AHEAD, MatrixOrder, Statement, StatementPlacement,
};
use causeway_mls::{EpochId, EpochRef};

use super::{change, graph, in_term, line, named, of_class, place_all, root, user};

const ROOM: &str = "!room:a.example";

fn by_room(room: &str) -> Authority {
    Authority::MatrixRoom { room_id: room.to_owned() }
}

fn opened(term: u64, from: EpochRef, signer: &str, authority: Authority) -> Statement {
    Statement::HubTerm(HubTerm { term, from, authority, signer: user(signer) })
}

/// A graph whose first term a room orders.
fn ordered() -> EpochGraph {
    let mut graph = graph();
    let term = opened(1, root(), "alice", by_room(ROOM));
    assert_eq!(graph.state(term), StatementPlacement::InForce { left: None });
    graph
}

fn order(entries: &[(&str, &str)]) -> MatrixOrder {
    entries.iter().map(|(parent, child)| (named(parent), named(child))).collect()
}

/// Two commits in the root, of which the removal ranks better where nobody orders.
fn fork(graph: &mut EpochGraph) {
    graph.place(in_term(1, of_class(CommitClass::Removal, change("removal", root().id, "bob"))));
    graph.place(in_term(1, of_class(CommitClass::Renewal, change("renewal", root().id, "carol"))));
}

#[test]
fn dmls_36_what_a_room_s_state_names_ranks_before_everything_else() {
    let mut graph = ordered();
    fork(&mut graph);
    assert_eq!(graph.head().id, named("removal"), "without an order, the rank decides");
    assert_eq!(graph.follow_room(ROOM, &order(&[("root", "renewal")])), Some(named("removal")));
    assert_eq!(graph.head().id, named("renewal"));
    assert!(graph.is_accepted(&named("renewal")) && !graph.is_accepted(&named("removal")));
    assert_eq!(graph.ordering_room(), Some(ROOM));
    // What the room has named counts, even of somebody who makes two.
    graph.place(in_term(1, change("second", root().id, "carol")));
    assert_eq!(graph.head().id, named("renewal"));
}

#[test]
fn dmls_36_an_order_that_is_known_before_its_commits_counts_when_they_come() {
    let mut graph = ordered();
    assert_eq!(graph.follow_room(ROOM, &order(&[("root", "renewal"), ("renewal", "second")])), None);
    fork(&mut graph);
    place_all(
        &mut graph,
        &[
            in_term(1, of_class(CommitClass::Removal, change("first", named("renewal"), "bob"))),
            in_term(1, change("second", named("renewal"), "alice")),
        ],
    );
    assert_eq!(graph.head().id, named("second"));
}

#[test]
fn dmls_36_a_room_that_changes_its_mind_is_followed_up_to_the_anchor() {
    let mut graph = ordered();
    fork(&mut graph);
    graph.follow_room(ROOM, &order(&[("root", "renewal")]));
    assert_eq!(graph.follow_room(ROOM, &order(&[("root", "removal")])), Some(named("renewal")));
    assert_eq!(graph.head().id, named("removal"));
    // An order that says nothing any more leaves the rank to decide.
    graph.follow_room(ROOM, &order(&[("root", "renewal")]));
    assert_eq!(graph.follow_room(ROOM, &order(&[])), Some(named("renewal")));
    // What is final stays.
    let rest = line("a", named("removal"), 6, &["alice", "bob"]).into_iter().map(|commit| in_term(1, commit));
    place_all(&mut graph, &rest.collect::<Vec<_>>());
    assert!(graph.is_final(&named("renewal")));
    let head = graph.head();
    assert_eq!(graph.follow_room(ROOM, &order(&[("root", "renewal")])), None);
    assert_eq!((graph.head(), graph.conflict()), (head, None));
}

#[test]
fn dmls_36_an_order_counts_in_terms_that_its_room_orders() {
    let hub = Authority::Hub { provider: "a.example".parse().expect("a domain"), signature_key: b"key".to_vec() };
    for authority in [Authority::Members, hub, by_room("!other:a.example")] {
        let mut graph = graph();
        graph.state(opened(1, root(), "alice", authority));
        fork(&mut graph);
        graph.follow_room(ROOM, &order(&[("root", "renewal")]));
        assert_eq!((graph.head().id, graph.unordered()), (named("removal"), expected_of(&graph)));
    }
}

/// Another room has everything still to be written to it; nobody else has anything.
fn expected_of(graph: &EpochGraph) -> Vec<(EpochId, EpochId)> {
    graph.ordering_room().map(|_| (root().id, named("removal"))).into_iter().collect()
}

#[test]
fn dmls_36_a_room_puts_no_commit_into_a_later_term_than_it_carries() {
    let mut graph = ordered();
    fork(&mut graph);
    // Made by somebody who had not heard of the term.
    graph.place(of_class(CommitClass::Removal, change("early", root().id, "dave")));
    graph.follow_room(ROOM, &order(&[("root", "early")]));
    assert_eq!(graph.head().id, named("removal"));
}

#[test]
fn dmls_36_a_later_term_outranks_what_a_room_accepts_afterwards() {
    let mut graph = ordered();
    fork(&mut graph);
    graph.follow_room(ROOM, &order(&[("root", "renewal")]));
    graph.state(opened(2, root(), "bob", Authority::Members));
    graph.place(in_term(2, of_class(CommitClass::Renewal, change("ours", root().id, "dave"))));
    assert_eq!(graph.head().id, named("ours"));
    graph.follow_room(ROOM, &order(&[("root", "removal")]));
    assert_eq!(graph.head().id, named("ours"));
    // And two who open one term at once: the room that the least statement names orders it.
    let mut graph = ordered();
    fork(&mut graph);
    graph.follow_room(ROOM, &order(&[("root", "renewal")]));
    graph.state(opened(1, root(), "aaron", Authority::Members));
    assert_eq!(graph.authority(), Some(&Authority::Members));
    assert_eq!(graph.head().id, named("removal"));
}

#[test]
fn dmls_36_what_is_said_of_epochs_to_come_is_bounded() {
    let mut graph = ordered();
    let ahead = (0..1000).map(|index| (format!("ahead{index}"), format!("ahead{}", index + 1)));
    let elsewhere = (0..1000).map(|index| (format!("elsewhere{index}"), format!("nowhere{index}")));
    let said = ahead.chain(elsewhere).chain([("root".to_owned(), "ahead0".to_owned())]);
    let said: MatrixOrder = said.map(|(parent, child)| (named(&parent), named(&child))).collect();
    graph.follow_room(ROOM, &said);
    assert_eq!(graph.order_of(ROOM).expect("known").len(), 1 + MAX_ORDERED_AHEAD);
    // A circle has an end, and rooms that nobody names leave one behind.
    graph.follow_room(ROOM, &order(&[("root", "one"), ("one", "two"), ("two", "one")]));
    assert_eq!(graph.order_of(ROOM).expect("known").len(), 3);
    for index in 0..10 {
        graph.follow_room(&format!("!{index}:a.example"), &said);
    }
    assert_eq!(graph.ordering_rooms().collect::<Vec<_>>(), ["!9:a.example", ROOM]);
}

#[test]
fn dmls_36_what_was_said_of_forgotten_epochs_is_forgotten() {
    let mut graph = ordered();
    let commits: Vec<_> = line("a", root().id, 40, &["alice", "bob"]).into_iter().map(|commit| in_term(1, commit)).collect();
    let said: MatrixOrder = commits.iter().map(|commit| (commit.parent, commit.id)).collect();
    for commit in &commits {
        graph.place(commit.clone());
        graph.follow_room(ROOM, &said);
        graph.take_final();
    }
    assert_eq!(graph.order_of(ROOM).expect("known").len(), graph.epochs().count() - 1);
    // A newcomer is told of what comes after the anchor.
    assert_eq!(graph.at_anchor().order_of(ROOM).expect("known").len(), 5);
}

/// Somebody who may write into the room names, too late, a branch that has run past the window: nothing that is final
/// falls, and everybody stops (DMLS-18).
#[test]
fn dmls_36_an_entry_that_is_written_over_too_late_moves_nothing_that_is_final() {
    let mut graph = ordered();
    let of_term = |commits: Vec<_>| commits.into_iter().map(|commit| in_term(1, commit)).collect::<Vec<_>>();
    place_all(&mut graph, &of_term(line("a", root().id, 6, &["alice", "bob"])));
    place_all(&mut graph, &of_term(line("b", root().id, 6, &["mallory", "eve"])));
    let ours = ["a5", "b5"].into_iter().find(|tip| graph.head().id == named(tip)).expect("one of them");
    let theirs = if ours == "a5" { "b0" } else { "a0" };
    graph.follow_room(ROOM, &order(&[("root", if ours == "a5" { "a0" } else { "b0" })]));
    assert_eq!(graph.conflict(), None);
    assert_eq!(graph.follow_room(ROOM, &order(&[("root", theirs)])), None);
    assert_eq!(graph.head().id, named(ours));
    assert_eq!(graph.conflict().expect("a conflict").fork, root().id);
}

#[test]
fn dmls_36_an_order_is_stored_with_the_graph() {
    let mut graph = ordered();
    fork(&mut graph);
    graph.follow_room(ROOM, &order(&[("root", "renewal"), ("renewal", "to come")]));
    let stored = rmp_serde::to_vec_named(&graph).expect("it can be stored");
    let restored: EpochGraph = rmp_serde::from_slice(&stored).expect("what was stored");
    assert_eq!(restored, graph);
}

#[test]
fn dmls_37_what_leads_to_the_head_is_written_and_nothing_written_over() {
    let mut graph = ordered();
    graph.place(in_term(1, change("a", root().id, "alice")));
    graph.place(in_term(1, change("b", named("a"), "bob")));
    let all = vec![(root().id, named("a")), (named("a"), named("b"))];
    assert_eq!(graph.unordered(), all);
    graph.follow_room(ROOM, &order(&[("root", "a")]));
    assert_eq!(graph.unordered(), all[1..]);
    // Somebody else was first, with a commit that is not known here.
    graph.follow_room(ROOM, &order(&[("root", "a"), ("a", "unknown")]));
    assert_eq!(graph.unordered(), []);
    // What was made in a term before is nothing to this room, and where no room orders there is nothing to write.
    graph.state(opened(2, EpochRef { id: named("b"), number: 2 }, "bob", by_room("!next:a.example")));
    assert_eq!(graph.unordered(), []);
    graph.place(in_term(2, change("c", named("b"), "alice")));
    assert_eq!(graph.unordered(), [(named("b"), named("c"))]);
}

#[test]
fn dmls_36_nobody_accepts_anything_in_a_room_s_name() {
    let mut graph = ordered();
    fork(&mut graph);
    for authority in [None, Some(by_room(ROOM))] {
        graph.state(Statement::Acceptance(Acceptance { term: 1, epoch: named("renewal"), position: 0, authority }));
        assert_eq!(graph.head().id, named("removal"));
    }
}
