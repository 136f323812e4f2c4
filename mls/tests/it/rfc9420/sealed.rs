//! welcome and message-protection: what is sealed, through the provider that groups of ours are built with.

use causeway_drafts::mimi_protocol_06::message::{Message, MessageKind};
use causeway_mls::welcome_references;
use openmls::prelude::{OpenMlsCrypto, OpenMlsProvider};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::types::{AeadType, HashType, HpkeCiphertext, SignatureScheme};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::kdf::{SUITE, derive, expand, extract, leaf_secret, ratcheted, sender_data_key};
use super::{Hex, cases};
use crate::wire::{Reader, group_context, labelled, vector};

fn unseal((key, nonce): (&[u8], &[u8]), sealed: &[u8], aad: &[u8]) -> Vec<u8> {
    OpenMlsRustCrypto::default().crypto().aead_decrypt(AeadType::Aes128Gcm, key, sealed, nonce, aad).unwrap()
}

fn verify(key: &[u8], label: &str, content: &[u8], signature: &[u8]) {
    let provider = OpenMlsRustCrypto::default();
    provider.crypto().verify_signature(SignatureScheme::ED25519, &labelled(label, content), key, signature).unwrap();
}

fn mac(key: &[u8], content: &[u8]) -> Vec<u8> {
    OpenMlsRustCrypto::default().crypto().hmac(HashType::Sha2_256, key, content).unwrap().as_slice().to_vec()
}

#[derive(Deserialize)]
struct Welcome {
    init_priv: Hex,
    signer_pub: Hex,
    key_package: Hex,
    welcome: Hex,
}

/// RFC 9420 §12.4.3.1: the engine finds the KeyPackage that the Welcome is for; with its key, the GroupInfo opens.
#[test]
fn welcome() {
    for case in cases::<Welcome>("welcome") {
        let welcome = &case.welcome.0[4..];
        let reference = Sha256::digest([vector(b"MLS 1.0 KeyPackage Reference"), vector(&case.key_package.0[4..])].concat());
        let references = welcome_references(welcome).unwrap();
        let at = references.iter().position(|known| *known == reference.as_slice()).unwrap();

        let mut reader = Reader(&welcome[2..]);
        let mut secrets = Reader(reader.vector());
        let encrypted_group_info = reader.vector();
        let sealed = (0..=at).map(|_| (secrets.vector(), secrets.vector(), secrets.vector())).last().unwrap();
        let sealed = HpkeCiphertext { kem_output: sealed.1.to_vec().into(), ciphertext: sealed.2.to_vec().into() };
        let info = labelled("Welcome", encrypted_group_info);
        let provider = OpenMlsRustCrypto::default();
        let opened = provider.crypto().hpke_open(SUITE.hpke_config(), &sealed, &case.init_priv.0, &info, &[]).unwrap();

        let joiner_secret = Reader(&opened).vector();
        let member = extract(joiner_secret, &[0; 32]);
        let welcome_secret = derive(&member, "welcome");
        let key_and_nonce = (expand(&welcome_secret, "key", &[], 16), expand(&welcome_secret, "nonce", &[], 12));
        let group_info = unseal((&key_and_nonce.0, &key_and_nonce.1), encrypted_group_info, &[]);
        check_group_info(&group_info, &case.signer_pub.0, &member);
    }
}

/// Its signature and its confirmation tag hold.
fn check_group_info(group_info: &[u8], signer: &[u8], member: &[u8]) {
    let mut reader = Reader(group_info);
    reader.take(4);
    let fields = (reader.vector(), reader.take(8), reader.vector(), reader.vector(), reader.vector());
    let (_, _, _, confirmed_transcript_hash, _) = fields;
    let context = &group_info[..group_info.len() - reader.0.len()];
    let (_, confirmation_tag, _) = (reader.vector(), reader.vector(), reader.take(4));
    let signed = &group_info[..group_info.len() - reader.0.len()];
    verify(signer, "GroupInfoTBS", signed, reader.vector());
    let epoch_secret = expand(member, "epoch", context, 32);
    assert_eq!(mac(&derive(&epoch_secret, "confirm"), confirmed_transcript_hash), confirmation_tag);
}

