//! Terms and what their authorities accept (DMLS-10, DMLS-15 to DMLS-17).

use causeway_mls::graph::{
    Acceptance, AnchorOverride, Authority, CommitClass, EpochGraph, HubTerm, Placement, Statement, StatementPlacement,
};
use causeway_mls::{EpochId, EpochRef};

use super::{change, graph, in_term, line, named, of_class, place_all, root, user};

fn term(term: u64, from: EpochRef, signer: &str) -> Statement {
    Statement::HubTerm(HubTerm { term, from, authority: Authority::Members, signer: user(signer) })
}

fn accepted(term: u64, epoch: EpochId, position: u64) -> Statement {
    Statement::Acceptance(Acceptance { term, epoch, position, authority: None })
}

fn hub(key: &str) -> Authority {
    Authority::Hub { provider: "a.example".parse().expect("a domain"), signature_key: key.as_bytes().to_vec() }
}

fn under(authority: Authority, statement: Statement) -> Statement {
    match statement {
        Statement::HubTerm(term) => Statement::HubTerm(HubTerm { authority, ..term }),
        Statement::Acceptance(accepted) => Statement::Acceptance(Acceptance { authority: Some(authority), ..accepted }),
        other => other,
    }
}

fn over(term: u64, anchor: EpochRef, signer: &str) -> Statement {
    Statement::AnchorOverride(AnchorOverride { term, anchor, signer: user(signer) })
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

/// A signer's lower term takes its own place, and leaves what others have opened after it without a predecessor (SPEC §14.4).
#[test]
fn dmls_16_who_takes_back_its_own_term_moves_nothing_that_is_final() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 3, &["alice", "bob"]));
    for (number, (name, signer)) in [("a0", "alice"), ("a1", "mallory"), ("a2", "bob")].into_iter().enumerate() {
        graph.state(term(number as u64 + 1, at(&graph, name), signer));
    }
    let commits = line("b", named("a2"), 7, &["alice", "bob"]);
    place_all(&mut graph, &commits.into_iter().map(|commit| in_term(3, commit)).collect::<Vec<_>>());
    let final_before = graph.anchor();
    assert_eq!((graph.term(), final_before.id), (3, named("b1")));
    let taken_back = term(1, at(&graph, "a1"), "mallory");
    assert!(matches!(graph.state(taken_back.clone()), StatementPlacement::InForce { .. }));
    assert_eq!(graph.term(), 1);
    // It says no more with it a second time, and moves the head within the window only.
    assert_eq!(graph.state(taken_back), StatementPlacement::Duplicate);
    assert_eq!(graph.state(term(2, at(&graph, "a2"), "mallory")), StatementPlacement::Dormant);
    graph.place(in_term(1, change("revenge", named("b2"), "mallory")));
    assert_eq!((graph.head().id, graph.anchor()), (named("revenge"), final_before));
    let again = term(graph.term() + 1, at(&graph, "revenge"), "bob");
    assert!(matches!(graph.state(again), StatementPlacement::InForce { .. }));
    assert_eq!(graph.term(), 2);
    graph.place(in_term(2, change("back", named("b2"), "alice")));
    assert_eq!(graph.head().id, named("back"));
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

/// What a hub has accepted counts while it is the one that orders the term, whichever statement came first.
#[test]
fn dmls_22_of_two_hubs_that_open_one_term_the_acceptances_of_one_count() {
    let (low, high) = (under(hub("1"), term(1, root(), "alice")), under(hub("2"), term(1, root(), "bob")));
    let mut graphs = Vec::new();
    for statements in [[&low, &high], [&high, &low]] {
        let mut graph = graph();
        graph.place(in_term(1, change("one", root().id, "alice")));
        graph.place(in_term(1, of_class(CommitClass::Removal, change("two", root().id, "bob"))));
        graph.state(statements[0].clone());
        graph.state(under(hub("2"), accepted(1, named("one"), 1)));
        graph.state(statements[1].clone());
        assert_eq!(graph.authority(), Some(&hub("1")));
        assert_eq!(graph.head().id, named("two"));
        graph.state(under(hub("1"), accepted(1, named("one"), 7)));
        assert_eq!(graph.head().id, named("one"));
        graphs.push(graph);
    }
    assert_eq!(graphs[0], graphs[1]);
}

