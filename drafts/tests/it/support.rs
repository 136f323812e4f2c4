//! Real MLS messages, made once by the MLS library.

use std::sync::OnceLock;

use openmls::prelude::tls_codec::Serialize;
use openmls::prelude::*;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// The encodings of one of everything.
pub(crate) struct Mls {
    pub(crate) key_package: Vec<u8>,
    pub(crate) commit: Vec<u8>,
    /// Bare, as it stands in a HandshakeBundle.
    pub(crate) welcome: Vec<u8>,
    pub(crate) group_info: Vec<u8>,
    pub(crate) tree: Vec<u8>,
    pub(crate) proposal: Vec<u8>,
    pub(crate) application: Vec<u8>,
    pub(crate) credential: Credential,
}

pub(crate) fn mls() -> &'static Mls {
    static MLS: OnceLock<Mls> = OnceLock::new();
    MLS.get_or_init(make)
}

fn credential(provider: &OpenMlsRustCrypto, name: &str) -> (SignatureKeyPair, CredentialWithKey) {
    let key = SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap();
    key.store(provider.storage()).unwrap();
    let credential = BasicCredential::new(name.as_bytes().to_vec()).into();
    let signature_key = key.public().into();
    (key, CredentialWithKey { credential, signature_key })
}

fn make() -> Mls {
    let (alice, bob) = (OpenMlsRustCrypto::default(), OpenMlsRustCrypto::default());
    let (alice_key, alice_credential) = credential(&alice, "alice");
    let (bob_key, bob_credential) = credential(&bob, "bob");
    let bundle = KeyPackage::builder().build(SUITE, &bob, &bob_key, bob_credential).unwrap();
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .build();
    let mut group =
        MlsGroup::new_with_group_id(&alice, &alice_key, &config, GroupId::from_slice(b"group"), alice_credential.clone()).unwrap();
    let (commit, welcome, _) = group.add_members(&alice, &alice_key, &[bundle.key_package().clone()]).unwrap();
    group.merge_pending_commit(&alice).unwrap();
    let group_info = group.export_group_info(alice.crypto(), &alice_key, false).unwrap();
    let application = group.create_message(&alice, &alice_key, b"hello").unwrap();
    let (proposal, _) = group.propose_remove_member(&alice, &alice_key, LeafNodeIndex::new(1)).unwrap();
    Mls {
        key_package: bundle.key_package().tls_serialize_detached().unwrap(),
        commit: commit.to_bytes().unwrap(),
        welcome: welcome.to_bytes().unwrap().split_off(4),
        group_info: group_info.to_bytes().unwrap().split_off(4),
        tree: group.export_ratchet_tree().tls_serialize_detached().unwrap(),
        proposal: proposal.to_bytes().unwrap(),
        application: application.to_bytes().unwrap(),
        credential: alice_credential.credential,
    }
}
