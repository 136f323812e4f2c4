//! Commits made side by side: each node follows both, and all choose the same (SPEC §14.2, §14.3).

use causeway_mls::graph::{Placement, Refusal};
use causeway_mls::{CommitOutcome, CommitPlan, MlsError};

use super::*;

/// Obstacle: merging destroys the parent. Here both children of one epoch are held.
#[test]
fn two_concurrent_commits_end_in_one_head_whatever_the_order() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, ..) = inviting(&trio.a, "dave");
    let by_alice = trio.alice.commit(&invite, &roots);
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Renamed"), &roots);
    trio.carol.place(&by_bob.pending.commit, &roots);
    trio.carol.place(&by_alice.pending.commit, &roots);
    trio.alice.place(&by_bob.pending.commit, &roots);
    trio.bob.place(&by_alice.pending.commit, &roots);
    trio.assert_agreed();
    for node in [&trio.alice, &trio.bob, &trio.carol] {
        for id in [by_alice.id, by_bob.id] {
            assert!(node.group.state(&id).unwrap().holds(&node.identity.client_uri), "both children are held");
        }
    }
}

/// Obstacle: own commits cannot be replayed. The epoch of a prepared commit is kept aside, through a crash.
#[test]
fn an_own_commit_is_published_before_it_counts() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let before = trio.alice.head();
    let plan = renaming(&trio.alice, "Renamed");
    let prepared = trio.alice.group.prepare(&trio.alice.identity, &plan, judge(&roots)).unwrap();
    trio.alice.group = reloaded(trio.alice.group);
    assert_eq!(trio.alice.head(), before);
    let sealed = trio.alice.seal(b"still in the old epoch");
    assert_eq!(trio.bob.open(&sealed).unwrap(), b"still in the old epoch");
    let change = trio.alice.group.publish(&prepared.id).unwrap();
    assert_eq!((change.from.id, change.to.id, change.fork), (before, prepared.id, before));
    // What comes back by a detour is a duplicate.
    let mut received = trio.alice.hear(&prepared.pending.commit, &roots);
    assert!(matches!(received.outcomes.swap_remove(0), CommitOutcome::Duplicate(id) if id == prepared.id));
    trio.bob.place(&prepared.pending.commit, &roots);
    let sealed = trio.alice.seal(b"in the new one");
    assert_eq!(trio.bob.open(&sealed).unwrap(), b"in the new one");
}

#[test]
fn a_prepared_commit_whose_parent_is_no_longer_the_head_is_given_up() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let plan = renaming(&trio.alice, "Mine");
    let prepared = trio.alice.group.prepare(&trio.alice.identity, &plan, judge(&roots)).unwrap();
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "His"), &roots);
    trio.alice.place(&by_bob.pending.commit, &roots);
    assert!(matches!(trio.alice.group.publish(&prepared.id), Err(MlsError::WrongEpoch { .. })));
    assert_eq!(trio.alice.group.prepared().count(), 0);
    assert_eq!(trio.alice.head(), by_bob.id);
}

#[test]
fn dmls_20_a_commit_waits_for_its_parent() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let commits: Vec<Vec<u8>> =
        (0..4).map(|index| trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots).pending.commit).collect();
    for commit in commits[1..].iter().rev() {
        assert!(matches!(trio.bob.hear(commit, &roots).outcomes[0], CommitOutcome::Waits));
    }
    let received = trio.bob.hear(&commits[0], &roots);
    assert_eq!(received.outcomes.len(), 4);
    assert_eq!(trio.bob.head(), trio.alice.head());
    assert_eq!(received.head.unwrap().to, trio.alice.group.head());
}

