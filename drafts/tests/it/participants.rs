//! The participant list and its updates [mimi-protocol-06 §7.5].

use causeway_drafts::mimi_protocol_06::participant_list::{
    ParticipantListData, ParticipantListError as Error, ParticipantListUpdate, UserRolePair, UserindexRolePair,
};
use causeway_drafts::mimi_uri::UserUri;
use causeway_drafts::{decode_exact, encode};

fn user(name: &str) -> UserUri {
    UserUri::new(&"a.test".parse().unwrap(), name)
}

fn pair(name: &str, role_index: u32) -> UserRolePair {
    UserRolePair { user: user(name), role_index }
}

fn list(names: &[&str]) -> ParticipantListData {
    ParticipantListData { participants: names.iter().map(|name| pair(name, 2)).collect() }
}

fn update(changed: &[(u32, u32)], removed: &[u32], added: &[(&str, u32)]) -> ParticipantListUpdate {
    ParticipantListUpdate {
        changed_role_participants: changed
            .iter()
            .map(|(user_index, role_index)| UserindexRolePair { user_index: *user_index, role_index: *role_index })
            .collect(),
        removed_indices: removed.to_vec(),
        added_participants: added.iter().map(|(name, role)| pair(name, *role)).collect(),
    }
}

/// P-120: all indexes are of the list before; the order is change, remove, append.
#[test]
fn p_120_indexes_are_of_the_list_before() {
    let before = list(&["a", "b", "c", "d"]);
    let after = before.apply(&update(&[(3, 4)], &[0, 2], &[("e", 2)])).unwrap();
    assert_eq!(after.participants, [pair("b", 2), pair("d", 4), pair("e", 2)]);
    assert_eq!(before, list(&["a", "b", "c", "d"]));
    assert_eq!(after.position(&user("d")), Some(1));
    assert_eq!(after.find(&user("a")), None);
    assert_eq!(before.apply(&update(&[(4, 2)], &[], &[])), Err(Error::Index(4)));
    assert_eq!(before.apply(&update(&[], &[u32::MAX], &[])), Err(Error::Index(u32::MAX)));
}

/// P-121: nobody is touched twice.
#[test]
fn p_121_nobody_is_touched_twice() {
    let before = list(&["a", "b"]);
    for touching in [
        update(&[(0, 3), (0, 4)], &[], &[]),
        update(&[(0, 3)], &[0], &[]),
        update(&[], &[0, 0], &[]),
        update(&[], &[0], &[("a", 2)]),
        update(&[(0, 3)], &[], &[("a", 2)]),
    ] {
        assert_eq!(before.apply(&touching), Err(Error::TouchedTwice(user("a"))), "{touching:?}");
    }
    assert_eq!(before.apply(&update(&[], &[], &[("a", 2)])), Err(Error::AlreadyThere(user("a"))));
    assert_eq!(before.apply(&update(&[], &[], &[("c", 2), ("c", 2)])), Err(Error::TouchedTwice(user("c"))));
}

/// G-31: updates of one commit work on each other's results, and P-121 holds over all of them.
#[test]
fn g_31_updates_of_one_commit_build_on_each_other() {
    let before = list(&["a", "b"]);
    let after = before.apply_all(&[update(&[], &[0], &[]), update(&[(0, 4)], &[], &[("c", 2)])]).unwrap();
    assert_eq!(after.participants, [pair("b", 4), pair("c", 2)]);
    let again = [update(&[], &[0], &[]), update(&[], &[], &[("a", 2)])];
    assert_eq!(before.apply_all(&again), Err(Error::TouchedTwice(user("a"))));
}

/// role 0 means not being there.
#[test]
fn r_002_role_zero_is_never_assigned() {
    assert_eq!(list(&["a"]).apply(&update(&[(0, 0)], &[], &[])), Err(Error::RoleZero));
    assert_eq!(list(&["a"]).apply(&update(&[], &[], &[("b", 0)])), Err(Error::RoleZero));
}

#[test]
fn lists_and_updates_round_trip() {
    let list = list(&["a", "ä"]);
    assert_eq!(decode_exact::<ParticipantListData>(&encode(&list)), Ok(list));
    let update = update(&[(0, 4)], &[1], &[("c", 2)]);
    let bytes = encode(&update);
    assert_eq!(decode_exact::<ParticipantListUpdate>(&bytes), Ok(update));
    for length in 0..bytes.len() {
        assert!(decode_exact::<ParticipantListUpdate>(&bytes[..length]).is_err());
    }
}
