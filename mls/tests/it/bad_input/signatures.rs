//! DMLS-3: strict Ed25519. A signature that a third party could alter would make two epochs of one commit, and a key of small order
//! signs whatever anybody likes.

use causeway_mls::verify_key_package;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519, PublicKeyData, SanType,
};

use super::*;
use crate::wire::{Reader, vector};

/// The order of Ed25519's base point, 2^252 + 27742317777372353535851937790883648493, little-endian [RFC 8032 §5.1].
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0x10,
];

/// The same signature with s + L in the place of s: whoever does not look whether s is below L takes both.
pub(crate) fn malleated(signature: &[u8]) -> Vec<u8> {
    let mut altered = signature.to_vec();
    let mut carry = 0;
    for (octet, order) in altered[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*octet) + u16::from(order) + carry;
        (*octet, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0, "s is below L, and twice L below 2^256");
    altered
}

#[test]
fn dmls_3_a_signature_that_somebody_else_has_altered_is_refused() {
    let club = Club::new();
    let commit = club.at_bob.clone().commit(&club.bob, &CommitPlan::default(), &club.roots, NOW).unwrap().commit;
    let at = commit.len() - 66 - 64;
    let altered = [&commit[..at], &malleated(&commit[at..at + 64]), &commit[at + 64..]].concat();
    assert_ne!(altered, commit);
    assert!(club.at_alice.stage(&commit, &club.roots, NOW).is_ok());
    assert!(matches!(club.at_alice.stage(&altered, &club.roots, NOW), Err(MlsError::Invalid(_))));
}

/// The subject key of a certificate.
struct Key([u8; 32]);

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ED25519
    }
}

/// A provider that certifies whatever key it is given: its root, and a certificate for bob's second client.
fn certified(client: &ClientIdentity, key: [u8; 32]) -> (Vec<u8>, Vec<u8>) {
    let uri = |uri: &str| SanType::URI(uri.try_into().unwrap());
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(root, KeyPair::generate_for(&PKCS_ED25519).unwrap()).unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![uri(client.client_uri.as_str()), uri(client.user_uri.as_str())];
    let certificate = params.signed_by(&Key(key), &*issuer).unwrap();
    (issuer.der().to_vec(), certificate.der().to_vec())
}

/// A KeyPackage with another signature key and its certificate, and the same signature twice.
fn forged(key_package: &[u8], (key, certificate): ([u8; 32], &[u8]), signature: &[u8]) -> Vec<u8> {
    let mut reader = Reader(key_package);
    let head = reader.over(|reader| {
        reader.take(4);
        reader.vector();
    });
    let leaf = reader.over(Reader::leaf_node);
    let mut fields = Reader(leaf);
    let encryption_key = vector(fields.vector());
    let _ = (fields.vector(), fields.take(2), fields.vector());
    let rest = &fields.0[..fields.0.len() - vector(&[0; 64]).len()];
    let credential = [&[0, 2][..], &vector(&vector(certificate))].concat();
    let leaf = [&encryption_key, &vector(&key), &credential, rest, &vector(signature)].concat();
    [head, &leaf, &[0], &vector(signature)].concat()
}

#[test]
fn dmls_3_keys_of_small_order_are_nobody_s() {
    let b = Provider::new("b.test");
    let device = b.client("bob", "two");
    let honest = key_package(&device).key_package;
    // The neutral element: with R the same and s = 0, s·B = R + h·A whatever was signed.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let (root, certificate) = certified(&device, neutral);
    let mut roots = TrustRoots::default();
    roots.pin(&b.domain, root);
    let signature = [neutral, [0; 32]].concat();
    let evil = forged(&honest, (neutral, &certificate), &signature);
    let refused = verify_key_package(&evil, &roots, &b.user("bob"), NOW).err();
    assert!(matches!(&refused, Some(MlsError::Invalid(why)) if why.to_lowercase().contains("signature")), "{refused:?}");
    // The certificate is not what is wrong with it.
    let (root, certificate) = certified(&device, key_of(&device).public.try_into().unwrap());
    roots.pin(&b.domain, root);
    let public = key_of(&device).public.try_into().unwrap();
    let resigned = {
        let unsigned = forged(&honest, (public, &certificate), &[0; 64]);
        sign_again(&unsigned, &key_of(&device).private)
    };
    assert!(verify_key_package(&resigned, &roots, &b.user("bob"), NOW).is_ok());
}

/// Signs a KeyPackage's leaf, and then the KeyPackage.
fn sign_again(key_package: &[u8], key: &[u8]) -> Vec<u8> {
    let signature = vector(&[0; 64]).len();
    let mut reader = Reader(key_package);
    let head = reader.over(|reader| {
        reader.take(4);
        reader.vector();
    });
    let leaf = reader.over(Reader::leaf_node);
    let leaf = &leaf[..leaf.len() - signature];
    let leaf = [leaf, &vector(&crate::wire::sign(key, "LeafNodeTBS", leaf))].concat();
    let unsigned = [head, &leaf, &[0]].concat();
    let signed = vector(&crate::wire::sign(key, "KeyPackageTBS", &unsigned));
    [unsigned, signed].concat()
}
