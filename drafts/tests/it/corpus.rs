//! The inputs that the fuzzer keeps (`drafts/fuzz/corpus/<target>`), through the same functions, without a fuzzer.
//!
//! A decoder that gets a target gets seeds here: `CAUSEWAY_WRITE_SEEDS=1 cargo test -p causeway-drafts corpus_seeds` writes
//! them. MLS objects are other ones each time, therefore it is not checked that they stand there.

use std::path::PathBuf;

use causeway_drafts::application::frame;
use causeway_drafts::mimi_content_09::message_id;
use causeway_drafts::mimi_message_status_01::{MessageStatus, MessageStatusReport, PerMessageStatus};
use causeway_drafts::mimi_protocol_06::directory::Directory;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use openmls::framing::{SafeAad, SafeAadItem};

use crate::content_vectors::{ORIGINAL, vectors};
use crate::samples::kinds;
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

/// Each structure in the presentation language, and the target that decodes it.
const STRUCTURES: &[(&str, &str)] = &[
    ("AbuseReport", "report_abuse"),
    ("AssetPolicy", "room_policy"),
    ("BaseRoomPolicy", "room_policy"),
    ("BotPolicy", "room_policy"),
    ("ComponentsList", "components"),
    ("ConsentEntry", "consent"),
    ("FanoutMessage", "fanout"),
    ("Frank", "franking"),
    ("FrankAAD", "frank_aad"),
    ("FrankingAgentData", "franking"),
    ("GroupInfoOption", "group_info_option"),
    ("GroupInfoRatchetTreeTBE", "group_info_plaintext"),
    ("GroupInfoRequest", "group_info_request"),
    ("GroupInfoResponse", "group_info_response"),
    ("HistoryPolicy", "room_policy"),
    ("IdentifierRequest", "identifier_query"),
    ("IdentifierResponse", "identifier_query"),
    ("IdentityLinkTBE", "pseudonymous_credential"),
    ("JoinLinkPolicy", "room_policy"),
    ("JoinLinksData", "room_policy"),
    ("JoinLinksUpdate", "room_policy"),
    ("KeyMaterialRequest", "key_material_request"),
    ("KeyMaterialRequestTBS", "key_material_request"),
    ("KeyMaterialResponse", "key_material_response"),
    ("LinkPreviewPolicy", "room_policy"),
    ("LoggingPolicy", "room_policy"),
    ("MediaTypeList", "components"),
    ("MessageExpiration", "room_policy"),
    ("OperationalParameters", "room_policy"),
    ("PartialGroupInfo", "partial_group_info"),
    ("ParticipantListData", "participant_list"),
    ("ParticipantListUpdate", "participant_list"),
    ("PreAuthData", "room_policy"),
    ("PseudonymousCredential", "pseudonymous_credential"),
    ("PseudonymousCredentialTBS", "pseudonymous_credential"),
    ("RatchetTreeOption", "ratchet_tree_option"),
    ("RoleData", "room_policy"),
    ("RoomMetaData", "room_metadata"),
    ("ServerFrankingContext", "franking"),
    ("StatusNotificationPolicy", "room_policy"),
    ("SubmitMessageRequest", "submit_message_request"),
    ("SubmitMessageResponse", "submit_message_response"),
    ("UpdateRequest", "update_request"),
    ("UpdateRoomResponse", "update_response"),
    ("UserProfile", "user_profile"),
];

/// No structure is without a target, and the fuzzer begins with something for each target.
#[test]
fn corpus_has_a_target_for_every_structure() {
    let mut structures: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
    structures.sort_unstable();
    assert_eq!(structures, STRUCTURES.iter().map(|(structure, _)| *structure).collect::<Vec<_>>());
    let seeds = seeds();
    for (target, _) in TARGETS {
        let is_seeded = |name: &str| name == *target || STRUCTURES.contains(&(name, target));
        assert!(seeds.iter().any(|(name, inputs)| is_seeded(name) && !inputs.is_empty()), "{target} has no seed");
    }
}

/// What the fuzzer begins with is accepted.
#[test]
fn corpus_seeds_are_accepted() {
    for (name, inputs) in seeds() {
        for (number, input) in inputs.into_iter().enumerate() {
            let target = STRUCTURES.iter().find(|(structure, _)| *structure == name).map_or(name, |(_, target)| target);
            assert!(targets::run(target, &input), "{name}: {}", hex::encode(&input));
            if std::env::var_os("CAUSEWAY_WRITE_SEEDS").is_some() {
                std::fs::create_dir_all(corpus(target)).unwrap();
                std::fs::write(corpus(target).join(format!("seed-{name}-{number}")), input).unwrap();
            }
        }
    }
}

/// Encodings of all that there is, by the structure or the target.
fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let structures = kinds().iter().map(|kind| (kind.name, kind.samples.clone()));
    let directory = Directory::at("https://a.test", vec!["PEM".to_owned()]);
    let aad = SafeAad::from_items(vec![SafeAadItem::new(2, vec![1; 32]), SafeAadItem::new(7, vec![])]).unwrap();
    let uris =
        ["mimi://a.test", "mimi://a.test/u/al%20ice", "mimi://a.test/d/alice/phone", "mimi://a.test/r/club", "a.test/r/club"];
    let others = [
        ("directory", vec![serde_json::to_vec(&directory).unwrap()]),
        ("fanout", vec![FanoutMessage::application(1, &mls().application, None).unwrap().to_bytes().repeat(2)]),
        ("safe_aad", vec![tls_codec::Serialize::tls_serialize_detached(&aad).unwrap()]),
        ("uri", uris.map(|uri| uri.as_bytes().to_vec()).into()),
    ];
    structures.chain(others).chain(content_seeds()).collect()
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