#[test]
fn dmls_15_a_term_that_was_opened_on_a_losing_branch_can_be_followed_by_another() {
    let mut graph = graph();
    graph.place(of_class(CommitClass::Removal, change("winner", root().id, "alice")));
    graph.place(change("loser", root().id, "bob"));
    graph.state(term(1, at(&graph, "loser"), "bob"));
    graph.place(in_term(1, change("next", named("winner"), "alice")));
    let second = term(graph.term() + 1, at(&graph, "next"), "alice");
    assert!(matches!(graph.state(second), StatementPlacement::InForce { .. }));
    assert_eq!(graph.term(), 2);
}

#[test]
fn dmls_15_and_16_who_has_just_opened_a_term_may_still_say_where_the_group_goes_on() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 3, &["alice", "bob"]));
    graph.place(of_class(CommitClass::Removal, change("b", root().id, "carol")));
    graph.state(term(1, at(&graph, "a2"), "alice"));
    let decision = over(graph.term() + 1, at(&graph, "b"), "alice");
    assert!(matches!(graph.state(decision), StatementPlacement::InForce { .. }));
    assert_eq!((graph.head().id, graph.term()), (named("b"), 2));
    // Not without end.
    let mut decide = |name: &str| graph.state(over(graph.term() + 1, at(&graph, name), "alice"));
    assert!(["a0", "a1", "b"].iter().all(|name| matches!(decide(name), StatementPlacement::InForce { .. })));
    assert_eq!(decide("a2"), StatementPlacement::Dormant);
}

#[test]
fn dmls_17_a_signer_that_says_too_much_silences_nobody_whatever_came_first() {
    let mut graphs = Vec::new();
    for flood_first in [true, false] {
        let mut graph = graph();
        let flood = (0..300).map(|index| under(hub(&index.to_string()), term(index % 50, root(), "mallory")));
        let honest = term(1, root(), "alice");
        let mut statements: Vec<Statement> = flood.chain([honest.clone()]).collect();
        if flood_first {
            statements.reverse();
        }
        for statement in statements {
            graph.state(statement);
        }
        assert!(graph.remembers(&honest));
        assert_eq!(graph.statements().count(), 17);
        graphs.push(graph);
    }
    assert_eq!(graphs[0], graphs[1]);
}

/// Which of too many overrides are in force depended on which of them had been dropped before their predecessor came.
#[test]
fn dmls_17_what_is_kept_of_a_signer_does_not_depend_on_what_came_first() {
    let mut begun = graph();
    place_all(&mut begun, &line("a", root().id, 6, &["alice", "bob"]));
    let late = at(&begun, "a5");
    let early: Vec<Statement> = (1..=16).map(|term| over(term, root(), "mallory")).collect();
    let (between, last) = (over(12, late, "mallory"), over(20, late, "mallory"));
    let orders: [Vec<Statement>; 4] = [
        early.iter().cloned().chain([between.clone(), last.clone()]).collect(),
        early.iter().cloned().chain([last.clone(), between.clone()]).collect(),
        [last.clone(), between.clone()].into_iter().chain(early.iter().rev().cloned()).collect(),
        [between, last].into_iter().chain(early).collect(),
    ];
    let graphs = orders.map(|statements| {
        let mut graph = begun.clone();
        for statement in statements {
            graph.state(statement);
        }
        graph
    });
    assert!(graphs.iter().all(|graph| *graph == graphs[0]), "{:?}", graphs.map(|graph| graph.term()));
}

#[test]
fn dmls_17_what_is_accepted_again_and_again_is_kept_once() {
    let mut graph = graph();
    graph.place(change("one", root().id, "alice"));
    for position in (1..100).rev() {
        graph.state(accepted(0, named("one"), position));
    }
    assert_eq!(graph.statements().collect::<Vec<_>>(), [accepted(0, named("one"), 1)]);
    assert_eq!(graph.state(accepted(0, named("one"), 5)), StatementPlacement::Duplicate);
}