#[test]
fn a_branch_a_thousand_commits_long_costs_a_bounded_amount_of_memory() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    // Garbage of the right shape: a commit with its epoch number rewritten waits for a parent that never comes.
    let commit = trio.bob.commit(&renaming(&trio.bob, "x"), &roots).pending.commit;
    let number_at = 4 + 1 + trio.alice.group.group_id().unwrap().len();
    let mut kept = 0;
    for number in 2..1002u64 {
        let mut later = commit.clone();
        later[number_at..number_at + 8].copy_from_slice(&number.to_be_bytes());
        let received = trio.alice.group.receive_commit(&later, None, judge(&roots)).unwrap();
        match &received.outcomes[0] {
            CommitOutcome::Waits => kept += 1,
            CommitOutcome::Refused(MlsError::FutureEpoch { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kept, 64);
}

#[test]
fn two_commits_by_one_member_in_one_epoch_lose_to_anybody_else_s() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let parent = trio.bob.group.clone();
    let first = trio.bob.commit(&renaming(&trio.bob, "One"), &roots);
    let mut double = Node { group: parent, identity: trio.bob.identity.clone() };
    let second = double.commit(&renaming(&double, "Two"), &roots);
    let by_alice = trio.alice.commit(&CommitPlan::default(), &roots);
    for commit in [&first, &second] {
        trio.alice.place(&commit.pending.commit, &roots);
    }
    assert_eq!(trio.alice.head(), by_alice.id);
    for commit in [&second, &by_alice] {
        trio.bob.place(&commit.pending.commit, &roots);
    }
    assert_eq!(trio.bob.head(), by_alice.id);
}

/// A commit's place is where its signature holds, whatever the carrier says.
#[test]
fn a_wrong_hint_of_the_parent_does_no_harm() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let first = trio.alice.commit(&renaming(&trio.alice, "One"), &roots);
    let other = trio.bob.commit(&renaming(&trio.bob, "Other"), &roots);
    let second = trio.alice.commit(&renaming(&trio.alice, "Two"), &roots);
    trio.carol.place(&first.pending.commit, &roots);
    trio.carol.place(&other.pending.commit, &roots);
    let received = trio.carol.group.receive_commit(&second.pending.commit, Some(other.id), judge(&roots)).unwrap();
    assert!(matches!(&received.outcomes[0], CommitOutcome::Placed(placed) if placed.epoch.id == second.id));
    assert_eq!(trio.carol.group.graph().commit(&second.id).unwrap().parent, first.id);
}

#[test]
fn validity_is_judged_at_the_parent_not_at_the_head() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let carol = trio.c.user("carol");
    // Bob makes carol an admin; on another branch she is removed. What she does as an admin is valid on hers.
    let promoted = trio.bob.commit(&with_role(&trio.bob, &carol, ADMIN), &roots);
    trio.carol.place(&promoted.pending.commit, &roots);
    let by_carol = trio.carol.commit(&renaming(&trio.carol, "By carol"), &roots);
    let removal = trio.alice.commit(&removing(&trio.alice, &carol), &roots);
    trio.alice.place(&promoted.pending.commit, &roots);
    let placed = trio.alice.place(&by_carol.pending.commit, &roots);
    assert_eq!(placed.placement, Placement::LosesFork);
    assert_eq!(trio.alice.head(), removal.id);
    // Made in an epoch where she is not an admin, it is refused with the rule.
    let mut early = Trio::new();
    let roots = early.roots.clone();
    let refused = early.carol.try_commit(&renaming(&early.carol, "By carol"), &roots);
    assert!(matches!(refused, Err(MlsError::NotAllowed(rule)) if rule.rule == "R-071"));
    assert_eq!(early.carol.group.graph().epochs().count(), 1);
}

#[test]
fn dmls_7_a_commit_for_a_forgotten_epoch_is_refused_with_the_rule() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let late = trio.bob.commit(&renaming(&trio.bob, "Late"), &roots);
    for index in 0..25 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        trio.alice.group.forget();
    }
    let received = trio.alice.hear(&late.pending.commit, &roots);
    assert!(matches!(received.outcomes[0], CommitOutcome::Refused(MlsError::NotPlaced(Refusal::Final))));
}

