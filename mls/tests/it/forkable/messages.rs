//! A message sealed in any epoch that is kept, on any branch, opens at everybody who was in it (SPEC §14.5).

use causeway_mls::MlsError;

use super::*;

#[test]
fn a_message_of_a_losing_branch_opens_at_everybody_who_was_in_it() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let by_alice = trio.alice.commit(&renaming(&trio.alice, "Alice's"), &roots);
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    let (from_alice, from_bob) = (trio.alice.seal(b"on hers"), trio.bob.seal(b"on his"));
    trio.carol.place(&by_alice.pending.commit, &roots);
    trio.carol.place(&by_bob.pending.commit, &roots);
    assert_eq!(trio.carol.open(&from_alice).unwrap(), b"on hers");
    assert_eq!(trio.carol.open(&from_bob).unwrap(), b"on his");
    trio.alice.place(&by_bob.pending.commit, &roots);
    trio.bob.place(&by_alice.pending.commit, &roots);
    assert_eq!(trio.alice.open(&from_bob).unwrap(), b"on his");
    assert_eq!(trio.bob.open(&from_alice).unwrap(), b"on hers");
    // Nothing opens twice.
    assert!(matches!(trio.bob.open(&from_alice), Err(MlsError::Repeated)));
    // And from now on, everybody sends on the same branch.
    let heads = [trio.alice.head(), trio.bob.head(), trio.carol.head()];
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn who_was_removed_on_the_head_gets_nothing_sealed_by_those_who_know() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let carol = trio.c.user("carol");
    let other = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    let removal = trio.alice.commit(&removing(&trio.alice, &carol), &roots);
    // What bob sends before he knows stays readable to carol: SPEC §14.8 says so.
    trio.carol.place(&other.pending.commit, &roots);
    let before = trio.bob.seal(b"before");
    assert_eq!(trio.carol.open(&before).unwrap(), b"before");
    trio.bob.place(&removal.pending.commit, &roots);
    assert_eq!(trio.bob.head(), removal.id);
    let after = trio.bob.seal(b"after");
    trio.carol.place(&removal.pending.commit, &roots);
    assert!(trio.carol.open(&after).is_err());
    assert!(trio.carol.group.stranded().unwrap().is_empty(), "she is out, not stranded");
    assert!(matches!(trio.carol.group.seal(&trio.carol.identity.clone(), b"x", [0; 32]), Err(MlsError::NoSuchClient(_))));
}

#[test]
fn a_message_from_outside_the_window_has_a_clear_outcome() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let early = trio.bob.seal(b"early");
    for index in 0..7 {
        let commit = trio.alice.commit(&renaming(&trio.alice, &format!("Name {index}")), &roots);
        trio.alice.group.forget();
        trio.carol.place(&commit.pending.commit, &roots);
    }
    assert!(matches!(trio.alice.open(&early), Err(MlsError::TooOld { .. })));
    // Carol has not forgotten yet.
    assert_eq!(trio.carol.open(&early).unwrap(), b"early");
    let ahead = trio.alice.seal(b"ahead");
    assert!(matches!(trio.bob.open(&ahead), Err(MlsError::FutureEpoch { .. })));
    assert!(matches!(trio.alice.open(&ahead), Err(MlsError::OwnMessage | MlsError::Invalid(_))));
}

/// Obstacle: a stale snapshot decrypts again and seals with the same generation. What is stored is always the newest.
#[test]
fn a_generation_is_used_once_across_reloads() {
    let mut trio = Trio::new();
    let (one, two) = (trio.alice.seal(b"one"), trio.alice.seal(b"two"));
    assert_ne!(one, two);
    assert_eq!(trio.bob.open(&two).unwrap(), b"two");
    assert_eq!(trio.bob.open(&one).unwrap(), b"one");
    assert!(trio.bob.open(&one).is_err());
}

/// Each own client has a ratchet of its own: what one has opened opened again at the next, when it was repeated.
#[test]
fn a_message_opens_once_where_several_own_clients_could() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let tablet = trio.b.client("bob", "tablet");
    let bundle = key_package(&tablet);
    let added = trio.bob.commit(&adding(Vec::new(), vec![bundle.key_package.clone()]), &roots);
    trio.bob.group.adopt(&join(&added.pending, &bundle, &tablet, &roots), judge(&roots)).unwrap();
    trio.alice.place(&added.pending.commit, &roots);
    let sealed = trio.alice.seal(b"once");
    assert_eq!(trio.bob.group.head_state().unwrap().own_clients().count(), 2);
    assert_eq!(trio.bob.open(&sealed).unwrap(), b"once");
    assert!(matches!(trio.bob.open(&sealed), Err(MlsError::Repeated)));
}

/// The graph gave an epoch up for better commits by the same user, heard of it once more, and made it anew: what had been
/// opened there opened again, and what was sealed there was sealed with the generations that had been used.
#[test]
fn dmls_9_an_epoch_that_was_given_up_after_use_is_not_made_a_second_time() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let parent = trio.bob.group.clone();
    let mut doubles: Vec<(Node, Prepared)> = (0..3)
        .map(|index| {
            let mut double = Node { group: parent.clone(), identity: trio.bob.identity.clone() };
            let commit = double.commit(&renaming(&double, &format!("Name {index}")), &roots);
            (double, commit)
        })
        .collect();
    // All of bob's: the last one by name goes.
    doubles.sort_by_key(|(_, commit)| std::cmp::Reverse(commit.id));
    let sealed = doubles[0].0.seal(b"once");
    let given_up = doubles[0].1.id;
    trio.alice.place(&doubles[0].1.pending.commit, &roots);
    assert_eq!(trio.alice.open(&sealed).unwrap(), b"once");
    for (_, commit) in &doubles[1..] {
        trio.alice.place(&commit.pending.commit, &roots);
    }
    assert!(!trio.alice.group.graph().contains(&given_up));
    trio.alice.hear(&doubles[0].1.pending.commit, &roots);
    assert!(trio.alice.group.graph().contains(&given_up), "it waits for somebody to build on it");
    assert!(!trio.alice.group.state(&given_up).unwrap().holds(&trio.alice.identity.client_uri));
    assert!(trio.alice.open(&sealed).is_err());
}
