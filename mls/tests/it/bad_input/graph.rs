//! Whole groups that nobody orders, with a member that does what it likes.

use causeway_mls::graph::{Placement, Refusal};
use causeway_mls::{CommitOutcome, EpochId, Judge};

use super::*;
use crate::forkable::{Node, Trio, inviting, judge, reloaded, removing, renaming};

/// A renewal of a node's, with a path that opens at nobody: the same leaf, and secrets that are noise.
fn dead_commit(node: &Node, roots: &TrustRoots) -> Vec<u8> {
    let mut group = node.group.clone();
    let prepared = group.prepare(&node.identity, &CommitPlan::default(), judge(roots)).unwrap();
    let mut commit = Commit::read(&prepared.pending.commit, |_| panic!("it has no proposals"));
    let last = commit.path.len() - 1;
    commit.path[last] ^= 1;
    commit.signed(&key_of(&node.identity).private, &node.group.head_state().unwrap().group_context().unwrap())
}

/// A commit that all take for valid and nobody can open strands nobody for good: its author is taken out beside it.
#[test]
fn l31_a_commit_that_opens_at_nobody_ends_with_its_author_removed() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let dead = dead_commit(&trio.carol, &roots);
    for node in [&mut trio.alice, &mut trio.bob] {
        let placed = node.place(&dead, &roots);
        assert_eq!(placed.unopened, std::slice::from_ref(&node.identity.client_uri));
        assert!(matches!(node.try_commit(&CommitPlan::default(), &roots), Err(MlsError::Stranded(_))));
    }
    let dead_epoch = trio.alice.head();
    let (plan, author) = trio.alice.group.expulsion(&trio.alice.identity.client_uri).unwrap();
    assert_eq!(author, trio.c.user("carol"));
    let expelled = trio.alice.group.prepare_beside(&trio.alice.identity, &plan, judge(&roots)).unwrap();
    trio.alice.group = reloaded(trio.alice.group.clone());
    let change = trio.alice.group.publish_beside(&expelled.id).unwrap().unwrap();
    assert_eq!((change.from.id, change.to.id), (dead_epoch, expelled.id));
    trio.bob.place(&expelled.pending.commit, &roots);
    for node in [&trio.alice, &trio.bob] {
        assert_eq!(node.head(), expelled.id);
        assert!(!node.has_user(&trio.c.user("carol")) && node.group.stranded().unwrap().is_empty());
    }
    let sealed = trio.bob.seal(b"we go on");
    assert_eq!(trio.alice.open(&sealed).unwrap(), b"we go on");
    // Nobody is expelled from a head that opens.
    assert!(matches!(trio.bob.group.expulsion(&trio.bob.identity.client_uri), Err(MlsError::Invalid(_))));
}

/// Who may not remove others cannot do so by calling their commits dead.
#[test]
fn l31_who_may_not_remove_expels_nobody() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let dead = dead_commit(&trio.bob, &roots);
    trio.carol.place(&dead, &roots);
    let (plan, _) = trio.carol.group.expulsion(&trio.carol.identity.client_uri).unwrap();
    let refused = trio.carol.group.prepare_beside(&trio.carol.identity, &plan, judge(&roots));
    assert!(matches!(refused, Err(MlsError::NotAllowed(rule)) if rule.rule == "R-063"));
}

/// DMLS-9, DMLS-14: a member that makes very many commits in one epoch is bounded, and loses with all of them.
#[test]
fn l26_l32_very_many_commits_of_one_member_in_one_epoch() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let parent = trio.carol.group.clone();
    let siblings: Vec<Vec<u8>> = (0..100)
        .map(|_| {
            let mut group = parent.clone();
            group.prepare(&trio.carol.identity, &CommitPlan::default(), judge(&roots)).unwrap().pending.commit
        })
        .collect();
    let by_bob = trio.bob.commit(&CommitPlan::default(), &roots);
    for commit in &siblings {
        trio.alice.hear(commit, &roots);
    }
    trio.alice.hear(&by_bob.pending.commit, &roots);
    assert_eq!(trio.alice.head(), by_bob.id);
    // Two show it; one more is kept until the next comes. And bob's, and the parent.
    assert!(trio.alice.group.graph().epochs().count() <= 5, "{}", trio.alice.group.graph().epochs().count());
    assert!(trio.alice.group.kept_secrets().count() <= 5);
    // The other way round it ends the same.
    for commit in siblings.iter().rev() {
        trio.bob.hear(commit, &roots);
    }
    assert_eq!(trio.bob.head(), by_bob.id);
}

