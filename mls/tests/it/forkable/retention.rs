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

/// Rows that are deleted erase nothing: whoever stores the changes has to know under which keys there is nothing any more.
#[test]
fn the_keys_of_final_and_of_aged_epochs_go_though_their_public_state_stays() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let first = trio.alice.head();
    for index in 0..6 {
        trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
    }
    assert_eq!(trio.alice.group.forget(), [first]);
    assert_eq!(trio.alice.group.take_changes().unwrap().group.emptied, [first]);
    assert_eq!(trio.alice.group.take_changes().unwrap().group.emptied, []);
    let identities = BTreeMap::from([(trio.alice.identity.client_uri.clone(), trio.alice.identity.clone())]);
    let mut aged = trio.alice.group.forget_aged(|_: &EpochRef| true, &identities);
    let mut emptied = trio.alice.group.take_changes().unwrap().group.emptied;
    aged.sort();
    emptied.sort();
    assert_eq!((aged.len(), &aged), (5, &emptied));
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

/// What a statement makes of too many commits: the state of the one that gives way stayed, and its secrets with it.
#[test]
fn dmls_9_what_an_acceptance_crowds_out_is_gone_with_its_secrets() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let parent = trio.bob.group.clone();
    let mut commits: Vec<Prepared> = (0..3)
        .map(|index| {
            let mut double = Node { group: parent.clone(), identity: trio.bob.identity.clone() };
            double.commit(&renaming(&double, &format!("Name {index}")), &roots)
        })
        .collect();
    commits.sort_by_key(|commit| commit.id);
    for commit in &commits {
        trio.alice.place(&commit.pending.commit, &roots);
    }
    // The last one waits for somebody to build on it; then the hub accepts it.
    trio.alice.group.accept(&trio.a.hub, &commits[2].id, 1).unwrap();
    let graph = trio.alice.group.graph();
    assert!(!graph.contains(&commits[1].id));
    assert!(trio.alice.group.kept_secrets().all(|id| graph.contains(&id)));
}

/// An epoch that is given up, and comes again before that was stored, was named as new and as gone at once.
#[test]
fn an_epoch_that_goes_and_comes_again_in_one_transaction_is_stored() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let parent = trio.bob.group.clone();
    let mut commits: Vec<Prepared> = (0..3)
        .map(|index| {
            let mut double = Node { group: parent.clone(), identity: trio.bob.identity.clone() };
            double.commit(&renaming(&double, &format!("Name {index}")), &roots)
        })
        .collect();
    commits.sort_by_key(|commit| std::cmp::Reverse(commit.id));
    let first = &commits[0];
    trio.alice.place(&first.pending.commit, &roots);
    for commit in commits[1..].iter().chain([first]) {
        trio.alice.group.receive_commit(&commit.pending.commit, None, judge(&roots)).unwrap();
    }
    let changes = trio.alice.group.take_changes().unwrap().group;
    assert!(trio.alice.group.graph().contains(&first.id));
    assert!(!changes.forgotten.contains(&first.id));
}