/// Of three commits of one user two are kept: the accepted one, though the acceptance came before it.
#[test]
fn what_waited_for_an_epoch_counts_when_it_is_weighed() {
    for third in ["x", "y", "z", "u", "v"] {
        let mut graph = graph();
        graph.place(of_class(CommitClass::Removal, change("one", root().id, "mallory")));
        graph.place(of_class(CommitClass::Removal, change("two", root().id, "mallory")));
        let statement = accepted(0, named(third), 1);
        assert_eq!(graph.state(statement.clone()), StatementPlacement::WaitsForEpoch);
        graph.place_with(change(third, root().id, "mallory"), vec![statement]);
        assert_eq!(graph.head().id, named(third));
        graph.place(of_class(CommitClass::Removal, change("four", root().id, "mallory")));
        assert_eq!(graph.head().id, named(third));
    }
}

#[test]
fn a_newcomer_knows_the_terms_from_before_it_came() {
    let mut graph = graph();
    graph.state(under(hub("1"), term(1, root(), "alice")));
    for commit in line("a", root().id, 8, &["alice", "bob"]) {
        graph.place(in_term(1, commit));
    }
    let mut newcomer = graph.at_anchor();
    for commit in line("a", root().id, 8, &["alice", "bob"]) {
        newcomer.place(in_term(1, commit));
    }
    assert_eq!((newcomer.head(), newcomer.term(), newcomer.authority()), (graph.head(), 1, Some(&hub("1"))));
    for known in [&mut graph, &mut newcomer] {
        known.place(in_term(1, change("one", named("a7"), "alice")));
        known.place(in_term(1, of_class(CommitClass::Removal, change("two", named("a7"), "bob"))));
        known.state(under(hub("1"), accepted(1, named("one"), 1)));
        assert_eq!(known.head().id, named("one"));
    }
}

/// A group that lives long has had many terms: they are not remembered for ever, and still in force.
#[test]
fn dmls_17_terms_of_long_ago_are_forgotten_and_stay_in_force() {
    let mut graph = graph();
    let mut parent = root();
    for round in 0..40u64 {
        let opened = term(round + 1, parent, ["alice", "bob"][round as usize % 2]);
        assert!(matches!(graph.state(opened), StatementPlacement::InForce { .. }), "{round}");
        for commit in line(&format!("r{round}/"), parent.id, 3, &["alice", "bob"]) {
            graph.place(in_term(round + 1, commit));
        }
        parent = graph.head();
        graph.take_final();
    }
    assert_eq!((graph.term(), graph.head().number), (40, 120));
    assert!(graph.statements().count() < 30, "{}", graph.statements().count());
}

/// What an override has left out is never opened: it kept everything after it from being forgotten, and signers at their bound.
#[test]
fn dmls_17_terms_that_an_override_has_left_out_are_forgotten_with_the_others() {
    let mut graph = graph();
    let mut parent = root();
    graph.state(over(8, parent, "carol"));
    for round in 0..60u64 {
        let opened = term(graph.term() + 1, parent, ["alice", "bob"][round as usize % 2]);
        assert!(matches!(graph.state(opened), StatementPlacement::InForce { .. }), "{round}");
        for commit in line(&format!("r{round}/"), parent.id, 3, &["alice", "bob"]) {
            graph.place(in_term(graph.term(), commit));
        }
        parent = graph.head();
        graph.take_final();
    }
    assert_eq!((graph.term(), graph.head().number), (68, 180));
    assert!(graph.forgotten_terms() > 40, "{}", graph.forgotten_terms());
    assert!(graph.statements().count() < 30, "{}", graph.statements().count());
    // What was left out and is gone is opened by nobody.
    assert_eq!(graph.state(term(3, parent, "carol")), StatementPlacement::Dormant);
}
