//! What openmls makes hard for a group whose epochs are a graph, and what was done about it: the cases O.

use openmls::prelude::{LeafNodeParameters, OpenMlsProvider};

use super::*;
use crate::forkable::{Trio, renaming};

/// The library keeps the private key of a leaf that was proposed under a name that all groups share, and deletes it with the
/// first commit that uses it. Here it is the epoch's own, so that both commits of a fork find it.
#[test]
fn o03_an_update_that_both_sides_of_a_fork_commit_opens_on_both() {
    let club = Club::new();
    let (update, mut at_carol) = with_library(&club.at_carol, &club.carol, |provider, group, signer| {
        let (message, _) = group.propose_self_update(provider, signer, LeafNodeParameters::default()).unwrap();
        message.to_bytes().unwrap()
    });
    at_carol.queue_proposals(&[&update]).unwrap();
    let commits = [(&club.at_alice, &club.alice), (&club.at_bob, &club.bob)].map(|(group, identity)| {
        let mut group = group.clone();
        group.queue_proposals(&[&update]).unwrap();
        let pending = group.commit(identity, &CommitPlan::default(), &club.roots, NOW).unwrap();
        group.merge_pending(&identity.client_uri, &club.roots, NOW).unwrap();
        (pending.commit, group, identity)
    });
    for (commit, mut committer, identity) in commits {
        let mut after = follow(at_carol.clone(), &commit, &club.roots);
        assert_eq!(after.ratchet_tree().unwrap(), committer.ratchet_tree().unwrap());
        let sealed = committer.seal(identity, b"on this side", [0; 32]).unwrap();
        assert_eq!(after.open(&sealed).unwrap().application_data, b"on this side");
    }
}

/// The library spends a KeyPackage before it knows whether the join succeeds.
#[test]
fn o04_a_join_that_fails_spends_nothing() {
    let club = Club::new();
    let device = club.b.client("bob", "two");
    let bundle = key_package(&device);
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..Default::default() };
    let (_, pending) = commit(club.at_bob.clone(), &club.bob, &plan, &club.roots);
    let welcome = pending.welcome.as_deref().unwrap();
    let wrong_tree = club.at_bob.ratchet_tree().unwrap();
    let (untrusting, against) = (TrustRoots::default(), (&club.roots, NOW));
    assert!(Group::join((welcome, &wrong_tree), &bundle, &device, None, against).is_err());
    assert!(Group::join((welcome, &pending.ratchet_tree), &bundle, &device, None, (&untrusting, NOW)).is_err());
    let joined = Group::join((welcome, &pending.ratchet_tree), &bundle, &device, None, against).unwrap();
    assert!(joined.holds(&device.client_uri));
}

/// The library remembers past epochs by number, and copies what it remembers into both children. Here each epoch's secrets are
/// in its own state, so that a message opens once, however many children there are.
#[test]
fn o07_a_message_of_a_forked_epoch_opens_once() {
    let mut trio = Trio::new();
    let roots = trio.roots.clone();
    let before = trio.carol.seal(b"before the fork");
    let by_alice = trio.alice.commit(&renaming(&trio.alice, "Alice's"), &roots);
    let by_bob = trio.bob.commit(&renaming(&trio.bob, "Bob's"), &roots);
    trio.alice.place(&by_bob.pending.commit, &roots);
    trio.bob.place(&by_alice.pending.commit, &roots);
    for node in [&mut trio.alice, &mut trio.bob] {
        assert_eq!(node.open(&before).unwrap(), b"before the fork");
        assert!(matches!(node.open(&before), Err(MlsError::Repeated)));
    }
}

/// Whoever has no secrets cannot follow a handshake in a PrivateMessage: it is no handshake here (P-037).
#[test]
fn o10_a_handshake_that_nobody_can_see_is_refused() {
    let club = Club::new();
    let (commit, _) = with_library(&club.at_bob, &club.bob, |provider, group, signer| {
        let hidden = openmls::prelude::MlsGroupJoinConfig::builder()
            .wire_format_policy(openmls::prelude::PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .build();
        group.set_configuration(provider.storage(), &hidden).unwrap();
        let bundle = group.self_update(provider, signer, LeafNodeParameters::default()).unwrap();
        bundle.commit().to_bytes().unwrap()
    });
    let refused = club.at_alice.stage(&commit, &club.roots, NOW).err();
    assert!(matches!(&refused, Some(MlsError::Malformed(why)) if why.starts_with("P-037")), "{refused:?}");
    assert!(club.at_alice.epoch().id.child(&commit).is_err(), "it has no name");
}
