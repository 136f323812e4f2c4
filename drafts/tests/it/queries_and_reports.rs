//! `identifierQuery`, `reportAbuse` and the requests of `groupInfo` [mimi-protocol-06 §5.6, §5.8, §5.9].

use causeway_drafts::application::frame;
use causeway_drafts::mimi_content_09::MimiContent;
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext, franking_tag, server_frank, sign_content};
use causeway_drafts::mimi_protocol_06::group_info::{GroupInfoRequest, GroupInfoResponse};
use causeway_drafts::mimi_protocol_06::identifier_query::{
    IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement, SearchType, UserProfile,
};
use causeway_drafts::mimi_protocol_06::pseudonymous_credential::{PseudonymousCredential, PseudonymousCredentialTbs};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{PartialGroupInfo, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::report_abuse::{AbuseReport, AbusiveMessage};
use causeway_drafts::{decode_exact, encode};

use crate::content_vectors::ORIGINAL;
use crate::samples::{alice, bob, frank, kinds};
use crate::support::mls;

/// The wire of a query, octet for octet.
#[test]
fn a_query_is_laid_out_as_drafted() {
    let claim = SearchType::OidcStdClaim { claim_name: b"given_name".to_vec().into() };
    let request = IdentifierRequest::new(vec![QueryElement::new(SearchType::Handle, "h"), QueryElement::new(claim, "Xavier")]);
    let expected = [&[22, 1, 1, b'h', 7, 10], b"given_name".as_slice(), &[6], b"Xavier", &[0]].concat();
    assert_eq!(request.to_bytes()[1..], expected[1..]);
    assert_eq!(request.to_bytes()[0] as usize, expected.len() - 2);
}

/// What the draft does not name is refused: reserved values too.
#[test]
fn unknown_codes_are_refused() {
    for code in [0, 9, 255] {
        let error = decode_exact::<IdentifierRequest>(&[3, code, 1, b'x', 0]).unwrap_err().to_string();
        assert!(error.starts_with("P-007: at byte 1, in query_elements[0].searchType: "), "{error}");
    }
    for code in [5, 255] {
        assert!(decode_exact::<IdentifierResponse>(&[code, 0, 0, 0]).is_err(), "{code}");
    }
    let response = kinds().iter().find(|kind| kind.name == "IdentifierResponse").unwrap();
    let with_profile = &response.samples[0];
    let at = with_profile.windows(11).position(|window| window == b"\x07\x0agiven_name"[..11].as_ref()).unwrap();
    for source in [0, 1, 6, 9] {
        let mut odd = with_profile.clone();
        odd[at] = source;
        let error = (response.again)(&odd).unwrap_err().to_string();
        assert!(error.contains("foundProfiles[0].fields[0].fieldSource"), "{error}");
    }
}

/// G-51: users stand in both lists; who stands in one only is found as well.
#[test]
fn g_51_an_answer_names_users_in_both_lists() {
    let profile = |stable_uri| UserProfile { stable_uri, fields: Vec::new() };
    let mut response = IdentifierResponse::success(vec![profile(bob()), profile(alice())]);
    assert_eq!(response.uri, [bob(), alice()]);
    assert_eq!(response.users(), [&bob(), &alice()]);
    response.found_profiles.pop();
    assert_eq!(response.users(), [&bob(), &alice()]);
    response.uri.clear();
    assert_eq!(response.users(), [&bob()]);
    assert!(IdentifierResponse::failure(IdentifierQueryCode::NotFound).users().is_empty());
}

/// G-52: no reason but 0, and a reporter may stay unnamed.
#[test]
fn g_52_reports_have_one_reason() {
    let report = AbuseReport::new(None, bob(), "spam");
    let body = report.to_bytes();
    assert_eq!(body[0], 0);
    let at = 1 + encode(&bob()).len();
    assert_eq!(body[at..at + 2], [0, 4]);
    for reason in [1, 7, 255] {
        let mut odd = body.clone();
        odd[at] = reason;
        let error = decode_exact::<AbuseReport>(&odd).unwrap_err().to_string();
        assert!(error.starts_with(&format!("P-007: at byte {at}, in reasonCode: ")), "{error}");
    }
    let named = AbuseReport::new(Some(alice()), bob(), "spam");
    assert_eq!(named.to_bytes()[..encode(&alice()).len()], encode(&alice()));
    // The accused has to have a name.
    assert!(decode_exact::<AbuseReport>(&[0, 0, 0, 0, 0, 0]).is_err());
    // A note is text.
    let mut odd = body.clone();
    odd[at + 2] = 0xFF;
    assert!(decode_exact::<AbuseReport>(&odd).is_err());
}

/// G-34: a report holds the application_data as received, and the hub finds its own stamp on it, on nothing else.
#[test]
fn g_34_a_report_is_verified_by_the_hub() {
    let content = MimiContent::decode(ORIGINAL).unwrap();
    let context = ServerFrankingContext {
        sender_uri: content.sender_uri().unwrap().parse().unwrap(),
        room_uri: content.room_uri().unwrap().parse().unwrap(),
        accepted_timestamp: 1_644_387_225_019,
    };
    let (hub_key, application_data) = ([9; 32], frame(ORIGINAL));
    let stamp = server_frank(&hub_key, &franking_tag(&content.salt, &application_data), &context);
    let message = AbusiveMessage {
        message_content: application_data.into(),
        frank: Frank { server_frank: stamp, ..frank() },
        accepted_timestamp: context.accepted_timestamp,
    };
    // Over the wire and back, months later.
    let report = AbuseReport { messages: vec![message.clone()], ..AbuseReport::new(Some(alice()), bob(), "") };
    let received: AbuseReport = decode_exact(&report.to_bytes()).unwrap();
    let reported = &received.messages[0];
    assert!(reported.is_franked(&hub_key, &content.salt, &context));
    assert!(!reported.is_franked(&[8; 32], &content.salt, &context));
    assert!(!reported.is_franked(&hub_key, &[0; 16], &context));
    let other_sender = ServerFrankingContext { sender_uri: alice(), ..context.clone() };
    assert!(!reported.is_franked(&hub_key, &content.salt, &other_sender));
    let later = AbusiveMessage { accepted_timestamp: context.accepted_timestamp + 1, ..message.clone() };
    assert!(!later.is_franked(&hub_key, &content.salt, &context));
    let bare = AbusiveMessage { message_content: ORIGINAL.to_vec().into(), ..message };
    assert!(!bare.is_franked(&hub_key, &content.salt, &context));
}

/// G-20: on the wire an empty code is none; in what is signed there is a presence octet.
#[test]
fn g_20_a_joining_code_is_absent_when_empty() {
    let without = GroupInfoRequest::unsigned(1, vec![1; 32], mls().credential.clone(), vec![2; 32]);
    let with = GroupInfoRequest { joining_code: b"code".to_vec().into(), ..without.clone() };
    let before = [&[1, 0, 1, 32], [1; 32].as_slice(), &encode(&mls().credential), &[32], &[2; 32]].concat();
    assert_eq!(encode(&without), [before.as_slice(), &[0, 0]].concat());
    assert_eq!(encode(&with), [before.as_slice(), &[4], b"code", &[0]].concat());
    let signed = |tail: &[u8]| sign_content("GroupInfoRequestTBS", &[before.as_slice(), tail].concat());
    assert_eq!(without.signed_content(), signed(&[0]));
    assert_eq!(with.signed_content(), signed(b"\x01\x04code"));
}

/// G-21: a success is signed over all that precedes the signature.
#[test]
fn g_21_a_group_info_response_is_signed_as_sent() {
    let kind = kinds().iter().find(|kind| kind.name == "GroupInfoResponse").unwrap();
    let body = &kind.samples[0];
    let response: GroupInfoResponse = decode_exact(body).unwrap();
    // The signature has 64 octets and a length of two.
    assert_eq!(response.signed_content().unwrap(), sign_content("GroupInfoResponseTBS", &body[..body.len() - 66]));
    for status in [0, 4, 255] {
        let error = decode_exact::<GroupInfoResponse>(&[1, 0, status]).unwrap_err().to_string();
        assert!(error.starts_with("P-007: at byte 2, in status: "), "{error}");
    }
}

/// G-10: MLS 1.0 is the only protocol.
#[test]
fn g_10_there_is_one_protocol() {
    for kind in
        kinds().iter().filter(|kind| ["KeyMaterialRequest", "SubmitMessageResponse", "GroupInfoRequest"].contains(&kind.name))
    {
        for protocol in [0, 2, 255] {
            let mut odd = kind.samples[0].clone();
            odd[0] = protocol;
            let error = (kind.again)(&odd).unwrap_err().to_string();
            assert!(error.starts_with("P-007: at byte 0, in protocol: "), "{}: {error}", kind.name);
        }
    }
}

/// G-23
#[test]
fn g_23_a_partial_group_info_is_read() {
    let partial = PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::Added,
        group_info_extensions: Vec::new(),
        signature: vec![1].into(),
    };
    assert_eq!(encode(&partial), [3, 0, 1, 1]);
    assert_eq!(decode_exact::<PartialGroupInfo>(&[3, 0, 1, 1]), Ok(partial));
    assert!(decode_exact::<PartialGroupInfo>(&[4, 0, 1, 1]).is_err());
}

/// G-68: `opaque signature_public_key` has a length as every key has.
#[test]
fn g_68_a_pseudonym_is_signed_without_its_link() {
    let credential = PseudonymousCredential {
        client_pseudonym: "mimi://a.test/d/0f3a/91c2".parse().unwrap(),
        user_pseudonym: "mimi://a.test/u/0f3a".parse().unwrap(),
        signature_public_key: vec![1, 2].into(),
        identity_link_ciphertext: vec![3].into(),
    };
    let tbs: PseudonymousCredentialTbs = credential.tbs();
    let body = [&[25], b"mimi://a.test/d/0f3a/91c2".as_slice(), &[20], b"mimi://a.test/u/0f3a", &[2, 1, 2]].concat();
    assert_eq!(encode(&tbs), body);
    assert_eq!(encode(&credential), [body.as_slice(), &[1, 3]].concat());
    assert_eq!(tbs.signed_content(), sign_content("PseudonymousCredentialTBS", &body));
}
