//! What holds for every structure: it comes back as it went out, a body has one reading, and an error says where and why.

use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::group_info::GroupInfoRatchetTreeTbe;
use causeway_drafts::mimi_protocol_06::identifier_query::{IdentifierRequest, QueryElement, SearchType};
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::join_links::JoinLinks;
use causeway_drafts::mimi_room_policy_04::presets;
use causeway_drafts::mimi_room_policy_04::roles_list::RolesList;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_drafts::{DecodeError, Fault, decode_exact, encode};
use proptest::prelude::*;
use tls_codec::Deserialize;

use crate::samples::{Kind, bob, kinds};
use crate::support::mls;

#[test]
fn every_structure_round_trips() {
    for kind in kinds() {
        assert!(!kind.samples.is_empty());
        for sample in &kind.samples {
            assert_eq!((kind.again)(sample).as_ref(), Ok(sample), "{}", kind.name);
        }
    }
}

/// P-007: cut off at any octet, a structure is refused, and the error points at the end of what is there, or at the
/// vector that no longer fits.
#[test]
fn p_007_every_structure_is_whole() {
    for Kind { name, samples, again } in kinds() {
        for sample in samples {
            for length in 0..sample.len() {
                match again(&sample[..length]) {
                    Err(DecodeError::Malformed(fault)) => assert!(fault.offset <= length, "{name} cut at {length}: {fault}"),
                    other => panic!("{name} cut at {length} of {}: {other:?}", sample.len()),
                }
            }
        }
    }
}

/// P-007: nothing follows a structure.
#[test]
fn p_007_nothing_follows_a_structure() {
    for Kind { name, samples, again } in kinds() {
        for sample in samples {
            for tail in [[0].as_slice(), &[0xFF; 9]] {
                let trailing = DecodeError::Trailing { offset: sample.len(), length: tail.len() };
                assert_eq!(again(&[sample, tail].concat()), Err(trailing), "{name}");
            }
        }
    }
}

#[test]
fn what_follows_is_counted() {
    let error = decode_exact::<JoinLinks>(&[2, 1, b'a', 0, 0, 0, 0]).unwrap_err();
    assert_eq!(error.to_string(), "P-007: 4 bytes follow the structure, which ends at byte 3");
}

