//! What those are shown who want to come in, and what they bring.

use causeway_drafts::decode_exact;
use causeway_mls::{EpochId, JoinableGroupInfo, KeyPackageBundle, verify_key_package};
use openmls::prelude::{Capabilities, Ciphersuite, CredentialType, CredentialWithKey, MlsGroupCreateConfig, RatchetTreeIn};

use super::external::joinable;
use super::*;
use crate::wire::{Reader, Tree, vector};

/// A tree that is not the GroupInfo's, for whoever joins or looks on.
#[test]
fn l09_a_tree_that_is_not_the_group_s_is_refused() {
    let club = Club::new();
    let (info, phone) = (joinable(&club), club.b.client("bob", "phone"));
    let against = (&club.roots, NOW);
    let (at_alice, pending) = commit(club.at_alice.clone(), &club.alice, &CommitPlan::default(), &club.roots);
    let newer = at_alice.ratchet_tree().unwrap();
    let mut altered = info.ratchet_tree.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    for tree in [newer, altered, vec![0], vec![]] {
        let refused = Group::join_externally(&JoinableGroupInfo { ratchet_tree: tree.clone(), ..info.clone() }, &phone, against);
        assert!(matches!(refused.err(), Some(MlsError::Invalid(_) | MlsError::Malformed(_))));
        let refused = Group::observe((&info.group_info, &tree), EpochId::from_bytes([0; 32]), against);
        assert!(matches!(refused.err(), Some(MlsError::Invalid(_) | MlsError::Malformed(_))));
    }
    // A GroupInfo of before: it holds, and what is made of it is of an epoch that is over.
    let join = Group::join_externally(&info, &phone, against).unwrap();
    assert!(matches!(at_alice.stage(&join.commit, &club.roots, NOW), Err(MlsError::WrongEpoch { .. })));
    // And a hub takes no older one beside a newer commit (P-039).
    let staged = club.at_alice.stage(&pending.commit, &club.roots, NOW).unwrap();
    let refused = club.at_alice.check_group_info(&staged, &info.group_info, None);
    assert!(matches!(refused, Err(MlsError::NotAllowed(rule)) if rule.rule == "P-039"));
}

/// A leaf in whose extensions there is a tree, in whose leaf there is one, and so on. The stack of a test's thread is 2 MiB.
#[test]
fn l10_extensions_inside_each_other_end_the_reading() {
    let club = Club::new();
    let tree = club.at_alice.ratchet_tree().unwrap();
    let leaf = {
        let mut reader = Reader(Reader(&tree).vector());
        reader.take(2);
        reader.over(Reader::leaf_node).to_vec()
    };
    // Everything of a leaf up to its extensions.
    let signature = vector(&[0; 64]);
    let front = &leaf[..leaf.len() - signature.len() - 1];
    let mut nested = Vec::new();
    for depth in 0..10_000 {
        if depth == 1 {
            decode_exact::<RatchetTreeIn>(&nested).unwrap();
        }
        let extension = if nested.is_empty() { vec![] } else { [&[0, 2][..], &vector(&nested)].concat() };
        // Short of the certificates, which would make of each level a kilobyte.
        let leaf = [&vector(&[1; 32])[..], &vector(&[2; 32]), &[0, 1, 0], &[0; 5], &[2], &vector(&extension), &signature].concat();
        nested = vector(&[&[1, 1][..], &leaf].concat());
    }
    assert!(decode_exact::<RatchetTreeIn>(&nested).is_err());
    let info = joinable(&club);
    let id = EpochId::from_bytes([0; 32]);
    let refused = Group::observe((&info.group_info, &nested), id, (&club.roots, NOW));
    assert!(matches!(refused.err(), Some(MlsError::Malformed(_) | MlsError::Invalid(_))));
    // The same in a KeyPackage's leaf.
    let bundle = key_package(&club.bob);
    let mut reader = Reader(&bundle.key_package);
    let head = reader.over(|reader| {
        reader.take(4);
        reader.vector();
    });
    let extension = [&[0, 2][..], &vector(&nested)].concat();
    let forged = [head, front, &vector(&extension), &signature, &[0], &signature].concat();
    assert!(verify_key_package(&forged, &club.roots, &club.b.user("bob"), NOW).is_err());
}

