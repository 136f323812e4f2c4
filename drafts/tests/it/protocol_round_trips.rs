//! Every structure of the protocol, with real MLS objects in it: out, back, and cut off at every octet.

use std::fmt::Debug;

use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::group_info::{GroupInfoRequest, GroupInfoResponse, GroupInfoStatus};
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::{DecodeError, decode_exact, encode};
use openmls::prelude::RequiredCapabilitiesExtension;
use tls_codec::{Deserialize, Serialize};

use crate::support::mls;

/// P-007: a body is exactly one structure.
fn assert_round_trip<T: Serialize + Deserialize + PartialEq + Debug>(value: &T) -> Vec<u8> {
    let bytes = encode(value);
    assert_eq!(&decode_exact::<T>(&bytes).unwrap(), value);
    for length in 0..bytes.len() {
        assert!(decode_exact::<T>(&bytes[..length]).is_err(), "cut at {length} of {}", bytes.len());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(decode_exact::<T>(&longer).unwrap_err(), DecodeError::Trailing { offset: bytes.len(), length: 1 });
    bytes
}

fn alice() -> UserUri {
    "mimi://a.test/u/alice".parse().unwrap()
}

fn frank() -> Frank {
    Frank { server_frank: [1; 32], franking_signature_ciphersuite: 1, franking_integrity_signature: vec![2; 64].into() }
}

#[test]
fn update_round_trips() {
    let mls = mls();
    let commit = UpdateRequest::commit(&mls.commit, Some(&mls.welcome), &mls.group_info, &mls.tree).unwrap();
    let bytes = assert_round_trip(&commit);
    // G-17: no protocol octet before the MLSMessage.
    assert_eq!(&bytes[..4], [0, 1, 0, 1]);
    assert_round_trip(&UpdateRequest::commit(&mls.commit, None, &mls.group_info, &mls.tree).unwrap());
    let proposals = UpdateRequest::proposals(&[mls.proposal.clone(), mls.proposal.clone()]).unwrap();
    assert_round_trip(&proposals);
    for status in [
        UpdateStatus::Success { accepted_timestamp: 5 },
        UpdateStatus::WrongEpoch { current_epoch: 6 },
        UpdateStatus::NotAllowed,
        UpdateStatus::InvalidProposal { references: Vec::new() },
    ] {
        let bytes = assert_round_trip(&UpdateRoomResponse { status, error_description: "R-071".to_owned() });
        assert_eq!(&bytes[1..7], b"\x05R-071");
    }
}

/// What the hub passes on is what it received, octet for octet.
#[test]
fn received_octets_are_kept() {
    let mls = mls();
    let UpdateRequest::Commit(bundle) = UpdateRequest::commit(&mls.commit, Some(&mls.welcome), &mls.group_info, &mls.tree).unwrap()
    else {
        panic!("not a commit")
    };
    assert_eq!(bundle.commit.bytes(), mls.commit);
    assert_eq!(bundle.welcome.unwrap().bytes(), mls.welcome);
    assert_eq!(bundle.group_info_option.full_bytes().unwrap(), mls.group_info);
    assert_eq!(bundle.ratchet_tree_option.full_bytes().unwrap(), mls.tree);
}

#[test]
fn notify_round_trips() {
    let mls = mls();
    let tree = RatchetTreeOption::full(&mls.tree).unwrap();
    let messages = [
        FanoutMessage::application(1, &mls.application, Some(frank())).unwrap(),
        FanoutMessage::application(2, &mls.application, None).unwrap(),
        FanoutMessage::welcome(3, &mls.welcome, tree).unwrap(),
        FanoutMessage::welcome(3, &mls.welcome, RatchetTreeOption::DistributionService).unwrap(),
        FanoutMessage::proposals(4, &mls.proposal, &[]).unwrap(),
        FanoutMessage::proposals(4, &mls.proposal, &[&mls.proposal]).unwrap(),
        FanoutMessage::commit(5, &mls.commit, &[]).unwrap(),
        FanoutMessage::commit(6, &mls.commit, &[&mls.proposal]).unwrap(),
    ];
    for message in &messages {
        assert_round_trip(message);
    }
    // P-066: a body is one or more of them.
    let body: Vec<u8> = messages.iter().flat_map(FanoutMessage::to_bytes).collect();
    assert_eq!(FanoutMessage::decode_body(&body).unwrap(), messages);
    assert!(FanoutMessage::decode_body(&body[..body.len() - 1]).is_err());
    assert!(matches!(FanoutMessage::decode_body(&[]), Err(DecodeError::UnexpectedMessage(_))));
    let FanoutBody::Welcome { message, .. } = &messages[2].body else { panic!("not a welcome") };
    assert_eq!(message.bytes()[4..], mls.welcome);
}

#[test]
fn submit_message_round_trips() {
    assert_round_trip(&SubmitMessageRequest::new(&mls().application, alice()).unwrap());
    for (status, code) in [
        (SubmitStatus::Success { accepted_timestamp: 5, frank: Some(frank()) }, 0),
        (SubmitStatus::Success { accepted_timestamp: 5, frank: None }, 0),
        (SubmitStatus::NotAllowed, 1),
        (SubmitStatus::EpochTooOld { current_epoch: 7 }, 2),
    ] {
        let bytes = assert_round_trip(&SubmitMessageResponse::new(status));
        assert_eq!(bytes[..2], [1, code]);
    }
}

#[test]
fn key_material_round_trips() {
    let tbs = KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: alice(),
        target_user: "mimi://b.test/u/bob".parse().unwrap(),
        room_id: "mimi://a.test/r/club".parse().unwrap(),
        acceptable_ciphersuites: vec![1, 2],
        required_capabilities: RequiredCapabilitiesExtension::default(),
        requester_signature_key: vec![3; 32].into(),
        requester_credential: mls().credential.clone(),
    };
    let content = tbs.signed_content();
    let request = tbs.clone().sign(|signed| Ok::<_, ()>(signed.to_vec())).unwrap();
    assert_eq!(request.key_material_request_signature.as_slice(), content);
    assert_round_trip(&request);
    // P-021: no ciphersuite is no request.
    let empty = KeyMaterialRequestTbs { acceptable_ciphersuites: vec![], ..tbs };
    assert!(decode_exact::<KeyMaterialRequestTbs>(&encode(&empty)).is_err());

    let client = |name: &str, status| ClientKeyMaterial { client_uri: ClientUri::new(&alice(), name), status };
    let response =
        |user_status, clients| KeyMaterialResponse { protocol: Protocol::Mls10, user_status, user_uri: alice(), clients };
    let supplied = || client("one", ClientKeyMaterialStatus::Success(decode_exact(&mls().key_package).unwrap()));
    let exhausted = || client("two", ClientKeyMaterialStatus::KeyMaterialExhausted);
    let partial = response(
        KeyMaterialUserCode::PartialSuccess,
        vec![supplied(), exhausted(), client("three", ClientKeyMaterialStatus::NothingCompatible(None))],
    );
    assert_round_trip(&partial);
    assert_eq!(partial.validate(), Ok(()));
    // P-023, P-027: codes and clients agree.
    assert!(response(KeyMaterialUserCode::Success, vec![supplied(), exhausted()]).validate().is_err());
    assert!(response(KeyMaterialUserCode::PartialSuccess, vec![exhausted()]).validate().is_err());
    assert!(response(KeyMaterialUserCode::NoCompatibleMaterial, vec![supplied()]).validate().is_err());
    assert!(response(KeyMaterialUserCode::NoConsent, vec![exhausted()]).validate().is_err());
    assert_round_trip(&KeyMaterialResponse::failure(KeyMaterialUserCode::NoConsent, alice()));
}