/// One way to damage a body.
#[derive(Clone, Debug)]
enum Damage {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Repeat(prop::sample::Index, usize),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    // Lengths, codes and presence octets live among these.
    let octet = prop_oneof![3 => 0u8..10, 1 => Just(0x40), 1 => Just(0x80), 1 => Just(0xC0), 1 => Just(0xFF), 2 => any::<u8>()];
    prop_oneof![
        4 => (any::<prop::sample::Index>(), octet.clone()).prop_map(|(at, octet)| Damage::Replace(at, octet)),
        1 => (any::<prop::sample::Index>(), octet).prop_map(|(at, octet)| Damage::Insert(at, octet)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Remove),
        1 => (any::<prop::sample::Index>(), 1usize..40).prop_map(|(at, length)| Damage::Repeat(at, length)),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>) {
        if body.is_empty() {
            return;
        }
        match self {
            Self::Replace(at, octet) => *at.get_mut(body) = *octet,
            Self::Insert(at, octet) => body.insert(at.index(body.len()), *octet),
            Self::Remove(at) => drop(body.remove(at.index(body.len()))),
            Self::Repeat(at, length) => {
                let at = at.index(body.len());
                let part = body[at..body.len().min(at + length)].to_vec();
                body.splice(at..at, part);
            }
            Self::Swap(one, other) => {
                let (one, other) = (one.index(body.len()), other.index(body.len()));
                body.swap(one, other);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// What is accepted has no other encoding: encode(decode(b)) = b. What is not, is refused where it stands.
    #[test]
    fn what_is_accepted_has_one_encoding(
        kind in any::<prop::sample::Index>(),
        sample in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let kind = kind.get(kinds());
        let mut body = sample.get(&kind.samples).clone();
        damages.iter().for_each(|damage| damage.apply(&mut body));
        match (kind.again)(&body) {
            Ok(again) => prop_assert_eq!(again, body, "{}", kind.name),
            Err(DecodeError::Malformed(fault)) => prop_assert!(fault.offset <= body.len(), "{}: {}", kind.name, fault),
            Err(DecodeError::Trailing { offset, length }) => prop_assert_eq!(offset + length, body.len()),
            Err(_) => {}
        }
    }
}

fn fault<T: Deserialize>(body: &[u8]) -> Fault {
    match decode_exact::<T>(body).map(|_| ()) {
        Err(DecodeError::Malformed(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_fault<T: Deserialize>(body: &[u8], offset: usize, path: &str, reason: &str) {
    let found = fault::<T>(body);
    assert_eq!((found.offset, found.path.as_str()), (offset, path), "{found}");
    assert!(found.reason.contains(reason), "{found}");
}

/// The octet, the field by the draft's name, and the reason.
#[test]
fn errors_say_where_and_why() {
    let client = |name: &str, status| ClientKeyMaterial { client_uri: ClientUri::new(&bob(), name), status };
    let first = client("one", ClientKeyMaterialStatus::KeyMaterialExhausted);
    let second = client("two", ClientKeyMaterialStatus::NothingCompatible(None));
    let mut response = KeyMaterialResponse::failure(KeyMaterialUserCode::NoCompatibleMaterial, bob());
    response.clients = vec![first.clone(), second.clone()];
    let body = encode(&response);
    // protocol, code, URI with its length, length of the vector.
    let start = 2 + encode(&bob()).len() + 1;
    let at_second = start + encode(&first).len();
    let with = |at: usize, octet: u8| {
        let mut body = body.clone();
        body[at] = octet;
        body
    };
    assert_fault::<KeyMaterialResponse>(&with(0, 2), 0, "protocol", "2 is none of the values");
    assert_fault::<KeyMaterialResponse>(&with(at_second, 3), at_second, "clients[1].clientStatus", "3 is none of the values");
    assert_fault::<KeyMaterialResponse>(&with(at_second + 2, b'x'), at_second + 2, "clients[1].clientUri", "G-07");
    assert_fault::<KeyMaterialResponse>(
        &with(body.len() - 1, 2),
        body.len() - 1,
        "clients[1].clientCapabilities",
        "2 is no presence octet",
    );
    assert_fault::<KeyMaterialResponse>(&body[..at_second + 5], at_second + 5, "clients[1].clientUri", "the body ends");
    // The vector is one octet shorter than its last element.
    let mut short = body.clone();
    short[start - 1] -= 1;
    assert_fault::<KeyMaterialResponse>(&short, body.len() - 1, "clients[1].clientCapabilities", "its vector ends");
    let text = format!("{}", decode_exact::<KeyMaterialResponse>(&with(at_second, 3)).unwrap_err());
    assert_eq!(
        text,
        format!("P-007: at byte {at_second}, in clients[1].clientStatus: 3 is none of the values that the draft names")
    );
}

/// Text is UTF-8; the fault is its first octet that is not.
#[test]
fn g_11_text_is_utf_8() {
    let request = IdentifierRequest::new(vec![QueryElement::new(SearchType::Nick, "alïce")]);
    let mut body = encode(&request);
    let at = body.len() - 5;
    body[at] = b'x';
    assert_fault::<IdentifierRequest>(&body, at + 1, "query_elements[0].searchValue", "not UTF-8");
    assert_fault::<UpdateRoomResponse>(&[2, 3, b'a', 0xFF, b'b'], 3, "errorDescription", "not UTF-8");
}

/// [RFC 9420 §2.1.2]: a length has its shortest form and 30 bits at most; the fault is its first octet.
#[test]
fn lengths_have_their_shortest_form() {
    assert_eq!(decode_exact::<JoinLinks>(&[2, 1, b'a']).unwrap().links.len(), 1);
    let cases: [(&[u8], usize, &str); 5] = [
        (&[0x40, 2, 1, b'a'], 0, ""),
        (&[0x80, 0, 0, 2, 1, b'a'], 0, ""),
        (&[0xC0, 0, 0, 0, 0, 0, 0, 2, 1, b'a'], 0, ""),
        (&[3, 0x40, 1, b'a'], 1, "[0].join_link"),
        (&[3, 0, 0x40, 1], 2, "[1].join_link"),
    ];
    for (body, offset, element) in cases {
        let path = format!("links{element}");
        assert_fault::<JoinLinks>(body, offset, &path, "is not in its shortest form");
    }
    let long = [0xC0, 0, 0, 0, 0x40, 0, 0, 0];
    assert_fault::<JoinLinks>(&long, 0, "links", "2^30 or more");
    // The same within an MLS object and within a field of octets.
    let mut key_package = encode(&ConsentEntry::new(ConsentOperation::Revoke, bob(), bob(), None));
    let last = key_package.len() - 1;
    key_package.splice(last.., [0x40, 0]);
    assert_fault::<ConsentEntry>(&key_package, last, "consent_extensions", "is not in its shortest form");
}

/// G-58: presence octets and `bool`s are 0 or 1.
#[test]
fn g_58_presence_octets_and_bools_are_0_or_1() {
    let body = encode(&BaseRoomPolicy::ordinary(vec![0x25]));
    let fields = ["fixed_membership", "parent_dependant", "", "multi_device", "max_clients", "max_users", "pseudonyms_allowed"];
    for (at, field) in fields.iter().enumerate().filter(|(_, field)| !field.is_empty()) {
        for octet in [2, 0x7F, 0xFF] {
            let mut odd = body.clone();
            odd[at] = octet;
            assert_fault::<BaseRoomPolicy>(&odd, at, field, &octet.to_string());
        }
    }
}

/// Where several messages come in one body, bytes are counted from its beginning.
#[test]
fn p_066_faults_of_a_later_message_are_found() {
    let first = FanoutMessage::application(1, &mls().application, None).unwrap().to_bytes();
    let mut body = [first.clone(), first.clone()].concat();
    let last = body.len() - 1;
    body[last] = 7;
    let DecodeError::Malformed(fault) = FanoutMessage::decode_body(&body).unwrap_err() else { panic!("not malformed") };
    assert_eq!((fault.offset, fault.path.as_str()), (last, "frank"));
}

/// G-18, P-037: a message in the wrong place is refused where it begins.
#[test]
fn g_18_a_message_in_the_wrong_place_is_named() {
    let key_package = [&[0, 1, 0, 5], mls().key_package.as_slice()].concat();
    assert_fault::<FanoutMessage>(&[&[0; 8], key_package.as_slice()].concat(), 8, "message", "G-18");
    assert_fault::<UpdateRequest>(&key_package, 0, "proposalOrCommit", "P-037");
    let good = FanoutMessage::proposals(1, &mls().proposal, &[&mls().proposal]).unwrap().to_bytes();
    let head = &good[..8 + mls().proposal.len()];
    let two = [mls().proposal.as_slice(), &mls().commit].concat();
    let odd = [head, &encode(&tls_codec::VLBytes::new(two))].concat();
    assert_fault::<FanoutMessage>(&odd, odd.len() - mls().commit.len(), "moreProposals[1]", "P-037");
}

/// P-079: what is pending is a proposal.
#[test]
fn p_079_only_proposals_are_pending() {
    let tbe = kinds().iter().find(|kind| kind.name == "GroupInfoRatchetTreeTBE").unwrap();
    let body = &tbe.samples[0];
    let pending = 2 * (mls().proposal.len() + 8);
    let head = &body[..body.len() - pending - 2];
    let commit = [mls().commit.as_slice(), &[0; 8]].concat();
    let odd = [head, &encode(&tls_codec::VLBytes::new(commit))].concat();
    let at = odd.len() - mls().commit.len() - 8;
    assert_fault::<GroupInfoRatchetTreeTbe>(&odd, at, "pending_proposals[0].proposal", "P-037");
}

/// A length prefix takes no memory before the octets are there: 2^30 - 1 are announced, none follow.
#[test]
fn a_length_prefix_allocates_nothing() {
    // The codec reads octets in steps of 4 KiB at most; errors are a few strings.
    const BOUND: u64 = 16 * 1024;
    let claims = [0xBF, 0xFF, 0xFF, 0xFF];
    for Kind { name, samples, again } in kinds() {
        for sample in samples {
            for at in 0..sample.len().min(64) {
                let body = [&sample[..at], &claims, &sample[at..sample.len().min(at + 6)]].concat();
                let used = allocation_counter::measure(|| drop(again(&body)));
                // What the octets before it say takes its own memory.
                let bound = BOUND + 64 * body.len() as u64;
                assert!(used.bytes_max < bound, "{name}, claimed at {at}: {} bytes", used.bytes_max);
            }
        }
    }
    for nested in [1, 10, 100] {
        let body = claims.repeat(nested);
        let used = allocation_counter::measure(|| drop(decode_exact::<RolesList>(&body)));
        assert!(used.bytes_max < BOUND, "{nested}: {} bytes", used.bytes_max);
    }
    // The counter does count.
    let used = allocation_counter::measure(|| drop(decode_exact::<RolesList>(&encode(&presets::moderated()))));
    assert!(used.bytes_max > 100);
}
