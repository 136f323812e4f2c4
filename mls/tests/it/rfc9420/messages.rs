//! messages, deserialization and transcript-hashes: what the engine reads before it knows a group.

use causeway_drafts::mimi_protocol_06::message::{Message, MessageKind};
use causeway_drafts::{Verbatim, decode_exact};
use causeway_mls::{EpochId, welcome_references};
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::tls_codec::{Serialize as _, VLBytes};
use openmls::prelude::{KeyPackageIn, RatchetTreeIn};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Hex, cases};
use crate::wire::{Reader, vector};

#[derive(Deserialize)]
struct Messages {
    mls_welcome: Hex,
    mls_group_info: Hex,
    mls_key_package: Hex,
    ratchet_tree: Hex,
    public_message_application: Hex,
    public_message_proposal: Hex,
    public_message_commit: Hex,
    private_message: Hex,
}

#[derive(Deserialize)]
struct Length {
    vlbytes_header: Hex,
    length: usize,
}

#[derive(Deserialize)]
struct Transcript {
    authenticated_content: Hex,
    interim_transcript_hash_before: Hex,
    confirmed_transcript_hash_after: Hex,
    interim_transcript_hash_after: Hex,
}

const PARENT: EpochId = EpochId::from_bytes([7; 32]);

/// What an epoch's name is made of, from the commit's ConfirmedTranscriptHashInput [RFC 9420 §8.2].
fn name_of(input: &[u8]) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"causeway epoch/1 child").chain_update([7; 32]);
    hash.chain_update(input).finalize().into()
}

/// Decodes, says what it is, encodes again to the same octets; and no part of it is a message.
fn check(bytes: &[u8], kind: MessageKind) {
    let message = Message::from_bytes(bytes).unwrap();
    assert_eq!((message.value().kind(), message.bytes()), (kind, bytes));
    assert_eq!(message.value().mls().tls_serialize_detached().unwrap(), bytes);
    for length in (0..bytes.len()).step_by(1 + bytes.len() / 50) {
        assert!(Message::from_bytes(&bytes[..length]).is_err(), "the first {length} octets");
    }
    assert!(Message::from_bytes(&[bytes, &[0]].concat()).is_err(), "an octet more");
}

#[test]
fn messages() {
    for case in cases::<Messages>("messages") {
        check(&case.mls_welcome.0, MessageKind::Welcome);
        check(&case.mls_group_info.0, MessageKind::Other);
        check(&case.mls_key_package.0, MessageKind::Other);
        check(&case.public_message_proposal.0, MessageKind::Proposal);
        check(&case.public_message_commit.0, MessageKind::Commit);
        // P-009: application data in a PublicMessage is nothing that we take. P-037: nor are handshakes that nobody sees.
        check(&case.public_message_application.0, MessageKind::Other);
        let content_type = {
            let mut reader = Reader(&case.private_message.0[4..]);
            reader.vector();
            reader.take(8);
            reader.octet()
        };
        check(&case.private_message.0, if content_type == 1 { MessageKind::Application } else { MessageKind::Other });

        assert!(!welcome_references(&case.mls_welcome.0[4..]).unwrap().is_empty());
        Verbatim::<VerifiableGroupInfo>::from_bytes(&case.mls_group_info.0[4..]).unwrap();
        Verbatim::<KeyPackageIn>::from_bytes(&case.mls_key_package.0[4..]).unwrap();
        Verbatim::<RatchetTreeIn>::from_bytes(&case.ratchet_tree.0).unwrap();
    }
}

/// A commit whose group id has this length; there is nothing in it that names what the engine does not look at.
fn commit_of_group(group_id: &[u8]) -> Vec<u8> {
    let sender = [1, 0, 0, 0, 0];
    let rest = [&[0; 8][..], &sender, &[0, 3, 0, 0, 0], &vector(&[1; 32]), &vector(&[2; 32])].concat();
    [&[0, 1, 0, 1][..], group_id, &rest].concat()
}

#[test]
fn deserialization() {
    for case in cases::<Length>("deserialization") {
        let header = &case.vlbytes_header.0;
        if case.length > 1 << 20 {
            // So many octets are not there: that is found out before room is made for them.
            assert!(decode_exact::<VLBytes>(header).is_err());
            assert!(PARENT.child(&commit_of_group(header)).is_err());
            continue;
        }
        let whole = [header.as_slice(), &vec![0; case.length]].concat();
        assert_eq!(decode_exact::<VLBytes>(&whole).unwrap().as_slice().len(), case.length);
        let commit = commit_of_group(&whole);
        let name = PARENT.child(&commit).unwrap();
        assert_eq!(*name.as_bytes(), name_of(&commit[2..commit.len() - 66]), "{} octets", case.length);
    }
}

/// An epoch's name has the very ConfirmedTranscriptHashInput in it that RFC 9420's transcript hash has.
#[test]
fn transcript_hashes() {
    for case in cases::<Transcript>("transcript-hashes") {
        let content = &case.authenticated_content.0;
        let (input, confirmation_tag) = content.split_at(content.len() - 33);
        let membership_tag = vector(&[0; 32]);
        let commit = [&[0, 1], content.as_slice(), &membership_tag].concat();
        let message = Message::from_bytes(&commit).unwrap();
        assert_eq!(message.value().kind(), MessageKind::Commit);
        assert_eq!(*PARENT.child(&commit).unwrap().as_bytes(), name_of(input));

        let confirmed = Sha256::digest([case.interim_transcript_hash_before.0.as_slice(), input].concat());
        assert_eq!(confirmed.as_slice(), case.confirmed_transcript_hash_after.0);
        let interim = Sha256::digest([confirmed.as_slice(), confirmation_tag].concat());
        assert_eq!(interim.as_slice(), case.interim_transcript_hash_after.0);
    }
}