/// A branch of real commits that is longer than anybody keeps, offered at once and backwards, to one who has gone on alone.
#[test]
fn l27_l34_a_branch_a_thousand_commits_long_is_offered_at_once() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    for index in 0..7 {
        trio.bob.commit(&renaming(&trio.bob, &format!("Bob's {index}")), &roots);
    }
    let mut group = trio.alice.group.clone();
    let branch: Vec<Vec<u8>> = (0..1000)
        .map(|_| {
            let prepared = group.prepare(&trio.alice.identity, &CommitPlan::default(), judge(&roots)).unwrap();
            group.publish(&prepared.id).unwrap();
            group.forget();
            prepared.pending.commit
        })
        .collect();
    let before = trio.bob.head();
    let mut outcomes = [0; 3];
    for commit in branch.iter().rev().chain(&branch) {
        for outcome in trio.bob.group.receive_commit(commit, None, judge(&roots)).unwrap().outcomes {
            match outcome {
                CommitOutcome::Placed(placed) => {
                    assert_eq!(placed.placement, Placement::LosesFork);
                    outcomes[0] += 1;
                }
                CommitOutcome::Waits | CommitOutcome::Duplicate(_) => outcomes[1] += 1,
                CommitOutcome::Refused(MlsError::NotPlaced(_) | MlsError::FutureEpoch { .. }) => outcomes[2] += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(trio.bob.head(), before, "an anchor stands");
    let window = trio.bob.group.graph().window() as usize;
    assert!(outcomes[0] <= window + 1, "DMLS-8: {outcomes:?}");
    assert!(trio.bob.group.graph().epochs().count() <= 8 + window + 1);
    assert!(outcomes[2] > 800, "{outcomes:?}");
}

#[test]
fn l33_a_commit_for_a_forgotten_epoch_is_refused_with_the_rule() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let late = trio.carol.commit(&CommitPlan::default(), &roots);
    for index in 0..25 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        trio.alice.group.forget();
    }
    let before = trio.alice.head();
    let received = trio.alice.hear(&late.pending.commit, &roots);
    assert!(matches!(received.outcomes[0], CommitOutcome::Refused(MlsError::NotPlaced(Refusal::Final))));
    assert_eq!((trio.alice.head(), received.head), (before, None));
}

/// A GroupInfo of a branch that lost: whoever takes it joins there, and its commit moves nobody.
#[test]
fn l37_a_group_info_of_a_losing_branch_leads_nobody_astray() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let loser = trio.bob.commit(&CommitPlan::default(), &roots);
    let old = trio.bob.group.joinable(&trio.bob.identity, trio.a.hub.signature_public_key()).unwrap();
    let removal = trio.alice.commit(&removing(&trio.alice, &trio.c.user("carol")), &roots);
    trio.alice.place(&loser.pending.commit, &roots);
    trio.bob.place(&removal.pending.commit, &roots);
    // Who knows the graph refuses it at once.
    let refused = trio.alice.group.rejoin(&old, &trio.b.client("bob", "one"), judge(&roots));
    assert!(matches!(refused, Err(MlsError::Invalid(why)) if why.contains("not the head's")));
    // Who does not makes a commit that loses.
    let phone = trio.b.client("bob", "phone");
    let join = Group::join_externally(&old, &phone, (&roots, NOW)).unwrap();
    for node in [&mut trio.alice, &mut trio.bob] {
        assert_eq!(node.place(&join.commit, &roots).placement, Placement::LosesFork);
        assert_eq!(node.head(), removal.id);
    }
}

/// A Welcome comes a second time, after its client has gone on: nothing goes back.
#[test]
fn l21_l36_a_welcome_that_comes_again_takes_nothing_back() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, dave, bundle) = inviting(&trio.a, "dave");
    let added = trio.alice.commit(&invite, &roots);
    let joined = join(&added.pending, &bundle, &dave, &roots);
    let mut dave = Node::joining(&trio.alice, &joined, dave, &roots);
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    dave.place(&commit.pending.commit, &roots);
    let (head, said) = (dave.head(), dave.seal(b"said"));
    let replayed = join(&added.pending, &bundle, &dave.identity, &roots);
    dave.group.adopt(&replayed, judge(&roots)).unwrap();
    assert_eq!(dave.head(), head);
    let next = dave.seal(b"next");
    assert_eq!(trio.alice.open(&said).unwrap(), b"said");
    assert_eq!(trio.alice.open(&next).unwrap(), b"next");
    // Another KeyPackage's: nothing is spent, and the right one still works.
    let (other_invite, erin, other) = inviting(&trio.a, "erin");
    let welcome = (added.pending.welcome.as_deref().unwrap(), added.pending.ratchet_tree.as_slice());
    assert!(matches!(Group::join(welcome, &other, &erin, None, (&roots, NOW)), Err(MlsError::Invalid(_))));
    let added = trio.alice.commit(&other_invite, &roots);
    join(&added.pending, &other, &erin, &roots);
}

/// DMLS-29: a graph is taken only by who is in one of its epochs; DMLS-1: that is not a matter of names.
#[test]
fn l30_two_groups_of_one_id_are_two_groups() {
    let (one, two) = (Trio::new(), Trio::new());
    assert_eq!(one.alice.group.group_id().unwrap(), two.alice.group.group_id().unwrap());
    let mut both = one.roots.clone();
    for provider in [&two.a, &two.b, &two.c] {
        both.pin(&provider.domain, provider.authority.root_der());
    }
    let now = Judge { roots: &both, now_ms: NOW };
    let mut alice = one.alice;
    let commit = two.bob.group.clone().prepare(&two.bob.identity, &CommitPlan::default(), now).unwrap();
    let received = alice.group.receive_commit(&commit.pending.commit, None, now).unwrap();
    assert!(matches!(received.outcomes[0], CommitOutcome::Waits), "made nowhere that alice knows");
    let other_state = two.bob.group.head_state().unwrap();
    assert!(matches!(alice.group.adopt(other_state, now), Err(MlsError::FutureEpoch { .. })));
    assert!(alice.group.state(&EpochId::from_bytes([9; 32])).is_err());
}
