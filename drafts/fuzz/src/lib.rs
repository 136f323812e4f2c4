//! What the fuzzer does with bytes, a function for each family of decoders. `tests/it/corpus.rs` does the same with the
//! kept inputs, without a fuzzer.
//!
//! A decoder must not panic, and what it accepts is in the one form that the encoder gives it.

use causeway_drafts::application::{ComponentsList, MediaTypeList, frame, unframe};
use causeway_drafts::mimi_content_09::MimiContent;
use causeway_drafts::mimi_protocol_06::consent::ConsentEntry;
use causeway_drafts::mimi_protocol_06::directory::{Directory, uri_from_path};
use causeway_drafts::mimi_protocol_06::franking::{Frank, FrankingAgent, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse};
use causeway_drafts::mimi_protocol_06::key_material::{KeyMaterialRequest, KeyMaterialResponse};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, ParticipantListUpdate};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, RatchetTreeOption};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::roles_list::RolesList;
use causeway_drafts::mimi_uri::{ClientUri, GroupUri, IdentifierUri, ProviderUri, RoomUri, UserUri};
use causeway_drafts::{decode_exact, encode};
use openmls::framing::SafeAad;
use tls_codec::{Deserialize, Serialize};

/// Name and function of each target; a target of the same name stands in `fuzz_targets/`.
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("application_framing", application_framing),
    ("components", components),
    ("consent", structure::<ConsentEntry>),
    ("content", content),
    ("directory", directory),
    ("fanout", fanout),
    ("franking", franking),
    ("group_info_option", structure::<GroupInfoOption>),
    ("group_info_plaintext", structure::<GroupInfoRatchetTreeTbe>),
    ("group_info_request", structure::<GroupInfoRequest>),
    ("group_info_response", structure::<GroupInfoResponse>),
    ("key_material_request", structure::<KeyMaterialRequest>),
    ("key_material_response", structure::<KeyMaterialResponse>),
    ("participant_list", participant_list),
    ("ratchet_tree_option", structure::<RatchetTreeOption>),
    ("room_metadata", structure::<RoomMetadata>),
    ("room_policy", room_policy),
    ("safe_aad", structure::<SafeAad>),
    ("submit_message_request", structure::<SubmitMessageRequest>),
    ("submit_message_response", structure::<SubmitMessageResponse>),
    ("update_request", structure::<UpdateRequest>),
    ("update_response", structure::<UpdateRoomResponse>),
    ("uri", uri),
];

/// Runs a target by its name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, function) = target.unwrap_or_else(|| panic!("no target is called {name}"));
    function(bytes);
}

/// A structure in the presentation language.
fn structure<T: Deserialize + Serialize>(bytes: &[u8]) {
    if let Ok(value) = decode_exact::<T>(bytes) {
        assert_eq!(encode(&value), bytes);
    }
}

fn content(bytes: &[u8]) {
    if let Ok(content) = MimiContent::decode(bytes) {
        assert_eq!(content.encode(), bytes);
    }
}

fn application_framing(bytes: &[u8]) {
    if let Ok(content) = unframe(bytes) {
        assert_eq!(unframe(&frame(&content)), Ok(content));
    }
}

fn components(bytes: &[u8]) {
    structure::<ComponentsList>(bytes);
    structure::<MediaTypeList>(bytes);
}

fn directory(bytes: &[u8]) {
    if let Ok(directory) = serde_json::from_slice::<Directory>(bytes) {
        let again = serde_json::to_vec(&directory).expect("a directory has no value that JSON cannot carry");
        assert_eq!(serde_json::from_slice::<Directory>(&again).ok(), Some(directory));
    }
}

/// Several in one body (P-066).
fn fanout(bytes: &[u8]) {
    if let Ok(messages) = FanoutMessage::decode_body(bytes) {
        let again: Vec<u8> = messages.iter().flat_map(FanoutMessage::to_bytes).collect();
        assert_eq!(again, bytes);
    }
}

fn franking(bytes: &[u8]) {
    structure::<Frank>(bytes);
    structure::<FrankingAgent>(bytes);
    structure::<ServerFrankingContext>(bytes);
}

fn participant_list(bytes: &[u8]) {
    structure::<ParticipantListData>(bytes);
    structure::<ParticipantListUpdate>(bytes);
}

fn room_policy(bytes: &[u8]) {
    structure::<RolesList>(bytes);
    structure::<BaseRoomPolicy>(bytes);
}

fn uri(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    macro_rules! check {
        ($($kind:ty)*) => {
            $(if let Ok(uri) = text.parse::<$kind>() {
                assert_eq!(uri.as_str(), text);
            })*
        };
    }
    check!(ClientUri GroupUri IdentifierUri ProviderUri RoomUri UserUri);
    if let Ok(uri) = uri_from_path::<RoomUri>(text) {
        assert_eq!(uri.as_str().parse(), Ok(uri));
    }
}
