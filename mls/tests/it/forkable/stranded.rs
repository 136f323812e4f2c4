//! Clients that cannot follow come back by themselves (SPEC §14.7).

use causeway_mls::{CommitOutcome, MlsError};

use super::*;

pub(super) fn rejoin(from: &Node, stranded: &mut Node, hub: &Provider, roots: &TrustRoots) -> Vec<u8> {
    let info = from.group.joinable(&from.identity, hub.hub.signature_public_key()).unwrap();
    let join = stranded.group.rejoin(&info, &stranded.identity, judge(roots)).unwrap();
    stranded.group.complete_rejoin(&join, judge(roots)).unwrap();
    stranded.group = reloaded(stranded.group.clone());
    join.commit
}

#[test]
fn a_stranded_client_rejoins_and_everybody_follows() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    // Bob gets a commit that he cannot open, and never the right one.
    let mut altered = commit.pending.commit.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    assert_eq!(trio.bob.place(&altered, &roots).unopened.len(), 1);
    trio.carol.place(&commit.pending.commit, &roots);
    assert!(matches!(trio.bob.try_commit(&renaming(&trio.bob, "x"), &roots), Err(MlsError::Stranded(_))));
    let sealed = trio.alice.seal(b"unread");
    assert!(matches!(trio.bob.open(&sealed), Err(MlsError::Stranded(_))));
    let external = rejoin(&trio.alice, &mut trio.bob, &trio.a, &roots);
    assert!(trio.bob.group.stranded().unwrap().is_empty());
    trio.alice.place(&external, &roots);
    trio.carol.place(&external, &roots);
    trio.assert_agreed();
    let sealed = trio.bob.seal(b"back");
    assert_eq!(trio.alice.open(&sealed).unwrap(), b"back");
    assert_eq!(trio.carol.open(&sealed).unwrap(), b"back");
}

#[test]
fn a_rejoin_that_loses_its_fork_is_made_again() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    let mut altered = commit.pending.commit.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    trio.bob.place(&altered, &roots);
    let info = trio.alice.group.joinable(&trio.alice.identity, trio.a.hub.signature_public_key()).unwrap();
    let join = trio.bob.group.rejoin(&info, &trio.bob.identity, judge(&roots)).unwrap();
    // Meanwhile carol is removed: that outranks.
    let removal = trio.alice.commit(&removing(&trio.alice, &trio.c.user("carol")), &roots);
    trio.bob.place(&removal.pending.commit, &roots);
    assert!(trio.bob.group.complete_rejoin(&join, judge(&roots)).is_ok(), "placed, on a branch that lost");
    assert_eq!(trio.bob.head(), removal.id);
    assert_eq!(trio.bob.group.stranded().unwrap().len(), 1);
    let external = rejoin(&trio.alice, &mut trio.bob, &trio.a, &roots);
    trio.alice.place(&external, &roots);
    assert_eq!(trio.alice.head(), trio.bob.head());
}

#[test]
fn a_group_info_of_a_losing_branch_is_refused() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let old = trio.alice.group.joinable(&trio.alice.identity, trio.a.hub.signature_public_key()).unwrap();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    trio.bob.place(&commit.pending.commit, &roots);
    let refused = trio.bob.group.rejoin(&old, &trio.bob.identity, judge(&roots));
    assert!(matches!(refused, Err(MlsError::Invalid(why)) if why.contains("not the head's")));
}

/// A joiner chooses as the others do: it has the siblings of its own epoch from the tail.
#[test]
fn a_joiner_on_a_branch_that_loses_hears_of_it_and_comes_back() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, dave, bundle) = inviting(&trio.a, "dave");
    let added = trio.alice.commit(&invite, &roots);
    let joined = join(&added.pending, &bundle, &dave, &roots);
    let mut dave = Node::joining(&trio.alice, &joined, dave, &roots);
    let hello = dave.seal(b"hello");
    assert_eq!(trio.alice.open(&hello).unwrap(), b"hello");
    let removal = trio.bob.commit(&removing(&trio.bob, &trio.c.user("carol")), &roots);
    for node in [&mut trio.alice, &mut dave] {
        node.place(&removal.pending.commit, &roots);
        assert_eq!(node.head(), removal.id);
    }
    trio.bob.place(&added.pending.commit, &roots);
    // Dave is to be added again: it was on the losing branch that he came in.
    let bundle = key_package(&dave.identity);
    let key_packages = BTreeMap::from([(dave.identity.client_uri.clone(), bundle.key_package.clone())]);
    let settlement = trio.alice.group.settlement().unwrap();
    let plan = settlement.plan_for(&trio.alice.identity.client_uri, trio.alice.group.head_state().unwrap(), &key_packages);
    let again = trio.alice.commit(&plan.unwrap(), &roots);
    trio.bob.place(&again.pending.commit, &roots);
    let joined = join(&again.pending, &bundle, &dave.identity, &roots);
    dave.place(&again.pending.commit, &roots);
    assert_eq!(dave.group.adopt(&joined, judge(&roots)).unwrap(), again.id);
    let hello = dave.seal(b"hello again");
    assert_eq!(trio.bob.open(&hello).unwrap(), b"hello again");
    assert!(trio.bob.group.settlement().unwrap().intents.is_empty());
}

#[test]
fn a_replayed_welcome_changes_nothing() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, dave, bundle) = inviting(&trio.a, "dave");
    let added = trio.alice.commit(&invite, &roots);
    let joined = join(&added.pending, &bundle, &dave, &roots);
    let mut dave = Node::joining(&trio.alice, &joined, dave, &roots);
    let first = dave.seal(b"first");
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    dave.place(&commit.pending.commit, &roots);
    // The same Welcome once more: its state may not take the ratchet back.
    let replayed = join(&added.pending, &bundle, &dave.identity, &roots);
    assert_eq!(dave.group.adopt(&replayed, judge(&roots)).unwrap(), added.id);
    assert_eq!(dave.head(), commit.id);
    assert_eq!(trio.alice.open(&first).unwrap(), b"first");
    let next = dave.seal(b"next");
    assert_eq!(trio.alice.open(&next).unwrap(), b"next");
}

