//! The inputs that the fuzzer keeps (`drafts/fuzz/corpus/<target>`), through the same functions, without a fuzzer.
//!
//! A decoder that gets a target gets seeds here: `CAUSEWAY_WRITE_SEEDS=1 cargo test -p causeway-drafts corpus_seeds` writes
//! them. MLS objects are other ones each time, therefore it is not checked that they stand there.

use std::path::PathBuf;

use causeway_drafts::application::{ComponentsList, MediaType, MediaTypeList, frame};
use causeway_drafts::mimi_content_09::message_id;
use causeway_drafts::mimi_message_status_01::{MessageStatus, MessageStatusReport, PerMessageStatus};
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_protocol_06::directory::Directory;
use causeway_drafts::mimi_protocol_06::franking::{Frank, FrankingAgent, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::group_info::{
    EncryptedGroupInfo, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, HubSender, PendingProposal,
};
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::participant_list::{
    ParticipantListData, ParticipantListUpdate, UserRolePair, UserindexRolePair,
};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, RatchetTreeOption};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};
use causeway_drafts::{decode_exact, encode};
use openmls::framing::{SafeAad, SafeAadItem};
use openmls::prelude::{HpkeCiphertext, RequiredCapabilitiesExtension};

use crate::content_vectors::{ORIGINAL, vectors};
use crate::support::mls;

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "elsewhere it is a crate")]
mod targets;

use targets::TARGETS;

fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// Nothing that the fuzzer found brings a panic, or encodes to other bytes. Each target has some that are accepted.
#[test]
fn corpus_is_replayed() {
    for (name, _) in TARGETS {
        let files = std::fs::read_dir(corpus(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut inputs = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        assert!(inputs.any(|input| targets::run(name, &input)), "no input of {name} is accepted");
        for input in inputs {
            targets::run(name, &input);
        }
    }
}

/// Every target has a file for the fuzzer, and the other way round.
#[test]
fn corpus_targets_are_those_of_the_fuzzer() {
    let files = std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets")).unwrap();
    let mut files: Vec<String> = files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    files.sort();
    assert_eq!(files, TARGETS.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>());
}

/// What the fuzzer begins with is accepted.
#[test]
fn corpus_seeds_are_accepted() {
    for (target, inputs) in seeds() {
        for (number, input) in inputs.into_iter().enumerate() {
            assert!(targets::run(target, &input), "{target}: {}", hex::encode(&input));
            if std::env::var_os("CAUSEWAY_WRITE_SEEDS").is_some() {
                std::fs::create_dir_all(corpus(target)).unwrap();
                std::fs::write(corpus(target).join(format!("seed-{number}")), input).unwrap();
            }
        }
    }
}

fn alice() -> UserUri {
    "mimi://a.test/u/alice".parse().unwrap()
}

fn room() -> RoomUri {
    "mimi://a.test/r/club".parse().unwrap()
}

fn frank() -> Frank {
    Frank { server_frank: [1; 32], franking_signature_ciphersuite: 1, franking_integrity_signature: vec![2; 64].into() }
}

/// Encodings of all that there is, by target.
fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    [content_seeds(), body_seeds(), group_info_seeds(), state_seeds()].concat()
}

fn content_seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let examples: Vec<Vec<u8>> = vectors().map(|(_, bytes, _)| bytes.to_vec()).into();
    let entry = |status| PerMessageStatus { message_id: message_id("a", "b", ORIGINAL, &[1; 16]), status };
    let report = MessageStatusReport { statuses: vec![entry(MessageStatus::READ), entry(MessageStatus(255))] };
    let items = ["fb3ff0000000000001", "c249010000000000000000", "a301f720f5624142f97e00", "81d8206161"];
    let items = items.map(|item| hex::decode(item).unwrap());
    vec![
        ("cbor", [items.into(), examples.clone()].concat()),
        ("content", examples),
        ("message_status", vec![report.encode(), vec![0x80]]),
        ("application_framing", vec![frame(ORIGINAL), vec![0, 0, 0]]),
    ]
}

