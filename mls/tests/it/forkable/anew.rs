//! Whoever was apart for too long begins anew (SPEC §14.3).

use causeway_mls::{CommitOutcome, CreateGroup, MlsError};

use super::stranded::rejoin;
use super::*;

/// So many epochs nobody remembers: the window, what is remembered before it, and one.
const TOO_MANY: usize = 5 + 16 + 1;

/// Bob and carol go on without alice until she knows no epoch that they remember.
fn apart() -> (Trio, Vec<u8>) {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let mut last = Vec::new();
    for turn in 0..TOO_MANY {
        last = trio.bob.commit(&renaming(&trio.bob, &turn.to_string()), &roots).pending.commit;
        trio.carol.place(&last, &roots);
        trio.carol.group.forget();
        trio.bob.group.forget();
    }
    (trio, last)
}

#[test]
fn who_was_apart_for_too_long_begins_anew_and_comes_back() {
    let (mut trio, last) = apart();
    let roots = trio.roots.clone();
    assert!(matches!(trio.alice.hear(&last, &roots).outcomes[0], CommitOutcome::Waits));
    let tail = trio.bob.group.tail(&trio.bob.identity).unwrap();
    let known: Vec<EpochId> = trio.alice.group.graph().epochs().map(|epoch| epoch.id).collect();
    let mut group = trio.alice.group.clone().begin_anew(&tail, [], judge(&roots)).unwrap();
    let changes = group.take_changes().unwrap().group;
    assert!(known.iter().all(|id| changes.forgotten.contains(id)), "what was stored goes: {:?}", changes.forgotten);
    trio.alice.group = reloaded(group);
    assert_eq!(trio.alice.head(), trio.bob.head());
    assert_eq!(trio.alice.group.stranded().unwrap(), [trio.alice.identity.client_uri.clone()]);
    let external = rejoin(&trio.bob, &mut trio.alice, &trio.a, &roots);
    trio.bob.place(&external, &roots);
    trio.carol.place(&external, &roots);
    trio.assert_agreed();
    let sealed = trio.alice.seal(b"back");
    assert_eq!(trio.carol.open(&sealed).unwrap(), b"back");
}

/// An epoch that both know is not stored a second time, and an own client's secrets there are gone for good.
#[test]
fn what_both_graphs_have_is_changed_and_loses_its_secrets() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let sealed = trio.bob.seal(b"before");
    let tail = trio.bob.group.tail(&trio.bob.identity).unwrap();
    let head = trio.alice.head();
    let mut group = trio.alice.group.clone().begin_anew(&tail, [], judge(&roots)).unwrap();
    let changes = group.take_changes().unwrap().group;
    assert!(!changes.forgotten.contains(&head));
    let rows = &changes.states[&head].clients[&trio.alice.identity.client_uri];
    assert!(rows.put.is_empty() && !rows.delete.is_empty());
    trio.alice.group = reloaded(group);
    assert!(matches!(trio.alice.open(&sealed), Err(MlsError::Stranded(_))));
}

#[test]
fn nobody_begins_anew_with_another_group() {
    let trio = Trio::new();
    let (alice, state) = (&trio.alice.identity, room(&trio.a, &[(trio.a.user("alice"), ADMIN)]));
    let other = CreateGroup { group_id: b"mimi://a.test/r/another".to_vec(), room_state: state, hub: &trio.a.hub };
    let other = ForkableGroup::begin(Group::create(other, alice).unwrap(), 5, vec![], &[]).unwrap();
    let refused = trio.alice.group.clone().begin_anew(&other.tail(alice).unwrap(), [], trio.judge()).err();
    assert!(matches!(&refused, Some(MlsError::Invalid(why)) if why.starts_with("P-008")), "{refused:?}");
}