/// KeyPackages of another kind than the group's, or that have been tampered with.
#[test]
fn l11_key_packages_that_the_group_cannot_use_are_refused() {
    let club = Club::new();
    let device = club.b.client("bob", "two");
    let KeyPackageBundle { key_package, .. } = key_package(&device);
    let user = club.b.user("bob");
    let verify = |bytes: &[u8]| verify_key_package(bytes, &club.roots, &user, NOW).err();
    assert!(verify(&key_package).is_none());
    // Version, ciphersuite, init key, leaf, signature: each is signed.
    for at in [1, 3, 10, 60, key_package.len() - 80, key_package.len() - 1] {
        let mut altered = key_package.clone();
        altered[at] ^= 1;
        assert!(verify(&altered).is_some(), "octet {at}");
    }
    for length in (0..key_package.len()).step_by(37) {
        assert!(matches!(verify(&key_package[..length]), Some(MlsError::Malformed(_))), "{length} octets");
    }
    assert!(matches!(verify(&[key_package.as_slice(), &[0]].concat()), Some(MlsError::Malformed(_))));
}

/// What is very large is not looked into.
#[test]
fn l18_a_handshake_of_more_than_two_mebibytes_is_refused_unread() {
    let club = Club::new();
    let mut base = club.by_bob();
    // SafeAAD with one item, of a component that nobody knows [mls-extensions-09 §4.4].
    let safe_aad = |length: usize| vector(&[&[0xF0, 0xFF][..], &vector(&vec![7; length])].concat());
    base.authenticated_data = safe_aad(1 << 20);
    let refused = club.refusal(&base);
    assert!(refused.is_none(), "one mebibyte is taken: {refused:?}");
    base.authenticated_data = safe_aad(2 << 20);
    assert!(matches!(club.refusal(&base), Some(MlsError::Malformed(why)) if why.contains("octets")));
}

/// The tree has one leaf of each, and each its own key; seen from outside it is the same tree.
#[test]
fn l07_the_tree_that_all_see_is_one() {
    let club = Club::new();
    let encoded = club.at_alice.ratchet_tree().unwrap();
    let tree = Tree::read(&encoded);
    let keys: std::collections::BTreeSet<&[u8]> = (0..3).map(|leaf| tree.leaf_key(leaf)).collect();
    assert_eq!(keys.len(), 3);
    let info = joinable(&club);
    let seen = Group::observe((&info.group_info, &info.ratchet_tree), club.at_alice.epoch().id, (&club.roots, NOW)).unwrap();
    assert_eq!(seen.members(), club.at_alice.members());
}

/// G-67: all groups of ours have one ciphersuite. What members sign with another one is looked at by nobody.
#[test]
fn l22_a_group_of_another_ciphersuite_is_not_entered() {
    let club = Club::new();
    let key = key_of(&club.alice);
    let provider = OpenMlsRustCrypto::default();
    let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, key.private, key.public.clone());
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519)
        .capabilities(Capabilities::new(None, None, None, None, Some(&[CredentialType::X509])))
        .build();
    let credential = CredentialWithKey { credential: club.alice.credential(), signature_key: key.public.into() };
    let group = MlsGroup::new(&provider, &signer, &config, credential).unwrap();
    let group_info = group.export_group_info(provider.crypto(), &signer, false).unwrap().to_bytes().unwrap().split_off(4);
    let ratchet_tree = causeway_drafts::encode(&group.export_ratchet_tree());
    let mut roots = club.roots.clone();
    roots.admit_plain_groups();
    let seen = Group::observe((&group_info, &ratchet_tree), EpochId::from_bytes([0; 32]), (&roots, NOW));
    let info = JoinableGroupInfo { group_info, ratchet_tree, pending_proposals: vec![], hub_key: vec![] };
    let joined = Group::join_externally(&info, &club.bob, (&roots, NOW));
    for refused in [seen.err(), joined.err()] {
        assert!(matches!(&refused, Some(MlsError::Invalid(why)) if why.starts_with("G-67")), "{refused:?}");
    }
}