/// SPEC §14.2: the tags are unsigned. Every octet of them is varied; a member takes the variant that opens.
#[test]
fn dmls_4_a_commit_with_altered_tags_is_a_variant_of_its_epoch() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    let right = commit.pending.commit;
    let tags = right.len() - 66;
    for at in (tags..right.len()).filter(|at| !(at - tags).is_multiple_of(33)).step_by(3) {
        let mut altered = right.clone();
        altered[at] ^= 0x80;
        let mut bob = Node { group: trio.bob.group.clone(), identity: trio.bob.identity.clone() };
        let placed = bob.place(&altered, &roots);
        assert_eq!((placed.epoch.id, placed.unopened.len()), (commit.id, 1), "octet {at}");
        assert_eq!(bob.group.stranded().unwrap(), [bob.identity.client_uri.clone()]);
        match bob.hear(&right, &roots).outcomes.swap_remove(0) {
            CommitOutcome::Variant { id, opened_by } => {
                assert_eq!((id, opened_by.as_slice()), (commit.id, &[bob.identity.client_uri.clone()][..]));
            }
            other => panic!("{other:?}"),
        }
        assert!(bob.group.stranded().unwrap().is_empty());
        assert_eq!(bob.group.commit_message(&commit.id), Some(right.as_slice()));
        assert_eq!(bob.group.graph().epochs().count(), 2);
    }
}

/// A delivery service holds no secret: the next commit tells it which tags were right.
#[test]
fn dmls_4_a_server_without_secrets_learns_the_right_variant_from_the_next_commit() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    let mut server = ForkableGroup::observe(&tail, trio.judge()).unwrap();
    let first = trio.alice.commit(&renaming(&trio.alice, "One"), &roots).pending.commit;
    let second = trio.alice.commit(&renaming(&trio.alice, "Two"), &roots).pending.commit;
    let third = trio.alice.commit(&renaming(&trio.alice, "Three"), &roots).pending.commit;
    let mut altered = first.clone();
    let confirmation_tag = first.len() - 66 + 5;
    altered[confirmation_tag] ^= 1;
    for commit in [&altered, &first, &second, &third] {
        server.receive_commit(commit, None, judge(&roots)).unwrap();
        server = reloaded(server);
    }
    assert_eq!(server.head(), trio.alice.group.head());
    assert_eq!(server.kept_secrets().count(), 0);
}

/// Whoever sees a commit first can alter its tags as often as it likes: four wrong variants kept the right one out for good.
#[test]
fn dmls_4_many_wrong_variants_keep_the_right_one_out_for_nobody() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    let mut server = ForkableGroup::observe(&tail, trio.judge()).unwrap();
    let first = trio.alice.commit(&renaming(&trio.alice, "One"), &roots);
    let second = trio.alice.commit(&renaming(&trio.alice, "Two"), &roots).pending.commit;
    let third = trio.alice.commit(&renaming(&trio.alice, "Three"), &roots).pending.commit;
    let right = &first.pending.commit;
    let altered = (0..6).map(|octet| {
        let mut altered = right.clone();
        altered[right.len() - 66 + 1 + octet] ^= 1;
        altered
    });
    let sent: Vec<Vec<u8>> = altered.chain([right.clone(), second, third]).collect();
    for commit in &sent {
        trio.bob.hear(commit, &roots);
        server.receive_commit(commit, None, judge(&roots)).unwrap();
        server = reloaded(server);
    }
    assert_eq!((trio.bob.head(), server.head().id), (trio.alice.head(), trio.alice.head()));
    assert_eq!(trio.bob.group.stranded().unwrap(), []);
}

/// A commit that cannot be judged before somebody's directory has been asked waited for another, and kept that one out.
#[test]
fn a_commit_by_an_unknown_provider_holds_nothing_up_that_it_waits_for() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let stranger = Provider::new("d.test");
    let known_to_alice = crate::support::roots(&[&trio.a, &trio.b, &trio.c, &stranger]);
    let first = trio.alice.commit(&renaming(&trio.alice, "One"), &roots);
    let (invite, ..) = inviting(&stranger, "dave");
    let second = trio.alice.commit(&invite, &known_to_alice);
    assert!(matches!(trio.bob.hear(&second.pending.commit, &roots).outcomes[..], [CommitOutcome::Waits]));
    let outcomes = trio.bob.hear(&first.pending.commit, &roots).outcomes;
    assert!(matches!(outcomes[..], [CommitOutcome::Placed(_), CommitOutcome::Waits]), "{outcomes:?}");
    let direct = trio.bob.group.receive_commit(&second.pending.commit, None, judge(&roots));
    assert!(matches!(direct, Err(MlsError::UnknownProvider(_))));
    trio.bob.place(&second.pending.commit, &known_to_alice);
    assert_eq!(trio.bob.head(), second.id);
}

