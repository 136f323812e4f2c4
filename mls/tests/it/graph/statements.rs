//! Terms and what their authorities accept (DMLS-10, DMLS-15 to DMLS-17).

use causeway_mls::graph::{Acceptance, Authority, CommitClass, EpochGraph, HubTerm, Placement, Statement, StatementPlacement};
use causeway_mls::{EpochId, EpochRef};

use super::{change, graph, in_term, line, named, of_class, place_all, root, user};

fn term(term: u64, from: EpochRef, signer: &str) -> Statement {
    Statement::HubTerm(HubTerm { term, from, authority: Authority::Members, signer: user(signer) })
}

fn accepted(term: u64, epoch: EpochId, position: u64) -> Statement {
    Statement::Acceptance(Acceptance { term, epoch, position })
}

fn at(graph: &EpochGraph, name: &str) -> EpochRef {
    EpochRef { id: named(name), number: graph.number(&named(name)).expect("known") }
}

#[test]
fn dmls_10_what_the_hub_accepted_ranks_before_everything_that_it_did_not() {
    let mut graph = graph();
    graph.place(of_class(CommitClass::Removal, change("removal", root().id, "alice")));
    graph.place(of_class(CommitClass::Renewal, change("renewal", root().id, "bob")));
    assert_eq!(graph.head().id, named("removal"));
    let placed = graph.state(accepted(0, named("renewal"), 1));
    assert_eq!(placed, StatementPlacement::InForce { left: Some(named("removal")) });
    assert_eq!(graph.head().id, named("renewal"));
    // A hub that accepts two: the first counts, whatever comes later.
    graph.state(accepted(0, named("removal"), 2));
    assert_eq!(graph.head().id, named("renewal"));
}

#[test]
fn dmls_10_a_returning_hub_cannot_undo_what_a_later_term_has_done() {
    let mut graph = graph();
    place_all(&mut graph, &line("h", root().id, 2, &["alice", "bob"]));
    let lost = term(1, at(&graph, "h1"), "alice");
    assert_eq!(graph.state(lost), StatementPlacement::InForce { left: None });
    assert_eq!((graph.term(), graph.authority()), (1, Some(&Authority::Members)));
    let removal = in_term(1, of_class(CommitClass::Renewal, change("ours", named("h1"), "alice")));
    graph.place(removal.clone());
    // The hub has accepted something else meanwhile, and goes on accepting.
    graph.place(of_class(CommitClass::Removal, change("theirs", named("h1"), "carol")));
    graph.state(accepted(0, named("theirs"), 3));
    assert_eq!(graph.head().id, removal.id);
}

#[test]
fn dmls_10_a_term_that_nobody_has_signed_counts_for_nothing() {
    let mut graph = graph();
    graph.place(change("plain", root().id, "alice"));
    graph.state(accepted(0, named("plain"), 1));
    graph.place(in_term(9, of_class(CommitClass::Removal, change("boast", root().id, "mallory"))));
    assert_eq!(graph.head().id, named("plain"));
}

#[test]
fn dmls_15_terms_are_not_skipped() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 3, &["alice", "bob"]));
    assert_eq!(graph.state(term(u64::MAX, root(), "mallory")), StatementPlacement::Dormant);
    assert_eq!(graph.state(term(2, at(&graph, "a2"), "bob")), StatementPlacement::Dormant);
    // The one in between makes it count, whichever came first.
    assert!(matches!(graph.state(term(1, at(&graph, "a0"), "alice")), StatementPlacement::InForce { .. }));
    assert_eq!(graph.term(), 2);
}

#[test]
fn dmls_16_a_signer_opens_no_second_term_within_the_window() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 8, &["alice", "bob"]));
    graph.state(term(1, at(&graph, "a0"), "alice"));
    assert_eq!(graph.state(term(2, at(&graph, "a2"), "alice")), StatementPlacement::Dormant);
    assert!(matches!(graph.state(term(2, at(&graph, "a5"), "alice")), StatementPlacement::InForce { .. }));
    assert_eq!(graph.term(), 2);
}

#[test]
fn dmls_16_who_was_demoted_rewinds_the_group_once_and_no_more() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 2, &["alice", "bob"]));
    graph.place(of_class(CommitClass::Removal, change("demotion", named("a1"), "alice")));
    // Mallory may still sign at the epoch before its demotion.
    graph.state(term(1, at(&graph, "a1"), "mallory"));
    graph.place(in_term(1, change("revenge", named("a1"), "mallory")));
    assert_eq!(graph.head().id, named("revenge"));
    // The demotion is settled on that branch; the next term is not mallory's to open.
    assert_eq!(graph.state(term(2, at(&graph, "revenge"), "mallory")), StatementPlacement::Dormant);
    graph.place(in_term(2, change("again", named("revenge"), "mallory")));
    let settled = in_term(1, of_class(CommitClass::Removal, change("settled", named("revenge"), "alice")));
    assert!(matches!(graph.place(settled), Placement::WinsFork { .. }));
    assert_eq!(graph.head().id, named("settled"));
}

#[test]
fn statements_wait_for_the_epoch_that_they_name() {
    let mut graph = graph();
    let first = change("first", root().id, "alice");
    let statement = term(1, EpochRef { id: first.id, number: 1 }, "alice");
    assert_eq!(graph.state(statement.clone()), StatementPlacement::WaitsForEpoch);
    assert_eq!(graph.state(accepted(0, first.id, 1)), StatementPlacement::WaitsForEpoch);
    graph.place(first);
    assert!(matches!(graph.state(statement), StatementPlacement::InForce { .. }));
}

#[test]
fn both_sides_of_a_partition_may_open_the_same_term() {
    let (mut ours, mut theirs) = (graph(), graph());
    let (left, right) = (term(1, root(), "alice"), term(1, root(), "bob"));
    let (a, b) = (in_term(1, change("a", root().id, "alice")), in_term(1, change("b", root().id, "bob")));
    for (graph, statements, commits) in [(&mut ours, [&left, &right], [&a, &b]), (&mut theirs, [&right, &left], [&b, &a])] {
        for (statement, commit) in statements.into_iter().zip(commits) {
            graph.state(statement.clone());
            graph.place(commit.clone());
        }
    }
    assert_eq!(ours, theirs);
}
