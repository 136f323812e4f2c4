//! Which of two branches is the head (DMLS-10 to DMLS-14), and where a commit is put.

use causeway_mls::graph::{CommitClass, EpochGraph, MAX_OF_USER, Placement, Refusal};

use super::{change, graph, line, named, of_class, place_all, root, user};

#[test]
fn dmls_6_a_commit_is_placed_exactly_once() {
    let mut graph = graph();
    let first = change("first", root().id, "alice");
    assert_eq!(graph.place(first.clone()), Placement::ExtendsHead);
    assert_eq!(graph.place(first.clone()), Placement::Duplicate);
    assert_eq!(graph.head().id, first.id);
    assert_eq!(graph.head().number, 1);
    assert_eq!(graph.place(change("orphan", named("nowhere"), "bob")), Placement::WaitsForParent);
    let second = change("second", first.id, "bob");
    assert_eq!(graph.place(second.clone()), Placement::ExtendsHead);
    let removal = of_class(CommitClass::Removal, change("removal", first.id, "carol"));
    assert_eq!(graph.place(removal.clone()), Placement::WinsFork { left: second.id, fork: first.id });
    assert_eq!(graph.place(change("late", second.id, "dave")), Placement::LosesFork);
    assert_eq!(graph.head().id, removal.id);
    assert_eq!(graph.losing(), [second.id, named("late")]);
}

#[test]
fn dmls_11_removals_rank_before_changes_and_those_before_renewals() {
    let classes = [CommitClass::Removal, CommitClass::Change, CommitClass::Renewal];
    for (better, worse) in [(0, 1), (1, 2), (0, 2)] {
        // Whatever the draw says: with many names for the worse one.
        for name in ["bob", "carol", "dave", "erin", "frank", "grace"] {
            let mut graph = graph();
            graph.place(of_class(classes[worse], change("worse", root().id, name)));
            graph.place(of_class(classes[better], change("better", root().id, "alice")));
            assert_eq!(graph.head().id, named("better"));
        }
    }
}

#[test]
fn a_longer_losing_branch_never_flips_a_decided_fork() {
    let mut graph = graph();
    graph.place(of_class(CommitClass::Removal, change("winner", root().id, "alice")));
    for commit in line("loser", root().id, 6, &["bob", "carol", "dave"]) {
        assert_eq!(graph.place(commit), Placement::LosesFork);
        assert_eq!(graph.head().id, named("winner"));
    }
}

#[test]
fn dmls_8_a_losing_branch_is_taken_one_epoch_past_the_window() {
    let mut graph = graph();
    graph.place(of_class(CommitClass::Removal, change("winner", root().id, "alice")));
    let branch = line("loser", root().id, 1000, &["bob", "carol"]);
    let placed: Vec<Placement> = branch.iter().map(|commit| graph.place(commit.clone())).collect();
    assert!(placed[..6].iter().all(|placement| *placement == Placement::LosesFork));
    assert_eq!(placed[6], Placement::Refused(Refusal::TooLong));
    assert!(placed[7..].iter().all(|placement| *placement == Placement::WaitsForParent));
    assert_eq!(graph.epochs().count(), 8);
}

#[test]
fn dmls_9_the_best_children_are_kept_whatever_the_order() {
    let commits: Vec<_> = (0..40).map(|index| change(&format!("c{index}"), root().id, &format!("user{index}"))).collect();
    let mut one = graph();
    let mut other = graph();
    place_all(&mut one, &commits);
    for commit in commits.iter().rev() {
        other.place(commit.clone());
    }
    assert_eq!(one.head(), other.head());
    // The root, sixteen, and the one that came last.
    assert_eq!((one.epochs().count(), other.epochs().count()), (18, 18));
    let last = change("last", root().id, "user0");
    let kept = |graph: &mut EpochGraph| {
        graph.place(last.clone());
        graph.epochs().filter(|epoch| epoch.id != last.id).collect::<Vec<_>>()
    };
    assert_eq!(kept(&mut one), kept(&mut other));
}

