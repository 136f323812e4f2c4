//! Judging once more what was judged when it came.

use causeway_mls::{ClientIdentity, CommitPlan, Group, MlsError, TrustRoots};

use crate::support::*;

fn alone() -> (Provider, ClientIdentity, Group, TrustRoots) {
    let a = Provider::new("a.test");
    let (alice, roots) = (a.client("alice", "one"), roots(&[&a]));
    let participants = [(a.user("alice"), ADMIN), (a.user("bob"), MEMBER)];
    let group = create(&a, room(&a, &participants), &alice);
    (a, alice, group, roots)
}

#[test]
fn a_replayed_commit_opens_the_same_epoch_without_secrets_and_roots() {
    let (_, alice, before, roots) = alone();
    let (after, pending) = commit(before.clone(), &alice, &CommitPlan::default(), &roots);
    let replayed = before.replay(&pending.commit).unwrap().unwrap();
    assert_eq!(replayed.epoch(), after.epoch());
    assert_eq!(replayed.group_context().unwrap(), after.group_context().unwrap());
    assert_eq!(replayed.ratchet_tree().unwrap(), after.ratchet_tree().unwrap());
    assert_eq!(replayed.confirmation_tag().unwrap(), after.confirmation_tag().unwrap());
    assert_eq!(replayed.own_clients().count(), 0);
    assert!(matches!(after.replay(&pending.commit), Err(MlsError::WrongEpoch { .. })));
}

/// The rules of MLS and of the room are asked again.
#[test]
fn a_commit_that_was_never_valid_does_not_replay() {
    let (_, alice, before, roots) = alone();
    let (_, pending) = commit(before.clone(), &alice, &CommitPlan::default(), &roots);
    let mut altered = pending.commit.clone();
    let signature = altered.len() - 70;
    altered[signature] ^= 1;
    assert!(matches!(before.replay(&altered), Err(MlsError::Invalid(_))));
}

/// Proposals are kept for as long as they wait.
#[test]
fn a_commit_of_proposals_that_are_gone_cannot_be_replayed() {
    let (a, alice, group, roots) = alone();
    let bob = a.client("bob", "one");
    let bundle = key_package(&bob);
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..Default::default() };
    let (group, pending) = commit(group, &alice, &plan, &roots);
    let proposals = join(&pending, &bundle, &bob, &roots).leave_proposals(&bob).unwrap();
    let mut at_alice = group.clone();
    at_alice.queue_proposals(&proposals.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let (_, pending) = commit(at_alice.clone(), &alice, &CommitPlan::default(), &roots);
    assert!(at_alice.replay(&pending.commit).unwrap().is_some());
    assert!(group.replay(&pending.commit).unwrap().is_none());
}