#[derive(Deserialize)]
struct Protection {
    group_id: Hex,
    epoch: u64,
    tree_hash: Hex,
    confirmed_transcript_hash: Hex,
    signature_pub: Hex,
    encryption_secret: Hex,
    sender_data_secret: Hex,
    membership_key: Hex,
    proposal: Hex,
    proposal_pub: Hex,
    proposal_priv: Hex,
    commit: Hex,
    commit_pub: Hex,
    commit_priv: Hex,
    application: Hex,
    application_priv: Hex,
}

impl Protection {
    fn context(&self) -> Vec<u8> {
        group_context(&self.group_id.0, self.epoch, &self.tree_hash.0, &self.confirmed_transcript_hash.0)
    }

    /// A PublicMessage of this content: signature and membership tag hold [RFC 9420 §6.1, §6.2].
    fn check_public(&self, message: &[u8], content: &[u8], kind: MessageKind) {
        assert_eq!(Message::from_bytes(message).unwrap().value().kind(), kind);
        let framed = self.framed(kind, content, message[4 + vector(&self.group_id.0).len() + 8 + 5..].as_ref());
        assert!(message[4..].starts_with(&framed));
        let mut reader = Reader(&message[4 + framed.len()..]);
        let tbs = [&message[..4 + framed.len()], &self.context()].concat();
        verify(&self.signature_pub.0, "FramedContentTBS", &tbs, reader.vector());
        if kind == MessageKind::Commit {
            reader.vector();
        }
        let auth = &message[4 + framed.len()..message.len() - reader.0.len()];
        assert_eq!(mac(&self.membership_key.0, &[&tbs, auth].concat()), reader.vector());
    }

    /// FramedContent of the second leaf; `rest` begins with the authenticated data.
    fn framed(&self, kind: MessageKind, content: &[u8], rest: &[u8]) -> Vec<u8> {
        let authenticated_data = vector(Reader(rest).vector());
        let (content_type, content) = match kind {
            MessageKind::Application => (1, vector(content)),
            MessageKind::Proposal => (2, content.to_vec()),
            _ => (3, content.to_vec()),
        };
        let sender = [1, 0, 0, 0, 1];
        [&vector(&self.group_id.0), &self.epoch.to_be_bytes()[..], &sender, &authenticated_data, &[content_type], &content].concat()
    }

    /// A PrivateMessage of this content: it opens, and its signature holds [RFC 9420 §6.3].
    fn check_private(&self, message: &[u8], content: &[u8], kind: MessageKind) {
        let mut reader = Reader(&message[4..]);
        let (_, _, content_type, authenticated_data) = (reader.vector(), reader.take(8), reader.octet(), reader.vector());
        let aad_end = message.len() - reader.0.len();
        let (sealed_sender, sealed) = (reader.vector(), reader.vector());
        let sender_key = sender_data_key(&self.sender_data_secret.0, sealed);
        let prefix = aad_end - vector(authenticated_data).len();
        let sender = unseal((&sender_key.0, &sender_key.1), sealed_sender, &message[4..prefix]);
        let (leaf, generation) = (&sender[..4], u32::from_be_bytes(sender[4..8].try_into().unwrap()));
        assert_eq!(leaf, [0, 0, 0, 1]);

        let ratchet = if content_type == 1 { "application" } else { "handshake" };
        let (key, mut nonce) = ratcheted(&derive(&leaf_secret(&self.encryption_secret.0, 1, 2), ratchet), generation);
        nonce.iter_mut().zip(&sender[8..12]).for_each(|(octet, guard)| *octet ^= guard);
        let opened = unseal((&key, &nonce), sealed, &message[4..aad_end]);
        let framed = self.framed(kind, content, &vector(authenticated_data));
        let expected = if kind == MessageKind::Application { vector(content) } else { content.to_vec() };
        assert!(opened.starts_with(&expected));
        let signature = Reader(&opened[expected.len()..]).vector();
        verify(&self.signature_pub.0, "FramedContentTBS", &[&[0, 1, 0, 2][..], &framed, &self.context()].concat(), signature);
    }
}

#[test]
fn message_protection() {
    for case in cases::<Protection>("message-protection") {
        case.check_public(&case.proposal_pub.0, &case.proposal.0, MessageKind::Proposal);
        case.check_public(&case.commit_pub.0, &case.commit.0, MessageKind::Commit);
        case.check_private(&case.proposal_priv.0, &case.proposal.0, MessageKind::Proposal);
        case.check_private(&case.commit_priv.0, &case.commit.0, MessageKind::Commit);
        case.check_private(&case.application_priv.0, &case.application.0, MessageKind::Application);
    }
}
