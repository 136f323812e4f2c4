//! External commits: whoever makes one comes in, and does nothing else.

use super::commits::{ADD, EXTERNAL_INIT, SELF_REMOVE, assert_invalid, assert_rule, remove};
use super::*;
use crate::wire::{proposal, vector};

/// A joiner's commit, and taken apart, and the key that signed it.
fn external(club: &Club, joiner: &ClientIdentity) -> (Vec<u8>, Commit, Vec<u8>) {
    let join = Group::join_externally(&joinable(club), joiner, (&club.roots, NOW)).unwrap();
    let read = |reader: &mut crate::wire::Reader<'_>| {
        assert_eq!(reader.octet(), 1, "by value");
        match reader.take(2) {
            [0, 6] => drop(reader.vector()),
            [0, 3] => drop(reader.take(4)),
            other => panic!("{other:?}"),
        }
    };
    let taken_apart = Commit::read(&join.commit, read);
    (join.commit, taken_apart, key_of(joiner).private)
}

pub(crate) fn joinable(club: &Club) -> causeway_mls::JoinableGroupInfo {
    causeway_mls::JoinableGroupInfo {
        group_info: club.at_alice.group_info(&club.alice).unwrap(),
        ratchet_tree: club.at_alice.ratchet_tree().unwrap(),
        pending_proposals: vec![],
        hub_key: club.a.hub.signature_public_key(),
    }
}

/// RFC 9420 §12.4.3.2.
#[test]
fn l05_external_commits_bring_themselves_in_and_nothing_else() {
    let club = Club::new();
    let phone = club.b.client("bob", "phone");
    let (_, base, key) = external(&club, &phone);
    let context = club.at_alice.group_context().unwrap();
    let judged = |commit: &Commit| club.at_alice.stage(&commit.signed(&key, &context), &club.roots, NOW).err();
    assert!(judged(&base).is_none(), "as it was made, it is valid");
    let init = base.proposals[0].clone();
    let with = |proposals: Vec<Vec<u8>>| Commit { proposals, ..base.clone() };
    let added = key_package(&club.b.client("bob", "two")).key_package;
    assert_invalid(judged(&with(vec![])), "without ExternalInit");
    assert_invalid(judged(&with(vec![init.clone(), proposal(EXTERNAL_INIT, &vector(&[1; 32]))])), "two of them");
    assert_invalid(judged(&with(vec![init.clone(), init.clone()])), "the same twice");
    assert_invalid(judged(&with(vec![init.clone(), remove(2)])), "another user's client removed");
    assert_invalid(judged(&with(vec![init.clone(), remove(1)])), "another client of the same user removed");
    assert_invalid(judged(&with(vec![init.clone(), remove(1), remove(2)])), "two removed");
    assert_invalid(judged(&with(vec![init.clone(), proposal(ADD, &added)])), "somebody added");
    assert_invalid(judged(&with(vec![init.clone(), [&[2][..], &vector(&[9; 32])].concat()])), "a proposal by reference");
    assert_invalid(judged(&with(vec![init, proposal(SELF_REMOVE, &[])])), "who joins does not leave");
    assert_invalid(judged(&Commit { path: vec![0], ..base.clone() }), "without path");
    // Somebody else's key under the same commit.
    let other = key_of(&club.carol).private;
    assert_invalid(club.at_alice.stage(&base.signed(&other, &context), &club.roots, NOW).err(), "another's signature");
    // P-035: nobody joins a room whose list does not have it.
    let stranger = club.b.client("stranger", "one");
    let (_, base, key) = external(&club, &stranger);
    assert_rule(club.at_alice.stage(&base.signed(&key, &context), &club.roots, NOW).err(), "P-035");
}

/// A client that came back has one leaf, for members and servers alike; what its old state makes is of an epoch that is over.
#[test]
fn l06_after_a_resync_the_old_leaf_is_gone() {
    let club = Club::new();
    let (resync, base, _) = external(&club, &club.bob);
    assert_eq!(base.proposals.len(), 2, "ExternalInit, and the removal of the own old leaf");
    let server = Group::load(GroupSnapshot { clients: Default::default(), ..club.at_alice.snapshot().clone() }).unwrap();
    let (mut at_alice, server) = (follow(club.at_alice.clone(), &resync, &club.roots), follow(server, &resync, &club.roots));
    assert_eq!(at_alice.members(), server.members());
    assert_eq!(at_alice.members().iter().filter(|member| member.client == club.bob.client_uri).count(), 1);
    // The old state commits in an epoch that is over. What it had sealed before anybody knew is read.
    let stale = club.at_bob.clone().commit(&club.bob, &CommitPlan::default(), &club.roots, NOW).unwrap().commit;
    assert!(matches!(at_alice.stage(&stale, &club.roots, NOW), Err(MlsError::WrongEpoch { .. })));
    let mut at_bob = club.at_bob.clone();
    let sealed = at_bob.seal(&club.bob, b"late", [0; 32]).unwrap();
    assert_eq!(at_alice.open(&sealed).unwrap().application_data, b"late");
}