fn body_seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let mls = mls();
    let tree = || RatchetTreeOption::full(&mls.tree).unwrap();
    let fanouts = [
        FanoutMessage::application(1, &mls.application, Some(frank())).unwrap(),
        FanoutMessage::welcome(3, &mls.welcome, tree()).unwrap(),
        FanoutMessage::proposals(4, &mls.proposal, &[&mls.proposal]).unwrap(),
        FanoutMessage::commit(6, &mls.commit, &[&mls.proposal]).unwrap(),
    ];
    let fanouts: Vec<Vec<u8>> = fanouts.iter().map(FanoutMessage::to_bytes).collect();
    let updates = [
        UpdateRequest::commit(&mls.commit, Some(&mls.welcome), &mls.group_info, &mls.tree).unwrap(),
        UpdateRequest::proposals(std::slice::from_ref(&mls.proposal)).unwrap(),
    ];
    let statuses = [
        UpdateStatus::Success { accepted_timestamp: 5 },
        UpdateStatus::WrongEpoch { current_epoch: 6 },
        UpdateStatus::InvalidProposal { references: Vec::new() },
    ];
    let answer = |status| encode(&UpdateRoomResponse { status, error_description: "R-071".to_owned() });
    let submitted = [
        SubmitStatus::Success { accepted_timestamp: 5, frank: Some(frank()) },
        SubmitStatus::NotAllowed,
        SubmitStatus::EpochTooOld { current_epoch: 7 },
    ];
    let wanted = KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: alice(),
        target_user: "mimi://b.test/u/bob".parse().unwrap(),
        room_id: room(),
        acceptable_ciphersuites: vec![1, 2],
        required_capabilities: RequiredCapabilitiesExtension::default(),
        requester_signature_key: vec![3; 32].into(),
        requester_credential: mls.credential.clone(),
    };
    let client = |name: &str, status| ClientKeyMaterial { client_uri: ClientUri::new(&alice(), name), status };
    let supplied = KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::PartialSuccess,
        user_uri: alice(),
        clients: vec![
            client("one", ClientKeyMaterialStatus::Success(decode_exact(&mls.key_package).unwrap())),
            client("two", ClientKeyMaterialStatus::KeyMaterialExhausted),
            client("three", ClientKeyMaterialStatus::NothingCompatible(None)),
        ],
    };
    let mut grant = ConsentEntry::new(ConsentOperation::Grant, alice(), "mimi://b.test/u/bob".parse().unwrap(), Some(room()));
    grant.client_key_packages = vec![decode_exact(&mls.key_package).unwrap()];
    vec![
        ("fanout", [fanouts.clone(), vec![fanouts.concat()]].concat()),
        ("update_request", updates.iter().map(encode).collect()),
        ("update_response", statuses.into_iter().map(answer).collect()),
        ("submit_message_request", vec![encode(&SubmitMessageRequest::new(&mls.application, alice()).unwrap())]),
        ("submit_message_response", submitted.into_iter().map(|status| encode(&SubmitMessageResponse::new(status))).collect()),
        ("key_material_request", vec![encode(&wanted.sign(|_| Ok::<_, ()>(vec![1; 64])).unwrap())]),
        ("key_material_response", vec![encode(&supplied)]),
        ("consent", vec![encode(&grant), encode(&ConsentEntry::new(ConsentOperation::Request, alice(), alice(), None))]),
        ("directory", vec![serde_json::to_vec(&Directory::at("https://a.test", vec!["PEM".to_owned()])).unwrap()]),
    ]
}

