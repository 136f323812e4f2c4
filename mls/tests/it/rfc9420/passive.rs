//! passive-client-*: a client joins by a Welcome and follows; every epoch authenticator is as published.

use causeway_mls::{ClientIdentity, CommitOutcome, ForkableGroup, Group, GroupSnapshot, Judge, KeyPackageBundle, MlsError, Rows};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{Credential, CredentialType, KeyPackage, MlsMessageBodyIn, MlsMessageIn, OpenMlsCrypto, OpenMlsProvider};
use openmls::schedule::PreSharedKeyId;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::storage::{CURRENT_VERSION, Entity, StorageProvider, traits};
use openmls_traits::types::HpkePrivateKey;
use serde::{Deserialize, Serialize};

use super::{Hex, admitting, cases};
use crate::forkable::reloaded;
use crate::support::{NOW, Provider, stored};

#[derive(Deserialize)]
struct Case {
    external_psks: Vec<Psk>,
    key_package: Hex,
    signature_priv: Hex,
    encryption_priv: Hex,
    init_priv: Hex,
    welcome: Hex,
    ratchet_tree: Option<Hex>,
    initial_epoch_authenticator: Hex,
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Psk {
    psk_id: Hex,
    psk: Hex,
}

#[derive(Deserialize)]
struct Epoch {
    proposals: Vec<Hex>,
    commit: Hex,
    epoch_authenticator: Hex,
}

/// A KeyPackage with private keys that somebody else has made, as openmls stores its own.
#[derive(Serialize, Deserialize)]
struct Imported {
    key_package: KeyPackage,
    private_init_key: HpkePrivateKey,
    private_encryption_key: EncryptionKey,
}

#[derive(Serialize, Deserialize)]
struct EncryptionKey {
    key: HpkePrivateKey,
}

impl Entity<CURRENT_VERSION> for Imported {}
impl traits::KeyPackage<CURRENT_VERSION> for Imported {}

/// The vector's client.
struct Passive {
    identity: ClientIdentity,
    bundle: KeyPackageBundle,
}

impl Case {
    fn client(&self) -> Passive {
        let provider = OpenMlsRustCrypto::default();
        let MlsMessageBodyIn::KeyPackage(key_package) =
            MlsMessageIn::tls_deserialize_exact(self.key_package.0.as_slice()).unwrap().extract()
        else {
            panic!("not a KeyPackage");
        };
        // The lifetimes of some have run out, so that openmls would not give a KeyPackage; it stores both forms alike.
        let key_package: KeyPackage = serde_json::from_value(serde_json::to_value(&key_package).unwrap()).unwrap();
        self.check_keys(&key_package, &provider);
        let reference = key_package.hash_ref(provider.crypto()).unwrap();
        let imported = Imported {
            key_package: key_package.clone(),
            private_init_key: self.init_priv.0.clone().into(),
            private_encryption_key: EncryptionKey { key: self.encryption_priv.0.clone().into() },
        };
        provider.storage().write_key_package(&reference, &imported).unwrap();
        for psk in &self.external_psks {
            PreSharedKeyId::external(psk.psk_id.0.clone(), vec![]).store(&provider, &psk.psk.0).unwrap();
        }
        let private: Rows = provider.storage().values.read().unwrap().clone().into_iter().collect();
        let bundle = KeyPackageBundle {
            reference: reference.as_slice().to_vec(),
            key_package: self.key_package.0[4..].to_vec(),
            private,
            not_after: u64::MAX,
        };
        Passive { identity: named_as(key_package.leaf_node().credential()), bundle }
    }

    /// The private keys are those of the KeyPackage.
    fn check_keys(&self, key_package: &KeyPackage, provider: &OpenMlsRustCrypto) {
        let (crypto, leaf) = (provider.crypto(), key_package.leaf_node());
        let suite = key_package.ciphersuite();
        // A HPKEPublicKey is an opaque<V> of 32 octets in this suite.
        let encryption_key = causeway_drafts::encode(leaf.encryption_key()).split_off(1);
        let pairs = [(&self.init_priv.0, key_package.hpke_init_key().as_slice()), (&self.encryption_priv.0, &encryption_key)];
        for (private, public) in pairs {
            let sealed = crypto.hpke_seal(suite.hpke_config(), public, b"info", b"aad", b"text").unwrap();
            assert_eq!(crypto.hpke_open(suite.hpke_config(), &sealed, private, b"info", b"aad").unwrap(), b"text");
        }
        let signature = crypto.sign(suite.signature_algorithm(), b"text", &self.signature_priv.0).unwrap();
        crypto.verify_signature(suite.signature_algorithm(), b"text", leaf.signature_key().as_slice(), &signature).unwrap();
    }