#[test]
fn an_external_commit_that_removes_somebody_else_is_refused() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let info = trio.alice.group.joinable(&trio.alice.identity, trio.a.hub.signature_public_key()).unwrap();
    // Carol's own resync removes her old leaf only; the same bytes under another name do not hold.
    let join = causeway_mls::Group::join_externally(&info, &trio.carol.identity, (&roots, NOW)).unwrap();
    let mut forged = join.commit.clone();
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    assert!(matches!(trio.bob.hear(&forged, &roots).outcomes[0], CommitOutcome::Refused(_) | CommitOutcome::Waits));
    let placed = trio.bob.place(&join.commit, &roots);
    assert_eq!(placed.summary.removed.iter().map(|(client, _)| client).collect::<Vec<_>>(), [&trio.carol.identity.client_uri]);
}

/// SPEC §14.2: a group whose head nobody can open goes on beside it, without whoever has made it so.
#[test]
fn dmls_11_who_may_goes_on_beside_a_commit_that_nobody_can_open() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let mut thief = Node { group: trio.carol.group.clone(), identity: trio.carol.identity.clone() };
    let mut spoilt = thief.commit(&CommitPlan::default(), &roots).pending.commit;
    let last = spoilt.len() - 1;
    spoilt[last] ^= 1;
    for node in [&mut trio.alice, &mut trio.bob, &mut trio.carol] {
        assert_eq!(node.place(&spoilt, &roots).unopened.len(), 1);
    }
    let plan = removing(&trio.alice, &trio.c.user("carol"));
    assert!(matches!(trio.alice.try_commit(&plan, &roots), Err(MlsError::Stranded(_))));
    let prepared = trio.alice.group.prepare_beside(&trio.alice.identity, &plan, judge(&roots)).unwrap();
    trio.alice.group = reloaded(trio.alice.group);
    // What is prepared beside the head is not published as if it were made in it.
    assert!(trio.alice.group.clone().publish(&prepared.id).is_err());
    let change = trio.alice.group.publish_beside(&prepared.id).unwrap();
    assert_eq!(change.unwrap().to.id, prepared.id);
    trio.bob.place(&prepared.pending.commit, &roots);
    assert_eq!(trio.bob.head(), prepared.id);
    let sealed = trio.alice.seal(b"on we go");
    assert_eq!(trio.bob.open(&sealed).unwrap(), b"on we go");
    // Who holds the head commits there.
    assert!(matches!(trio.bob.group.prepare_beside(&trio.bob.identity, &plan, judge(&roots)), Err(MlsError::Invalid(_))));
}

/// The confirmation tag, before the membership tag, enters what comes after the epoch.
fn with_another_confirmation_tag(commit: &[u8]) -> Vec<u8> {
    let mut altered = commit.to_vec();
    let at = altered.len() - 40;
    altered[at] ^= 1;
    altered
}

/// The joiner's epoch was computed from the tags that we had, and differed from everybody else's.
#[test]
fn dmls_4_who_comes_back_beside_a_wrong_tag_can_go_on() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let commit = trio.alice.commit(&renaming(&trio.alice, "Renamed"), &roots);
    assert_eq!(trio.bob.place(&with_another_confirmation_tag(&commit.pending.commit), &roots).unopened.len(), 1);
    trio.carol.place(&commit.pending.commit, &roots);
    let external = rejoin(&trio.alice, &mut trio.bob, &trio.a, &roots);
    trio.alice.place(&external, &roots);
    trio.carol.place(&external, &roots);
    for index in 0..3 {
        let next = trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        assert!(trio.bob.place(&next.pending.commit, &roots).unopened.is_empty());
        trio.carol.place(&next.pending.commit, &roots);
    }
    trio.assert_agreed();
    let sealed = trio.alice.seal(b"still here");
    assert_eq!(trio.bob.open(&sealed).unwrap(), b"still here");
}

/// What had been built on it in the meantime stayed closed.
#[test]
fn dmls_4_the_right_tags_open_what_follows_too() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let first = trio.alice.commit(&renaming(&trio.alice, "One"), &roots);
    let second = trio.alice.commit(&renaming(&trio.alice, "Two"), &roots);
    let third = trio.alice.commit(&renaming(&trio.alice, "Three"), &roots);
    trio.bob.place(&with_another_confirmation_tag(&first.pending.commit), &roots);
    trio.bob.hear(&second.pending.commit, &roots);
    trio.bob.hear(&first.pending.commit, &roots);
    trio.bob.hear(&third.pending.commit, &roots);
    assert_eq!(trio.bob.head(), third.id);
    assert!(trio.bob.group.stranded().unwrap().is_empty());
}

/// Whoever had heard of what was built on its epoch before its Welcome came, was stranded there.
#[test]
fn a_joiner_follows_what_was_known_before_its_welcome_came() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let (invite, dave, bundle) = inviting(&trio.a, "dave");
    let added = trio.alice.commit(&invite, &roots);
    let joined = join(&added.pending, &bundle, &dave, &roots);
    for index in 0..2 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
    }
    let mut dave = Node::joining(&trio.alice, &joined, dave, &roots);
    assert!(dave.group.stranded().unwrap().is_empty());
    let sealed = trio.alice.seal(b"welcome");
    assert_eq!(dave.open(&sealed).unwrap(), b"welcome");
}
