//! Anchor, memory, conflict (DMLS-7, DMLS-18, DMLS-19).

use causeway_mls::graph::{AnchorOverride, CommitClass, MEMORY, Placement, Refusal, Statement, StatementPlacement};
use causeway_mls::{EpochId, EpochRef};

use super::{change, graph, in_term, line, named, of_class, place_all, root, user};

#[test]
fn dmls_7_the_anchor_follows_the_head_at_the_window_s_distance() {
    let mut graph = graph();
    let commits = line("a", root().id, 7, &["alice", "bob"]);
    place_all(&mut graph, &commits[..5]);
    assert_eq!(graph.anchor(), root());
    place_all(&mut graph, &commits[5..]);
    assert_eq!(graph.anchor().id, named("a1"));
    assert!(graph.is_final(&named("a0")));
    assert!(!graph.is_final(&named("a1")));
    // A better commit that comes too late wins nothing.
    assert_eq!(graph.place(of_class(CommitClass::Removal, change("late", named("a0"), "carol"))), Placement::LosesFork);
    assert_eq!(graph.head().id, named("a6"));
    // In time, it wins.
    let in_time = of_class(CommitClass::Removal, change("in time", named("a1"), "carol"));
    assert_eq!(graph.place(in_time), Placement::WinsFork { left: named("a6"), fork: named("a1") });
}

#[test]
fn dmls_7_what_is_long_final_is_forgotten_and_takes_no_commit() {
    let mut graph = graph();
    let commits = line("a", root().id, 40, &["alice", "bob"]);
    let mut forgotten: Vec<EpochId> = Vec::new();
    for commit in &commits {
        graph.place(commit.clone());
        forgotten.extend(graph.take_final());
    }
    assert_eq!(graph.epochs().count(), MEMORY + 1 + 5);
    assert_eq!(graph.epochs().count() + forgotten.len(), 41);
    assert_eq!(graph.admits(&EpochRef { id: named("a3"), number: 4 }), Err(Refusal::Final));
    assert_eq!(graph.admits(&EpochRef { id: named("to come"), number: 50 }), Ok(()));
    assert_eq!(graph.recent_commits(&graph.root().id).len(), 8);
}

/// Two sides that have gone on alone for longer than the window.
fn apart() -> (causeway_mls::graph::EpochGraph, causeway_mls::graph::EpochGraph) {
    let (mut ours, mut theirs) = (graph(), graph());
    let a = line("a", root().id, 8, &["alice", "bob"]);
    let mut b = line("b", root().id, 8, &["carol", "dave"]);
    b[0].class = CommitClass::Removal;
    place_all(&mut ours, &a);
    place_all(&mut theirs, &b);
    place_all(&mut ours, &b);
    place_all(&mut theirs, &a);
    (ours, theirs)
}

#[test]
fn dmls_18_a_side_whose_final_branch_would_have_lost_is_in_conflict() {
    let (ours, theirs) = apart();
    let conflict = ours.conflict().expect("a conflict");
    assert_eq!((conflict.fork, conflict.ours), (root().id, ours.anchor().id));
    assert_eq!(ours.head().id, named("a7"), "the head stays until somebody decides");
    assert_eq!(theirs.conflict(), None);
}

/// Others have gone on past the window; we have not, and our branch is too short for them to see that theirs lost.
#[test]
fn dmls_18_who_was_away_while_others_went_on_is_in_conflict_though_its_branch_ranks_better() {
    let mut graph = graph();
    graph.place(of_class(CommitClass::Removal, change("ours", root().id, "carol")));
    let theirs = line("theirs", root().id, 6, &["alice", "bob"]);
    place_all(&mut graph, &theirs[..5]);
    assert_eq!(graph.conflict(), None);
    graph.place(theirs[5].clone());
    let conflict = graph.conflict().expect("a conflict");
    assert_eq!((conflict.fork, conflict.ours, conflict.theirs), (root().id, named("ours"), named("theirs5")));
    // As soon as ours has run as far, with commits of two, they are told.
    let decided = AnchorOverride { term: 1, anchor: EpochRef { id: named("ours"), number: 1 }, signer: user("carol") };
    graph.state(Statement::AnchorOverride(decided));
    assert_eq!(graph.conflict(), None);
    assert_eq!(graph.head().id, named("ours"));
}

#[test]
fn dmls_18_one_member_alone_cannot_make_a_conflict() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 8, &["alice", "bob"]));
    let mut branch = line("m", root().id, 6, &["mallory"]);
    branch[0].class = CommitClass::Removal;
    place_all(&mut graph, &branch);
    assert_eq!(graph.conflict(), None);
}

#[test]
fn dmls_19_an_override_ends_a_conflict_the_same_way_on_both_sides() {
    for tip in ["a5", "b5"] {
        let (mut ours, mut theirs) = apart();
        let anchor = EpochRef { id: named(tip), number: 6 };
        let statement = Statement::AnchorOverride(AnchorOverride { term: 1, anchor, signer: user("alice") });
        assert!(matches!(ours.state(statement.clone()), StatementPlacement::InForce { .. }));
        assert!(matches!(theirs.state(statement.clone()), StatementPlacement::InForce { .. }));
        assert_eq!(ours.state(statement), StatementPlacement::Duplicate);
        // Branches past what the other side kept of them are sent again.
        place_all(&mut ours, &line("b", root().id, 8, &["carol", "dave"]));
        place_all(&mut theirs, &line("a", root().id, 8, &["alice", "bob"]));
        assert_eq!((ours.conflict(), theirs.conflict()), (None, None));
        assert_eq!(ours.head(), theirs.head());
        assert!(ours.is_ancestor(&anchor.id, &ours.head().id));
        let next = in_term(1, change("next", ours.head().id, "alice"));
        assert_eq!(ours.place(next.clone()), Placement::ExtendsHead);
        assert_eq!(theirs.place(next), Placement::ExtendsHead);
        assert_eq!(ours.anchor(), theirs.anchor());
    }
}

/// Both sides decide, each for itself, in one term: all end on the same side.
#[test]
fn dmls_19_of_two_overrides_one_counts_for_all() {
    let (mut ours, mut theirs) = apart();
    let decided = |name: &str, by: &str| {
        let anchor = EpochRef { id: named(name), number: 1 };
        Statement::AnchorOverride(AnchorOverride { term: 1, anchor, signer: user(by) })
    };
    let (left, right) = (decided("a0", "alice"), decided("b0", "carol"));
    for (graph, statements) in [(&mut ours, [&left, &right]), (&mut theirs, [&right, &left])] {
        for statement in statements {
            graph.state(statement.clone());
        }
        for _ in 0..2 {
            place_all(graph, &line("a", root().id, 8, &["alice", "bob"]));
            let mut b = line("b", root().id, 8, &["carol", "dave"]);
            b[0].class = CommitClass::Removal;
            place_all(graph, &b);
        }
    }
    assert_eq!((ours.head().id, theirs.head().id), (named("b7"), named("b7")));
    assert_eq!((ours.conflict(), theirs.conflict()), (None, None));
}

#[test]
fn dmls_19_the_term_of_an_override_does_not_let_a_rival_in_before_it() {
    let (mut ours, _) = apart();
    let anchor = EpochRef { id: named("a5"), number: 6 };
    ours.state(Statement::AnchorOverride(AnchorOverride { term: 1, anchor, signer: user("alice") }));
    let rival = in_term(1, of_class(CommitClass::Removal, change("rival", root().id, "mallory")));
    assert_eq!(ours.place(rival), Placement::LosesFork);
    assert!(ours.is_ancestor(&anchor.id, &ours.head().id));
}