    fn joined(&self) -> (Group, ClientIdentity) {
        let Passive { identity, bundle } = self.client();
        let (roots, welcome) = (admitting(), &self.welcome.0[4..]);
        assert!(causeway_mls::welcome_references(welcome).unwrap().contains(&bundle.reference));
        let group = match &self.ratchet_tree {
            Some(tree) => Group::join((welcome, &tree.0), &bundle, &identity, None, (&roots, NOW)),
            None => Group::join_with_own_tree(welcome, &bundle, &identity, None, (&roots, NOW)),
        };
        let group = stored(group.unwrap());
        assert_eq!(group.epoch_authenticator(&identity.client_uri).unwrap(), self.initial_epoch_authenticator.0);
        (group, identity)
    }
}

/// The engine's name for who has a basic credential. The passive client never signs, so that the key behind it is any.
fn named_as(credential: &Credential) -> ClientIdentity {
    assert_eq!(credential.credential_type(), CredentialType::Basic);
    let nobody = Provider::new("basic.invalid");
    nobody.client(&hex::encode(credential.serialized_content()), "basic")
}

/// A member that follows each commit, through the store.
fn follows(case: &Case) {
    let (mut group, identity) = case.joined();
    let roots = admitting();
    for (number, epoch) in case.epochs.iter().enumerate() {
        let proposals: Vec<&[u8]> = epoch.proposals.iter().map(|proposal| proposal.0.as_slice()).collect();
        group.queue_proposals(&proposals).unwrap();
        let staged = group.stage(&epoch.commit.0, &roots, NOW).unwrap();
        group.merge(staged).unwrap();
        group = stored(group);
        let authenticator = group.epoch_authenticator(&identity.client_uri).unwrap();
        assert_eq!(authenticator, epoch.epoch_authenticator.0, "epoch {number}");
    }
}

#[test]
fn passive_client_welcome() {
    for case in cases::<Case>("passive-client-welcome") {
        assert!(case.epochs.is_empty());
        case.joined();
    }
}

/// The cases whose commits take a resumption PSK. Groups of ours keep none: their members cannot open such a commit.
const WITH_RESUMPTION_PSK: [usize; 4] = [3, 5, 10, 12];

fn without_resumption_psk(number: usize) -> bool {
    !WITH_RESUMPTION_PSK.contains(&number)
}

#[test]
fn passive_client_handling_commit() {
    let cases = cases::<Case>("passive-client-handling-commit");
    assert_eq!(cases.len(), 13);
    cases.iter().enumerate().filter(|(number, _)| without_resumption_psk(*number)).for_each(|(_, case)| follows(case));
}

#[test]
fn passive_client_random() {
    cases::<Case>("passive-client-random").iter().for_each(follows);
}

/// A commit that takes a resumption PSK is valid for whoever has no secrets; a member says that it cannot open it, and
/// nothing has changed.
#[test]
fn a_commit_with_a_resumption_psk_opens_at_nobody() {
    let cases = cases::<Case>("passive-client-handling-commit");
    for case in WITH_RESUMPTION_PSK.map(|number| &cases[number]) {
        let (mut group, _) = case.joined();
        let (roots, before) = (admitting(), group.epoch());
        let epochs = case.epochs.iter();
        let refused = epochs.take_while(|epoch| {
            let proposals: Vec<&[u8]> = epoch.proposals.iter().map(|proposal| proposal.0.as_slice()).collect();
            group.queue_proposals(&proposals).unwrap();
            let staged = group.stage(&epoch.commit.0, &roots, NOW).unwrap();
            let at = group.snapshot().clone();
            match group.merge(staged) {
                Ok(_) => true,
                Err(error) => {
                    assert!(matches!(&error, MlsError::Invalid(why) if why.contains("PSK")), "{error}");
                    assert_eq!(*group.snapshot(), at);
                    false
                }
            }
        });
        let followed = refused.count() as u64;
        assert!(followed < case.epochs.len() as u64, "the commit with the PSK has been met");
        assert_eq!(group.epoch().number, before.number + followed);
    }
}

/// The same as a graph: each commit extends the head. Commits that refer to proposals have no place there.
#[test]
fn passive_client_in_a_graph() {
    let cases = cases::<Case>("passive-client-handling-commit");
    let by_value = |case: &Case| case.epochs.iter().all(|epoch| epoch.proposals.is_empty());
    let cases = cases.iter().enumerate().filter(|(number, case)| without_resumption_psk(*number) && by_value(case));
    let mut followed = 0;
    for (_, case) in cases {
        let (group, identity) = case.joined();
        let (mut graph, roots) = (ForkableGroup::begin(group, 5, vec![], &[]).unwrap(), admitting());
        for epoch in &case.epochs {
            let received = graph.receive_commit(&epoch.commit.0, None, Judge { roots: &roots, now_ms: NOW }).unwrap();
            let CommitOutcome::Placed(placed) = &received.outcomes[0] else { panic!("{received:?}") };
            assert_eq!((placed.epoch, placed.unopened.as_slice()), (graph.head(), &[][..]));
            graph = reloaded(graph);
            let authenticator = graph.head_state().unwrap().epoch_authenticator(&identity.client_uri).unwrap();
            assert_eq!(authenticator, epoch.epoch_authenticator.0);
            followed += 1;
        }
    }
    assert_eq!(followed, 8);
}

/// A server without secrets judges the same commits, and comes to the same names, trees and tags.
#[test]
fn passive_client_and_a_server_without_secrets_agree() {
    let cases = cases::<Case>("passive-client-handling-commit");
    let mut agreed = 0;
    for (_, case) in cases.iter().enumerate().filter(|(number, _)| without_resumption_psk(*number)) {
        let (mut group, _) = case.joined();
        let mut server = Group::load(GroupSnapshot { clients: Default::default(), ..group.snapshot().clone() }).unwrap();
        let roots = admitting();
        for epoch in case.epochs.iter().take_while(|epoch| epoch.proposals.is_empty()) {
            for node in [&mut group, &mut server] {
                let staged = node.stage(&epoch.commit.0, &roots, NOW).unwrap();
                node.merge(staged).unwrap();
            }
            assert_eq!(server.epoch(), group.epoch());
            assert_eq!(server.group_context().unwrap(), group.group_context().unwrap());
            assert_eq!(server.confirmation_tag().unwrap(), group.confirmation_tag().unwrap());
            assert_eq!(server.ratchet_tree().unwrap(), group.ratchet_tree().unwrap());
            agreed += 1;
        }
    }
    assert_eq!(agreed, 13);
}