#[test]
fn group_info_round_trips() {
    let request = GroupInfoRequest::unsigned(1, vec![1; 32], mls().credential.clone(), vec![2; 32]);
    let content = request.signed_content();
    let signed = request.sign(|content| Ok::<_, ()>(content.to_vec())).unwrap();
    assert_eq!(signed.signature.as_slice(), content);
    assert_round_trip(&signed);
    // P-080: refusals have codes 2 and 3.
    for (status, code) in [(GroupInfoStatus::NotAuthorized, 2), (GroupInfoStatus::NoSuchRoom, 3)] {
        let response = GroupInfoResponse { protocol: Protocol::Mls10, room_id: b"room".to_vec().into(), status };
        let bytes = assert_round_trip(&response);
        assert_eq!(bytes.last(), Some(&code));
        assert_eq!(response.signed_content(), None);
    }
}

#[test]
fn consent_round_trips() {
    let bob: UserUri = "mimi://b.test/u/bob".parse().unwrap();
    let room = "mimi://a.test/r/club".parse().unwrap();
    for operation in [ConsentOperation::Cancel, ConsentOperation::Request, ConsentOperation::Grant, ConsentOperation::Revoke] {
        for room in [None, Some(&room)] {
            let entry = ConsentEntry::new(operation, alice(), bob.clone(), room.cloned());
            assert_round_trip(&entry);
            assert_eq!(entry.scope(), (&alice(), &bob, room));
        }
    }
    // P-088: KeyPackages only come with a grant.
    let mut grant = ConsentEntry::new(ConsentOperation::Grant, alice(), bob.clone(), None);
    grant.client_key_packages = vec![decode_exact(&mls().key_package).unwrap()];
    assert_round_trip(&grant);
    let mut bytes = encode(&grant);
    bytes[0] = ConsentOperation::Request as u8;
    assert!(decode_exact::<ConsentEntry>(&bytes).is_err());
    bytes[0] = 4;
    assert!(decode_exact::<ConsentEntry>(&bytes).is_err());
}