fn group_info_seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let mls = mls();
    let wanted = GroupInfoRequest::unsigned(1, vec![1; 32], mls.credential.clone(), vec![2; 32]);
    let encrypted = EncryptedGroupInfo {
        ciphersuite: 1,
        hub_sender: HubSender { signature_key: vec![3; 32].into(), credential: mls.credential.clone() },
        encrypted_groupinfo_and_tree: HpkeCiphertext { kem_output: vec![4; 32].into(), ciphertext: vec![5; 48].into() },
        signature: vec![6; 64].into(),
    };
    let answer = |status| {
        encode(&GroupInfoResponse { protocol: Protocol::Mls10, room_id: room().as_str().as_bytes().to_vec().into(), status })
    };
    let option = GroupInfoOption::full(&mls.group_info).unwrap();
    let plaintext = GroupInfoRatchetTreeTbe {
        group_info: option.0.clone(),
        ratchet_tree: RatchetTreeOption::full(&mls.tree).unwrap(),
        pending_proposals: vec![PendingProposal { proposal: decode_exact(&mls.proposal).unwrap(), hub_accepted_time: 7 }],
    };
    let trees = [
        RatchetTreeOption::full(&mls.tree).unwrap(),
        RatchetTreeOption::DistributionService,
        RatchetTreeOption::HttpsUri { url: b"https://x.test".to_vec().into(), tree_signature: vec![1].into() },
        RatchetTreeOption::OutOfBand { tree_signature: vec![1].into() },
    ];
    vec![
        ("group_info_request", vec![encode(&wanted.sign(|_| Ok::<_, ()>(vec![1; 64])).unwrap())]),
        ("group_info_response", vec![answer(GroupInfoStatus::Success(Box::new(encrypted))), answer(GroupInfoStatus::NoSuchRoom)]),
        ("group_info_option", vec![encode(&option)]),
        ("group_info_plaintext", vec![encode(&plaintext)]),
        ("ratchet_tree_option", trees.iter().map(encode).collect()),
    ]
}

fn state_seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let entry = |user: &str, role_index| UserRolePair { user: user.parse().unwrap(), role_index };
    let list = ParticipantListData { participants: vec![entry("mimi://a.test/u/alice", 4), entry("mimi://b.test/u/bob%40x", 2)] };
    let update = ParticipantListUpdate {
        changed_role_participants: vec![UserindexRolePair { user_index: 0, role_index: 2 }],
        removed_indices: vec![1],
        added_participants: list.participants.clone(),
    };
    let roles = RolesList {
        roles: vec![
            Role::new(0, "no_role", vec![], vec![]),
            Role::new(4, "admin", vec![Capability::CAN_BAN], vec![SingleSourceRoleChangeTargets::new(2, vec![0, 4])]),
        ],
    };
    let policy = BaseRoomPolicy { max_clients: Some(9), ..BaseRoomPolicy::ordinary(vec![0x22, 0x23]) };
    let context = ServerFrankingContext { sender_uri: alice(), room_uri: room(), accepted_timestamp: 1 };
    let agent = FrankingAgent { franking_signature_key: vec![1; 32].into(), credential: mls().credential.clone() };
    let media_types = MediaTypeList { media_types: vec![MediaType::mimi_content()] };
    let aad = SafeAad::from_items(vec![SafeAadItem::new(2, vec![1; 32]), SafeAadItem::new(7, vec![])]).unwrap();
    let uris =
        ["mimi://a.test", "mimi://a.test/u/al%20ice", "mimi://a.test/d/alice/phone", "mimi://a.test/r/club", "a.test/r/club"];
    vec![
        ("participant_list", vec![encode(&list), encode(&update)]),
        ("room_policy", vec![encode(&roles), encode(&policy)]),
        ("room_metadata", vec![encode(&RoomMetadata::named(&room(), "Клуб"))]),
        ("franking", vec![encode(&frank()), encode(&context), encode(&agent)]),
        ("components", vec![encode(&ComponentsList { component_ids: vec![1, 0x20] }), encode(&media_types)]),
        ("safe_aad", vec![encode(&aad)]),
        ("uri", uris.map(|uri| uri.as_bytes().to_vec()).into()),
    ]
}
