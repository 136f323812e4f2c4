//! What is kept, and what is let go (SPEC §14.5).

use causeway_mls::EpochRef;

use super::*;

#[test]
fn secrets_of_final_epochs_go_and_public_state_stays_a_while() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    let mut gone = Vec::new();
    for index in 0..9 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        if index == 2 {
            trio.alice.place(&by_bob.pending.commit, &roots);
        }
        gone.extend(trio.alice.group.forget());
    }
    // The head, and five epochs back to the anchor.
    assert_eq!(trio.alice.group.kept_secrets().count(), 6);
    assert!(gone.contains(&by_bob.id), "the losing branch goes with its fork");
    assert_eq!(gone.len(), 5);
    assert_eq!(trio.alice.group.graph().epochs().count(), 11);
    let changes = trio.alice.group.take_changes().unwrap();
    assert!(changes.group.forgotten.is_empty(), "public state is remembered for {} epochs", causeway_mls::graph::MEMORY);
    let deleted: Vec<_> = changes.group.states.iter().filter(|(id, _)| gone.contains(id)).map(|(_, state)| state).collect();
    assert!(!deleted.is_empty());
    assert!(deleted.iter().all(|state| state.clients.values().all(|rows| rows.put.is_empty() && !rows.delete.is_empty())));
}

#[test]
fn what_is_long_final_is_gone_altogether() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let root = trio.alice.head();
    let mut forgotten = Vec::new();
    for index in 0..30 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        trio.alice.group.forget();
        forgotten.extend(trio.alice.group.take_changes().unwrap().group.forgotten);
    }
    assert!(forgotten.contains(&root));
    // One more than the graph ever had: the epoch before it, whose stragglers opened.
    assert_eq!(forgotten.len() + trio.alice.group.graph().epochs().count(), 32);
    assert!(trio.alice.group.state(&root).is_err());
}

#[test]
fn dmls_23_age_takes_secrets_but_changes_no_head() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let early = trio.bob.seal(b"early");
    trio.alice.commit(&renaming(&trio.alice, "One"), &roots);
    let head = trio.alice.group.head();
    let identities = BTreeMap::from([(trio.alice.identity.client_uri.clone(), trio.alice.identity.clone())]);
    let gone = trio.alice.group.forget_aged(|_: &EpochRef| true, &identities);
    assert_eq!(gone.len(), 1);
    // Newcomers can be told of the graph all the same.
    trio.alice.group = reloaded(trio.alice.group.clone());
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    assert_eq!(ForkableGroup::observe(&tail, judge(&roots)).unwrap().head(), trio.alice.group.head());
    assert_eq!(trio.alice.group.head(), head);
    assert!(trio.alice.open(&early).is_err());
    // A better commit in the epoch whose secrets are gone still wins: the client rejoins.
    let removal = trio.bob.commit(&removing(&trio.bob, &trio.c.user("carol")), &roots);
    let placed = trio.alice.place(&removal.pending.commit, &roots);
    assert_eq!(trio.alice.head(), placed.epoch.id);
    assert_eq!(trio.alice.group.stranded().unwrap(), [trio.alice.identity.client_uri.clone()]);
}
