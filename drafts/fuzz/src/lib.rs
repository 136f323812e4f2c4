//! What the fuzzer does with bytes, a function for each family of decoders. `tests/it/corpus.rs` does the same with the
//! kept inputs, without a fuzzer.
//!
//! A decoder must not panic, and what it accepts is in the one form that the encoder gives it.
//! Each function returns whether a decoder accepted the bytes.

use std::fmt::Debug;

use causeway_drafts::application::{ComponentsList, MediaTypeList, frame, unframe};
use causeway_drafts::cbor::Item;
use causeway_drafts::mimi_content_09::MimiContent;
use causeway_drafts::mimi_message_status_01::MessageStatusReport;
use causeway_drafts::mimi_protocol_06::consent::ConsentEntry;
use causeway_drafts::mimi_protocol_06::directory::{Directory, uri_from_path};
use causeway_drafts::mimi_protocol_06::franking::{Frank, FrankAad, FrankingAgent, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse};
use causeway_drafts::mimi_protocol_06::identifier_query::{IdentifierRequest, IdentifierResponse, UserProfile};
use causeway_drafts::mimi_protocol_06::key_material::{KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialResponse};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, ParticipantListUpdate};
use causeway_drafts::mimi_protocol_06::pseudonymous_credential::{
    IdentityLinkTbe, PseudonymousCredential, PseudonymousCredentialTbs,
};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption};
use causeway_drafts::mimi_protocol_06::report_abuse::AbuseReport;
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse};
use causeway_drafts::mimi_room_policy_04::asset_policy::AssetPolicy;
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::bot_policy::BotPolicy;
use causeway_drafts::mimi_room_policy_04::chat_history_policy::HistoryPolicy;
use causeway_drafts::mimi_room_policy_04::join_links::{JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use causeway_drafts::mimi_room_policy_04::link_preview_policy::LinkPreviewPolicy;
use causeway_drafts::mimi_room_policy_04::logging_policy::LoggingPolicy;
use causeway_drafts::mimi_room_policy_04::message_expiration_policy::MessageExpiration;
use causeway_drafts::mimi_room_policy_04::mls_operational_policy::OperationalParameters;
use causeway_drafts::mimi_room_policy_04::preauth_list::PreAuthList;
use causeway_drafts::mimi_room_policy_04::roles_list::RolesList;
use causeway_drafts::mimi_room_policy_04::status_notification_policy::StatusNotificationPolicy;
use causeway_drafts::mimi_uri::{ClientUri, GroupUri, IdentifierUri, ProviderUri, RoomUri, UserUri};
use causeway_drafts::{decode_exact, encode};
use openmls::framing::SafeAad;
use tls_codec::{Deserialize, Serialize};

/// What a target does with bytes; whether a decoder accepted them.
pub type Target = fn(&[u8]) -> bool;

/// Name and function of each target; a target of the same name stands in `fuzz_targets/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("application_framing", application_framing),
    ("cbor", cbor),
    ("components", components),
    ("consent", structure::<ConsentEntry>),
    ("content", content),
    ("directory", directory),
    ("fanout", fanout),
    ("frank_aad", structure::<FrankAad>),
    ("franking", franking),
    ("group_info_option", structure::<GroupInfoOption>),
    ("group_info_plaintext", structure::<GroupInfoRatchetTreeTbe>),
    ("group_info_request", structure::<GroupInfoRequest>),
    ("group_info_response", structure::<GroupInfoResponse>),
    ("identifier_query", identifier_query),
    ("key_material_request", key_material_request),
    ("key_material_response", structure::<KeyMaterialResponse>),
    ("message_status", message_status),
    ("partial_group_info", structure::<PartialGroupInfo>),
    ("participant_list", participant_list),
    ("pseudonymous_credential", pseudonymous_credential),
    ("ratchet_tree_option", structure::<RatchetTreeOption>),
    ("report_abuse", structure::<AbuseReport>),
    ("room_metadata", structure::<RoomMetadata>),
    ("room_policy", room_policy),
    ("safe_aad", structure::<SafeAad>),
    ("submit_message_request", structure::<SubmitMessageRequest>),
    ("submit_message_response", structure::<SubmitMessageResponse>),
    ("update_request", structure::<UpdateRequest>),
    ("update_response", structure::<UpdateRoomResponse>),
    ("uri", uri),
    ("user_profile", structure::<UserProfile>),
];

/// Runs a target by its name.
pub fn run(name: &str, bytes: &[u8]) -> bool {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, function) = target.unwrap_or_else(|| panic!("no target is called {name}"));
    function(bytes)
}