/// Late commits that rank better cannot push out what the group has long gone on with.
#[test]
fn dmls_9_what_leads_to_the_head_stays() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 9, &["alice", "bob"]));
    for index in 0..40 {
        graph.place(of_class(CommitClass::Removal, change(&format!("late{index}"), root().id, &format!("user{index}"))));
    }
    assert_eq!(graph.head().id, named("a8"));
    assert_eq!(graph.path_to(&named("a8")).len(), 10);
}

/// Nor can the third commit of somebody who makes many push out one that others have built on.
#[test]
fn dmls_9_what_others_have_built_on_stays() {
    let mut graph = graph();
    let removals = |from: usize| (from..from + 10).map(|index| change(&format!("m{index}"), root().id, "mallory"));
    for commit in removals(0) {
        graph.place(of_class(CommitClass::Removal, commit));
    }
    graph.place(change("built on", root().id, "mallory"));
    graph.place(change("honest", named("built on"), "alice"));
    for commit in removals(10) {
        graph.place(of_class(CommitClass::Removal, commit));
    }
    assert!(graph.contains(&named("honest")));
    assert!(graph.epochs().count() < 8);
}

/// Two commits in each epoch, and two in each of those: trees that would grow without end.
#[test]
fn dmls_9_trees_of_equivocations_stay_small() {
    let mut graph = graph();
    let mut commits = 0;
    for honest in line("a", root().id, 12, &["alice", "bob"]) {
        let mut level = vec![honest.parent];
        graph.place(honest);
        for depth in 0..5 {
            let twice = level.iter().flat_map(|parent| [(*parent, 0), (*parent, 1)]);
            let tree: Vec<_> = twice.map(|(parent, index)| change(&format!("{parent}{depth}{index}"), parent, "mallory")).collect();
            place_all(&mut graph, &tree);
            commits += tree.len();
            level = tree.into_iter().map(|commit| commit.id).collect();
        }
    }
    assert_eq!(commits, 744);
    let bound = MAX_OF_USER + 4 * super::WINDOW as usize;
    // As much before the anchor as after it.
    assert!(graph.epochs().count() < 13 + 2 * bound + 2 * 12 + 8, "{}", graph.epochs().count());
    assert_eq!(graph.head().id, named("a11"));
    let next = change("next", graph.head().id, "alice");
    assert_eq!(graph.place(next), Placement::ExtendsHead);
}

#[test]
fn dmls_14_who_makes_two_commits_in_one_epoch_loses_with_both() {
    for third in ["x", "y", "z", "u", "v", "w"] {
        let mut graph = graph();
        graph.place(change("one", root().id, "mallory"));
        graph.place(of_class(CommitClass::Renewal, change(third, root().id, "alice")));
        graph.place(change("two", root().id, "mallory"));
        assert_eq!(graph.head().id, named(third), "even a renewal ranks before an equivocation");
    }
}

#[test]
fn dmls_14_a_term_that_nobody_has_opened_hides_no_second_commit() {
    let mut graph = graph();
    graph.place(of_class(CommitClass::Renewal, change("honest", root().id, "alice")));
    for term in 0..20 {
        let commit = change(&format!("m{term}"), root().id, "mallory");
        graph.place(super::in_term(term, of_class(CommitClass::Removal, commit)));
    }
    assert_eq!(graph.head().id, named("honest"));
    assert!(graph.epochs().count() <= 5);
}

#[test]
fn dmls_14_a_third_commit_shows_nothing_new_and_changes_nothing() {
    let names = ["one", "two", "three", "four"];
    let mut heads = Vec::new();
    for start in 0..names.len() {
        let mut graph = graph();
        for offset in 0..names.len() {
            graph.place(change(names[(start + offset) % names.len()], root().id, "mallory"));
        }
        assert!(graph.epochs().count() <= 4);
        heads.push(graph.head());
    }
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn an_epoch_that_is_named_by_its_number_is_looked_for_on_the_head_s_branch_first() {
    let mut graph = graph();
    place_all(&mut graph, &line("a", root().id, 3, &["alice", "bob"]));
    graph.place(of_class(CommitClass::Removal, change("b", root().id, "carol")));
    assert_eq!(graph.with_number(1), [named("b"), named("a0")]);
    let recent = graph.recent_commits(&named("a2")).into_iter().map(|commit| commit.committer);
    assert_eq!(recent.collect::<Vec<_>>(), [user("alice"), user("bob"), user("alice")]);
}
