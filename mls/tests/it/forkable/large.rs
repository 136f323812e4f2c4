//! A commit is as large as its group lets it be (DMLS-2): whoever is told the graph gets all of a window at once.

use super::*;

/// The largest commits that a group of so many makes: one that brings everybody in, and one in a tree without any path.
fn largest(members: usize) -> [usize; 2] {
    let provider = Provider::new("a.test");
    let roots = roots(&[&provider]);
    let alice = provider.client("alice", "one");
    let name = |leaf: usize| format!("member-{leaf}");
    let entries = (1..members).map(|leaf| UserRolePair { user: provider.user(&name(leaf)), role_index: MEMBER }).collect();
    let key_packages = (1..members).map(|leaf| key_package(&provider.client(&name(leaf), "one")).key_package).collect();
    let group = create(&provider, room(&provider, &[(provider.user("alice"), ADMIN)]), &alice);
    let mut group = ForkableGroup::begin(group, 5, Vec::new(), &[]).unwrap();
    [adding(entries, key_packages), CommitPlan::default()].map(|plan| {
        let prepared = group.prepare(&alice, &plan, judge(&roots)).unwrap();
        group.publish(&prepared.id).unwrap();
        prepared.pending.commit.len()
    })
}

#[test]
fn dmls_2_what_groups_of_any_size_commit_is_a_fourth_of_what_is_taken_at_most() {
    for members in [2, 100, 1000] {
        let [adding, renewing] = largest(members);
        let bound = |members: usize, added: usize| (64 << 10) + 384 * members + (16 << 10) * added;
        assert!(4 * adding <= bound(1, members - 1), "{members}: {adding}");
        assert!(4 * renewing <= bound(members, 0), "{members}: {renewing}");
    }
}

#[test]
fn dmls_2_a_commit_that_is_too_large_for_its_group_is_refused_by_all() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let plan = |octets: usize| renaming(&trio.bob, &"B".repeat(octets));
    let commit = |octets: usize| {
        let mut head = trio.bob.group.head_state().unwrap().clone();
        head.commit(&trio.bob.identity, &plan(octets), &roots, NOW).unwrap().commit
    };
    let (large, fitting) = (commit(80_000), commit(60_000));
    let refused = trio.bob.group.prepare(&trio.bob.identity, &plan(80_000), judge(&roots));
    assert!(matches!(refused, Err(MlsError::NotAllowed(refused)) if refused.rule == "DMLS-2"));
    let tail = trio.alice.group.tail(&trio.alice.identity).unwrap();
    let mut server = ForkableGroup::observe(&tail, judge(&roots)).unwrap();
    for group in [&mut trio.alice.group, &mut server] {
        let outcomes = group.receive_commit(&large, None, judge(&roots)).unwrap().outcomes;
        let CommitOutcome::Refused(MlsError::NotAllowed(refused)) = &outcomes[0] else { panic!("{outcomes:?}") };
        assert_eq!(refused.rule, "DMLS-2");
        let outcomes = group.receive_commit(&fitting, None, judge(&roots)).unwrap().outcomes;
        assert!(matches!(outcomes[0], CommitOutcome::Placed(_)), "{outcomes:?}");
    }
}

/// A commit with a confirmation tag of so many octets, 2^14 or more, in the place of its own.
fn with_tag(commit: &[u8], octets: u32) -> Vec<u8> {
    // The last of a commit are its confirmation tag and its membership tag, each of 32 octets after one for their number.
    let (content, membership_tag) = (&commit[..commit.len() - 66], &commit[commit.len() - 33..]);
    let length = (0x8000_0000 | octets).to_be_bytes();
    [content, &length, &vec![7; octets as usize], membership_tag].concat()
}

/// It was an error, as if something were wrong on our side.
#[test]
fn dmls_4_a_commit_with_tags_of_another_length_is_refused() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let right = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    let padded = with_tag(&right.pending.commit, 20_000);
    for _ in 0..2 {
        let outcomes = trio.alice.hear(&padded, &roots).outcomes;
        assert!(matches!(outcomes[..], [CommitOutcome::Refused(MlsError::Malformed(_))]), "{outcomes:?}");
        trio.alice.hear(&right.pending.commit, &roots);
        assert_eq!(trio.alice.head(), right.id);
    }
}
