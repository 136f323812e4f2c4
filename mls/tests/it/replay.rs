//! Judging once more what was judged when it came.

use causeway_mls::{ClientIdentity, CommitPlan, Group, MlsError, TrustRoots};

use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, CredentialWithKey, ExtensionType, KeyPackage, Lifetime, ProposalType,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::types::SignatureScheme;

use crate::support::*;
use crate::wire::{Commit, proposal};

fn alone() -> (Provider, ClientIdentity, Group, TrustRoots) {
    let a = Provider::new("a.test");
    let (alice, roots) = (a.client("alice", "one"), roots(&[&a]));
    let participants = [(a.user("alice"), ADMIN), (a.user("bob"), MEMBER)];
    let group = create(&a, room(&a, &participants), &alice);
    (a, alice, group, roots)
}

#[test]
fn a_replayed_commit_opens_the_same_epoch_without_secrets_and_roots() {
    let (_, alice, before, roots) = alone();
    let (after, pending) = commit(before.clone(), &alice, &CommitPlan::default(), &roots);
    let replayed = before.replay(&pending.commit).unwrap().unwrap();
    assert_eq!(replayed.epoch(), after.epoch());
    assert_eq!(replayed.group_context().unwrap(), after.group_context().unwrap());
    assert_eq!(replayed.ratchet_tree().unwrap(), after.ratchet_tree().unwrap());
    assert_eq!(replayed.confirmation_tag().unwrap(), after.confirmation_tag().unwrap());
    assert_eq!(replayed.own_clients().count(), 0);
    assert!(matches!(after.replay(&pending.commit), Err(MlsError::WrongEpoch { .. })));
}

/// The rules of MLS and of the room are asked again.
#[test]
fn a_commit_that_was_never_valid_does_not_replay() {
    let (_, alice, before, roots) = alone();
    let (_, pending) = commit(before.clone(), &alice, &CommitPlan::default(), &roots);
    let mut altered = pending.commit.clone();
    let signature = altered.len() - 70;
    altered[signature] ^= 1;
    assert!(matches!(before.replay(&altered), Err(MlsError::Invalid(_))));
}

/// Proposals are kept for as long as they wait.
#[test]
fn a_commit_of_proposals_that_are_gone_cannot_be_replayed() {
    let (a, alice, group, roots) = alone();
    let bob = a.client("bob", "one");
    let bundle = key_package(&bob);
    let plan = CommitPlan { add_key_packages: vec![bundle.key_package.clone()], ..Default::default() };
    let (group, pending) = commit(group, &alice, &plan, &roots);
    let proposals = join(&pending, &bundle, &bob, &roots).leave_proposals(&bob).unwrap();
    let mut at_alice = group.clone();
    at_alice.queue_proposals(&proposals.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let (_, pending) = commit(at_alice.clone(), &alice, &CommitPlan::default(), &roots);
    assert!(at_alice.replay(&pending.commit).unwrap().is_some());
    assert!(group.replay(&pending.commit).unwrap().is_none());
}

/// The library asks the machine's clock whether an added KeyPackage has run out, and so says nothing of a commit that was valid
/// when it came. Such a commit is not called invalid.
#[test]
fn a_commit_that_adds_what_has_run_out_since_cannot_be_replayed() {
    let (a, alice, group, roots) = alone();
    let (_, pending) = commit(group.clone(), &alice, &CommitPlan::default(), &roots);
    let base = Commit::read(&pending.commit, |_| panic!("it has no proposals"));
    let phone = a.client("alice", "phone");
    let (key, provider) = (key_of(&phone), OpenMlsRustCrypto::default());
    let with = |lifetime| {
        let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, key.private.clone(), key.public.clone());
        let credential = CredentialWithKey { credential: phone.credential(), signature_key: key.public.clone().into() };
        let extensions = [ExtensionType::AppDataDictionary];
        let proposals = [ProposalType::AppDataUpdate, ProposalType::SelfRemove];
        let types = [CredentialType::X509];
        let bundle = KeyPackage::builder()
            .key_package_lifetime(lifetime)
            .leaf_node_capabilities(Capabilities::new(None, None, Some(&extensions), Some(&proposals), Some(&types)))
            .build(Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, &provider, &signer, credential)
            .unwrap();
        let added = proposal(1, &causeway_drafts::encode(bundle.key_package()));
        let commit = Commit { proposals: vec![added], ..base.clone() };
        commit.signed(&key_of(&alice).private, &group.group_context().unwrap())
    };
    let (day, now) = (24 * 3600, NOW / 1000);
    assert!(!matches!(group.replay(&with(Lifetime::new(day))), Ok(None)), "one that has not run out is judged");
    let run_out = with(Lifetime::init(now - 60 * day, now - 30 * day));
    assert!(group.replay(&run_out).unwrap().is_none());
    // When it comes, it is refused all the same.
    let refused = group.stage(&run_out, &roots, NOW).err();
    assert!(matches!(&refused, Some(MlsError::Invalid(why)) if why.to_lowercase().contains("lifetime")), "{refused:?}");
}
