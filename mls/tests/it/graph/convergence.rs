//! The head does not depend on the order of arrival (DMLS-5), and is the one that the reference finds.

use causeway_mls::EpochId;
use causeway_mls::graph::{CommitClass, CommitFacts, EpochGraph, Placement};
use proptest::prelude::*;

use super::reference;
use super::{WINDOW, change, graph, root};

/// Commits of a group whose members never get further apart than the window: each made in an epoch chosen from those
/// known, by one of six.
fn history() -> impl Strategy<Value = Vec<CommitFacts>> {
    let step = (any::<prop::sample::Index>(), 0..6usize, 0..3usize);
    prop::collection::vec(step, 1..24).prop_map(|steps| {
        let mut made: Vec<(EpochId, u64)> = vec![(root().id, 0)];
        let mut commits = Vec::new();
        for (index, (parent, committer, class)) in steps.into_iter().enumerate() {
            let within: Vec<_> = made.iter().filter(|(_, depth)| *depth < WINDOW).copied().collect();
            let (parent, depth) = within[parent.index(within.len())];
            let class = [CommitClass::Removal, CommitClass::Change, CommitClass::Renewal][class];
            let commit = CommitFacts { class, ..change(&format!("c{index}"), parent, &format!("user{committer}")) };
            made.push((commit.id, depth + 1));
            commits.push(commit);
        }
        commits
    })
}

/// Delivers in the order given, offering again what waited, as a node does.
fn deliver(commits: &[CommitFacts]) -> EpochGraph {
    let mut graph = graph();
    let mut left = commits.to_vec();
    loop {
        let before = left.len();
        left.retain(|commit| graph.place(commit.clone()) == Placement::WaitsForParent);
        if left.len() == before {
            return graph;
        }
    }
}

/// No committer makes more than two commits in one epoch, and no epoch has more than 16: beyond that, epochs are dropped.
fn is_whole(commits: &[CommitFacts]) -> bool {
    commits.iter().all(|commit| {
        let siblings = commits.iter().filter(|other| other.parent == commit.parent);
        let alike = siblings.clone().filter(|other| other.committer == commit.committer);
        siblings.count() <= 16 && alike.count() <= 2
    })
}

proptest! {
    #[test]
    fn dmls_5_the_head_is_a_function_of_the_set(commits in history(), order in any::<prop::sample::Index>(), seed in any::<u64>()) {
        prop_assume!(is_whole(&commits));
        let mut shuffled = commits.clone();
        let (length, mut state) = (shuffled.len(), seed | 1);
        for index in (1..length).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        shuffled.rotate_left(order.index(length));
        let (one, other) = (deliver(&commits), deliver(&shuffled));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.head().id, reference::head(root().id, &commits));
        prop_assert!(one.is_ancestor(&one.anchor().id, &one.head().id));
    }
}
