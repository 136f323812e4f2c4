//! crypto-basics, key-schedule, psk_secret, secret-tree: primitives that the engine leaves to openmls, through the provider that
//! its groups are built with.

use causeway_mls::seal_to;
use openmls::prelude::{OpenMlsCrypto, OpenMlsProvider};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::types::{Ciphersuite, HashType, HpkeCiphertext, SignatureScheme};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Hex, cases};
use crate::wire::{group_context, labelled, sign, vector};

const HASH: HashType = HashType::Sha2_256;
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// KDF.Extract.
pub(crate) fn extract(salt: &[u8], secret: &[u8]) -> Vec<u8> {
    OpenMlsRustCrypto::default().crypto().hkdf_extract(HASH, salt, secret).unwrap().as_slice().to_vec()
}

/// ExpandWithLabel [RFC 9420 §8].
pub(crate) fn expand(secret: &[u8], label: &str, context: &[u8], length: usize) -> Vec<u8> {
    let info = [&(length as u16).to_be_bytes()[..], &labelled(label, context)].concat();
    OpenMlsRustCrypto::default().crypto().hkdf_expand(HASH, secret, &info, length).unwrap().as_slice().to_vec()
}

/// DeriveSecret.
pub(crate) fn derive(secret: &[u8], label: &str) -> Vec<u8> {
    expand(secret, label, &[], 32)
}

/// DeriveTreeSecret [RFC 9420 §9].
fn derive_tree(secret: &[u8], label: &str, generation: u32, length: usize) -> Vec<u8> {
    expand(secret, label, &generation.to_be_bytes(), length)
}

#[derive(Deserialize)]
struct CryptoBasics {
    ref_hash: RefHash,
    expand_with_label: Expanded,
    derive_secret: Derived,
    derive_tree_secret: TreeDerived,
    sign_with_label: Signed,
    encrypt_with_label: Encrypted,
}

#[derive(Deserialize)]
struct RefHash {
    label: String,
    value: Hex,
    out: Hex,
}

#[derive(Deserialize)]
struct Expanded {
    secret: Hex,
    label: String,
    context: Hex,
    length: usize,
    out: Hex,
}

#[derive(Deserialize)]
struct Derived {
    secret: Hex,
    label: String,
    out: Hex,
}

#[derive(Deserialize)]
struct TreeDerived {
    secret: Hex,
    label: String,
    generation: u32,
    length: usize,
    out: Hex,
}

#[derive(Deserialize)]
struct Signed {
    r#priv: Hex,
    r#pub: Hex,
    content: Hex,
    label: String,
    signature: Hex,
}

#[derive(Deserialize)]
struct Encrypted {
    r#priv: Hex,
    r#pub: Hex,
    label: String,
    context: Hex,
    plaintext: Hex,
    kem_output: Hex,
    ciphertext: Hex,
}

#[test]
fn crypto_basics() {
    for case in cases::<CryptoBasics>("crypto-basics") {
        let RefHash { label, value, out } = case.ref_hash;
        assert_eq!(Sha256::digest([vector(label.as_bytes()), vector(&value.0)].concat()).as_slice(), out.0);
        let Expanded { secret, label, context, length, out } = case.expand_with_label;
        assert_eq!(expand(&secret.0, &label, &context.0, length), out.0);
        let Derived { secret, label, out } = case.derive_secret;
        assert_eq!(derive(&secret.0, &label), out.0);
        let TreeDerived { secret, label, generation, length, out } = case.derive_tree_secret;
        assert_eq!(derive_tree(&secret.0, &label, generation, length), out.0);
        signatures(&case.sign_with_label);
        encryption(&case.encrypt_with_label);
    }
}