/// What was decoded encodes to the same bytes.
fn same<T, E>(decoded: Result<T, E>, encode: impl FnOnce(&T) -> Vec<u8>, bytes: &[u8]) -> bool {
    decoded.inspect(|value| assert_eq!(encode(value), bytes)).is_ok()
}

/// A structure in the presentation language.
fn structure<T: Deserialize + Serialize>(bytes: &[u8]) -> bool {
    same(decode_exact::<T>(bytes), encode, bytes)
}

fn cbor(bytes: &[u8]) -> bool {
    same(Item::from_bytes(bytes), |item| item.as_bytes().to_vec(), bytes)
}

fn content(bytes: &[u8]) -> bool {
    same(MimiContent::decode(bytes), MimiContent::encode, bytes)
}

fn message_status(bytes: &[u8]) -> bool {
    same(MessageStatusReport::decode(bytes), MessageStatusReport::encode, bytes)
}

/// The frame may name the media type or leave it out: only what is in it has one form.
fn application_framing(bytes: &[u8]) -> bool {
    unframe(bytes).is_ok_and(|content| comes_back(Ok(content.clone()), unframe(&frame(&content))))
}

fn components(bytes: &[u8]) -> bool {
    structure::<ComponentsList>(bytes) | structure::<MediaTypeList>(bytes)
}

/// JSON has many forms.
fn directory(bytes: &[u8]) -> bool {
    let decode = |bytes: &[u8]| serde_json::from_slice::<Directory>(bytes).map_err(drop);
    let encode = |directory: &Directory| serde_json::to_vec(directory).map_err(drop);
    decode(bytes).is_ok_and(|directory| comes_back(Ok(directory.clone()), encode(&directory).and_then(|json| decode(&json))))
}

fn comes_back<T: PartialEq + Debug, E: PartialEq + Debug>(value: Result<T, E>, again: Result<T, E>) -> bool {
    assert_eq!(value, again);
    true
}

/// Several in one body (P-066).
fn fanout(bytes: &[u8]) -> bool {
    same(FanoutMessage::decode_body(bytes), |messages| messages.iter().flat_map(FanoutMessage::to_bytes).collect(), bytes)
}

fn franking(bytes: &[u8]) -> bool {
    structure::<Frank>(bytes) | structure::<FrankingAgent>(bytes) | structure::<ServerFrankingContext>(bytes)
}

fn participant_list(bytes: &[u8]) -> bool {
    structure::<ParticipantListData>(bytes) | structure::<ParticipantListUpdate>(bytes)
}

fn identifier_query(bytes: &[u8]) -> bool {
    structure::<IdentifierRequest>(bytes) | structure::<IdentifierResponse>(bytes)
}

fn key_material_request(bytes: &[u8]) -> bool {
    structure::<KeyMaterialRequest>(bytes) | structure::<KeyMaterialRequestTbs>(bytes)
}

fn pseudonymous_credential(bytes: &[u8]) -> bool {
    structure::<PseudonymousCredential>(bytes) | structure::<PseudonymousCredentialTbs>(bytes) | structure::<IdentityLinkTbe>(bytes)
}

/// All components of a room's policy and their updates.
fn room_policy(bytes: &[u8]) -> bool {
    structure::<RolesList>(bytes)
        | structure::<BaseRoomPolicy>(bytes)
        | structure::<AssetPolicy>(bytes)
        | structure::<BotPolicy>(bytes)
        | structure::<HistoryPolicy>(bytes)
        | structure::<JoinLinkPolicy>(bytes)
        | structure::<JoinLinks>(bytes)
        | structure::<JoinLinksUpdate>(bytes)
        | structure::<LinkPreviewPolicy>(bytes)
        | structure::<LoggingPolicy>(bytes)
        | structure::<MessageExpiration>(bytes)
        | structure::<OperationalParameters>(bytes)
        | structure::<PreAuthList>(bytes)
        | structure::<StatusNotificationPolicy>(bytes)
}

fn uri(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    macro_rules! any {
        ($($kind:ty)*) => {
            false $(| same(text.parse::<$kind>(), |uri| uri.as_str().as_bytes().to_vec(), bytes))*
        };
    }
    let in_path = uri_from_path::<RoomUri>(text).is_ok_and(|uri| comes_back(Ok(uri.clone()), uri.as_str().parse()));
    any!(ClientUri GroupUri IdentifierUri ProviderUri RoomUri UserUri) | in_path
}