/// One commit that adds somebody of a provider that does not answer kept whoever was told the graph from all of it.
#[test]
fn dmls_20_a_commit_that_needs_a_provider_out_of_reach_waits_and_the_rest_of_the_graph_is_taken() {
    let mut trio = Trio::new();
    let stranger = Provider::new("d.test");
    let known_to_alice = crate::support::roots(&[&trio.a, &trio.b, &trio.c, &stranger]);
    let first = trio.alice.commit(&renaming(&trio.alice, "One"), &trio.roots);
    let (invite, ..) = inviting(&stranger, "dave");
    let second = trio.alice.commit(&invite, &known_to_alice);
    let third = trio.alice.commit(&renaming(&trio.alice, "Three"), &known_to_alice);
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    let mut roots = trio.roots.clone();
    assert!(matches!(ForkableGroup::observe(&tail, judge(&roots)), Err(MlsError::UnknownProvider(_))), "to be asked first");
    roots.give_up_on(&stranger.domain);
    let mut server = ForkableGroup::observe(&tail, judge(&roots)).unwrap();
    assert_eq!(server.head().id, first.id);
    let again = server.receive_commit(&second.pending.commit, None, judge(&roots)).unwrap();
    assert!(matches!(again.outcomes[..], [CommitOutcome::Waits]), "{:?}", again.outcomes);
    // It answers at last, and whoever tells what is lacking tells this.
    roots.pin(&stranger.domain, stranger.authority.root_der());
    let news = trio.alice.group.news_for(&server.known()).unwrap();
    assert_eq!(news.commits, [second.pending.commit, third.pending.commit]);
    let outcomes = server.receive_commit(&news.commits[0], None, judge(&roots)).unwrap().outcomes;
    assert!(matches!(outcomes[..], [CommitOutcome::Placed(_), CommitOutcome::Placed(_)]), "{outcomes:?}");
    assert_eq!(server.head().id, third.id);
}

/// A message names its epoch by number only: that one epoch of that number is on a branch that has run too far says nothing of
/// commits made in others.
#[test]
fn dmls_8_a_branch_that_is_too_long_keeps_no_commit_out_that_was_made_beside_it() {
    for _ in 0..6 {
        let mut trio = Trio::new();
        let roots = trio.roots.clone();
        // The head's branch begins with a removal; bob's has lost, and runs past the window.
        let lost: Vec<Prepared> =
            (0..6).map(|index| trio.bob.commit(&renaming(&trio.bob, &format!("Bob {index}")), &roots)).collect();
        trio.alice.commit(&removing(&trio.alice, &trio.c.user("carol")), &roots);
        for commit in &lost {
            trio.alice.place(&commit.pending.commit, &roots);
        }
        for index in 0..4 {
            trio.alice.commit(&renaming(&trio.alice, &format!("Alice {index}")), &roots);
        }
        // A fork of the sixth epoch, which loses, and what was made on it.
        let mut double = Node { group: trio.alice.group.clone(), identity: trio.alice.identity.clone() };
        let lessened = with_role(&trio.alice, &trio.b.user("bob"), MEMBER);
        trio.alice.commit(&lessened, &roots);
        let beside = double.commit(&renaming(&double, "Beside"), &roots);
        let after = double.commit(&renaming(&double, "After"), &roots);
        trio.alice.place(&beside.pending.commit, &roots);
        trio.alice.place(&after.pending.commit, &roots);
    }
}
