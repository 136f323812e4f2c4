//! What is written, in octets: a commit writes what it changed, a message its sender's ratchet.

use causeway_mls::graph::RecentCommit;
use causeway_mls::{CommitOutcome, CommitPlan, ForkableGroup, Judge, RowChanges};

use crate::crowd::{Crowd, written};
use crate::support::*;

const KIB: usize = 1024;

/// What a commit writes: made pending, taken by its committer, taken by a receiver.
fn commit_of(crowd: &mut Crowd, plan: &CommitPlan) -> [usize; 3] {
    let (at_alice, alice) = &mut crowd.alice;
    let (at_bob, _) = &mut crowd.bob;
    let pending = at_alice.commit(alice, plan, &crowd.roots, NOW).unwrap();
    let made = at_alice.take_changes();
    at_alice.merge_pending(&alice.client_uri, &crowd.roots, NOW).unwrap();
    let merged = at_alice.take_changes();
    let staged = at_bob.stage(&pending.commit, &crowd.roots, NOW).unwrap();
    at_bob.merge(staged).unwrap();
    [made, merged, at_bob.take_changes()].map(|changes| written(&changes))
}

#[test]
fn a_commit_at_1000_members_writes_8_kib_at_most_and_grows_with_log_n() {
    let mut small = Crowd::of(60);
    let mut large = Crowd::of(1000);
    for crowd in [&mut small, &mut large] {
        for _ in 0..4 {
            commit_of(crowd, &CommitPlan::default());
        }
    }
    let (of_60, of_1000) = (commit_of(&mut small, &CommitPlan::default()), commit_of(&mut large, &CommitPlan::default()));
    assert!(of_1000.iter().all(|octets| *octets <= 8 * KIB), "pending, merged, received: {of_1000:?}");
    // Four levels more.
    assert!(of_1000.iter().zip(of_60).all(|(large, small)| *large <= small + 4 * 700), "{of_60:?}, then {of_1000:?}");
}

#[test]
fn a_message_at_1000_members_with_a_window_of_5_writes_1_kib_at_most() {
    let crowd = Crowd::of(1000);
    let Crowd { provider, roots, alice: (at_alice, alice), bob: (at_bob, _) } = crowd;
    let judge = Judge { roots: &roots, now_ms: NOW };
    let founder = vec![RecentCommit::by(provider.user("alice"))];
    let mut at_alice = ForkableGroup::begin(at_alice, 5, founder.clone(), &[]).unwrap();
    let tail = at_alice.tail(&alice).unwrap();
    let joined = at_bob;
    let mut at_bob = ForkableGroup::observe(&tail, judge).unwrap();
    at_bob.adopt(&joined, judge).unwrap();
    for _ in 0..6 {
        let prepared = at_alice.prepare(&alice, &CommitPlan::default(), judge).unwrap();
        at_alice.publish(&prepared.id).unwrap();
        let received = at_bob.receive_commit(&prepared.pending.commit, None, judge).unwrap();
        assert!(matches!(received.outcomes[..], [CommitOutcome::Placed(_)]));
    }
    assert_eq!(at_bob.kept_secrets().count(), 7);
    at_alice.take_changes().unwrap();
    at_bob.take_changes().unwrap();
    for number in 0..3 {
        let sealed = at_alice.seal(&alice, b"hello", [7; 32]).unwrap();
        let sent = at_alice.take_changes().unwrap();
        at_bob.open(&sealed).unwrap();
        let received = at_bob.take_changes().unwrap();
        for (side, changes) in [("sent", sent), ("received", received)] {
            assert!(changes.core.is_none(), "the graph has not changed");
            assert_eq!(changes.group.nodes, RowChanges::default());
            let octets = written(&changes.group);
            assert!(octets <= KIB, "message {number}, {side}: {octets}");
        }
    }
}