/// Our SignContent is that of whoever made the vector.
fn signatures(case: &Signed) {
    let content = causeway_drafts::mimi_protocol_06::franking::sign_content(&case.label, &case.content.0);
    let provider = OpenMlsRustCrypto::default();
    let verify =
        |signature: &[u8]| provider.crypto().verify_signature(SignatureScheme::ED25519, &content, &case.r#pub.0, signature);
    verify(&case.signature.0).unwrap();
    verify(&sign(&case.r#priv.0, &case.label, &case.content.0)).unwrap();
    assert!(verify(&[0; 64]).is_err());
}

/// What our EncryptWithLabel seals opens with the vector's key, as the vector's own ciphertext does.
fn encryption(case: &Encrypted) {
    let provider = OpenMlsRustCrypto::default();
    let info = labelled(&case.label, &case.context.0);
    let open =
        |sealed: &HpkeCiphertext| provider.crypto().hpke_open(SUITE.hpke_config(), sealed, &case.r#priv.0, &info, &[]).unwrap();
    let published = HpkeCiphertext { kem_output: case.kem_output.0.clone().into(), ciphertext: case.ciphertext.0.clone().into() };
    assert_eq!(open(&published), case.plaintext.0);
    let ours = seal_to(&case.r#pub.0, (&case.label, &case.context.0), &case.plaintext.0).unwrap();
    assert_eq!(open(&ours), case.plaintext.0);
}

#[derive(Deserialize)]
struct KeySchedule {
    group_id: Hex,
    initial_init_secret: Hex,
    epochs: Vec<ScheduledEpoch>,
}

#[derive(Deserialize)]
struct ScheduledEpoch {
    tree_hash: Hex,
    commit_secret: Hex,
    psk_secret: Hex,
    confirmed_transcript_hash: Hex,
    group_context: Hex,
    joiner_secret: Hex,
    welcome_secret: Hex,
    init_secret: Hex,
    sender_data_secret: Hex,
    encryption_secret: Hex,
    exporter_secret: Hex,
    epoch_authenticator: Hex,
    external_secret: Hex,
    confirmation_key: Hex,
    membership_key: Hex,
    resumption_psk: Hex,
    external_pub: Hex,
    exporter: Exporter,
}

#[derive(Deserialize)]
struct Exporter {
    label: String,
    context: Hex,
    length: usize,
    secret: Hex,
}

#[test]
fn key_schedule() {
    for case in cases::<KeySchedule>("key-schedule") {
        let mut init_secret = case.initial_init_secret.0;
        for (number, epoch) in (0..).zip(&case.epochs) {
            let context = group_context(&case.group_id.0, number, &epoch.tree_hash.0, &epoch.confirmed_transcript_hash.0);
            assert_eq!(context, epoch.group_context.0);
            let joiner = expand(&extract(&init_secret, &epoch.commit_secret.0), "joiner", &context, 32);
            assert_eq!(joiner, epoch.joiner_secret.0);
            let member = extract(&joiner, &epoch.psk_secret.0);
            assert_eq!(derive(&member, "welcome"), epoch.welcome_secret.0);
            init_secret = scheduled(epoch, &expand(&member, "epoch", &context, 32));
        }
    }
}

/// Checks what comes of an epoch_secret [RFC 9420 §8]; the next init_secret.
fn scheduled(epoch: &ScheduledEpoch, epoch_secret: &[u8]) -> Vec<u8> {
    let secrets = [
        ("sender data", &epoch.sender_data_secret),
        ("encryption", &epoch.encryption_secret),
        ("exporter", &epoch.exporter_secret),
        ("authentication", &epoch.epoch_authenticator),
        ("external", &epoch.external_secret),
        ("confirm", &epoch.confirmation_key),
        ("membership", &epoch.membership_key),
        ("resumption", &epoch.resumption_psk),
        ("init", &epoch.init_secret),
    ];
    for (label, secret) in secrets {
        assert_eq!(derive(epoch_secret, label), secret.0, "{label}");
    }
    let external =
        OpenMlsRustCrypto::default().crypto().derive_hpke_keypair(SUITE.hpke_config(), &epoch.external_secret.0).unwrap();
    assert_eq!(external.public, epoch.external_pub.0);
    let Exporter { label, context, length, secret } = &epoch.exporter;
    let exported = expand(&derive(&epoch.exporter_secret.0, label), "exported", &Sha256::digest(&context.0), *length);
    assert_eq!(exported, secret.0);
    epoch.init_secret.0.clone()
}

#[derive(Deserialize)]
struct PskSecret {
    psks: Vec<Psk>,
    psk_secret: Hex,
}

#[derive(Deserialize)]
struct Psk {
    psk_id: Hex,
    psk: Hex,
    psk_nonce: Hex,
}

/// RFC 9420 §8.4.
#[test]
fn psk_secret() {
    for case in cases::<PskSecret>("psk_secret") {
        let count = (case.psks.len() as u16).to_be_bytes();
        let secret = (0u16..).zip(&case.psks).fold(vec![0; 32], |secret, (index, psk)| {
            let id = [&[1][..], &vector(&psk.psk_id.0), &vector(&psk.psk_nonce.0)].concat();
            let label = [&id[..], &index.to_be_bytes(), &count].concat();
            let input = expand(&extract(&[0; 32], &psk.psk.0), "derived psk", &label, 32);
            extract(&input, &secret)
        });
        assert_eq!(secret, case.psk_secret.0);
    }
}

#[derive(Deserialize)]
struct SecretTree {
    sender_data: SenderData,
    encryption_secret: Hex,
    leaves: Vec<Vec<Generation>>,
}

#[derive(Deserialize)]
struct SenderData {
    sender_data_secret: Hex,
    ciphertext: Hex,
    key: Hex,
    nonce: Hex,
}

#[derive(Deserialize)]
struct Generation {
    generation: u32,
    handshake_key: Hex,
    handshake_nonce: Hex,
    application_key: Hex,
    application_nonce: Hex,
}

/// Key and nonce of a generation of a ratchet [RFC 9420 §9.1].
pub(crate) fn ratcheted(ratchet: &[u8], generation: u32) -> (Vec<u8>, Vec<u8>) {
    let secret = (0..generation).fold(ratchet.to_vec(), |secret, passed| derive_tree(&secret, "secret", passed, 32));
    (derive_tree(&secret, "key", generation, 16), derive_tree(&secret, "nonce", generation, 12))
}

/// Key and nonce of the sender data of a message [RFC 9420 §6.3.2].
pub(crate) fn sender_data_key(secret: &[u8], ciphertext: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let sample = &ciphertext[..ciphertext.len().min(32)];
    (expand(secret, "key", sample, 16), expand(secret, "nonce", sample, 12))
}

/// The secret of a leaf of a tree of so many, a power of two [RFC 9420 §9].
pub(crate) fn leaf_secret(root: &[u8], leaf: usize, leaves: usize) -> Vec<u8> {
    match leaves {
        1 => root.to_vec(),
        _ if leaf < leaves / 2 => leaf_secret(&expand(root, "tree", b"left", 32), leaf, leaves / 2),
        _ => leaf_secret(&expand(root, "tree", b"right", 32), leaf - leaves / 2, leaves / 2),
    }
}

#[test]
fn secret_tree() {
    for case in cases::<SecretTree>("secret-tree") {
        let SenderData { sender_data_secret, ciphertext, key, nonce } = case.sender_data;
        assert_eq!(sender_data_key(&sender_data_secret.0, &ciphertext.0), (key.0, nonce.0));
        let leaves = case.leaves.len().next_power_of_two();
        for (leaf, generations) in case.leaves.iter().enumerate() {
            let secret = leaf_secret(&case.encryption_secret.0, leaf, leaves);
            let (handshake, application) = (derive(&secret, "handshake"), derive(&secret, "application"));
            for Generation { generation, handshake_key, handshake_nonce, application_key, application_nonce } in generations {
                let (handshake, application) = (ratcheted(&handshake, *generation), ratcheted(&application, *generation));
                assert_eq!((&handshake.0, &handshake.1), (&handshake_key.0, &handshake_nonce.0));
                assert_eq!((&application.0, &application.1), (&application_key.0, &application_nonce.0));
            }
        }
    }
}
