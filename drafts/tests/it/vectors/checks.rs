//! Which file of vectors is checked how.

use causeway_drafts::mimi_content_more_extensions_00::{EXTERNAL_MESSAGE_ID, LAST_SEEN, SENDER_TIMESTAMP, SUBJECT};
use causeway_drafts::mimi_protocol_06::franking::{FrankAad, FrankingAgent};
use causeway_drafts::mimi_protocol_06::key_material::KeyMaterialResponse;
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::bot_policy::BotPolicy;
use causeway_drafts::mimi_room_policy_04::chat_history_policy::HistoryPolicy;
use causeway_drafts::mimi_room_policy_04::link_preview_policy::LinkPreviewPolicy;
use causeway_drafts::mimi_room_policy_04::logging_policy::LoggingPolicy;
use causeway_drafts::mimi_room_policy_04::roles_list::RolesList;

use super::verdict::{Verdict, tls, tls_valid};
use super::{content, mls, policy, protocol};

/// What the crate makes of an encoding.
pub(super) type Check = fn(&[u8]) -> Verdict;

/// Files for which the crate has no decoder yet. An entry goes when its check comes.
pub(super) const NOT_YET: &[&str] = &[];

/// Cases in which the crate does otherwise than the draft, for now. An entry goes when the crate does as its vector says.
pub(super) const OPEN: &[(&str, &str)] = &[];

/// Files by `draft/structure`.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("mimi-content-09/mimiContent", content::mimi_content),
    ("mimi-content-09/published-examples", content::mimi_content),
    ("mimi-content-more-extensions-00/externalMessageId", |octets| {
        content::extension(EXTERNAL_MESSAGE_ID, octets, content::external_message_id)
    }),
    ("mimi-content-more-extensions-00/lastSeen", |octets| content::extension(LAST_SEEN, octets, content::last_seen)),
    ("mimi-content-more-extensions-00/senderTimestamp", |octets| {
        content::extension(SENDER_TIMESTAMP, octets, content::sender_timestamp)
    }),
    ("mimi-content-more-extensions-00/subject", |octets| content::extension(SUBJECT, octets, content::subject)),
    ("mimi-message-status-01/MessageStatusReport", content::message_status_report),
    ("mimi-protocol-06/AbuseReport", |octets| tls(octets, protocol::abuse_report)),
    ("mimi-protocol-06/ConsentEntry", |octets| tls(octets, protocol::consent_entry)),
    ("mimi-protocol-06/FanoutMessage", |octets| tls(octets, protocol::fanout)),
    ("mimi-protocol-06/Frank", |octets| tls(octets, protocol::frank)),
    ("mimi-protocol-06/FrankAAD", |octets| tls(octets, |value: &FrankAad| protocol::frank_aad(value))),
    ("mimi-protocol-06/FrankingAgentData", |octets| tls(octets, |value: &FrankingAgent| protocol::franking_agent(value))),
    ("mimi-protocol-06/GroupInfoOption", |octets| tls(octets, protocol::group_info_option)),
    ("mimi-protocol-06/GroupInfoRatchetTreeTBE", |octets| tls(octets, protocol::group_info_tbe)),
    ("mimi-protocol-06/GroupInfoRequest", |octets| tls(octets, protocol::group_info_request)),
    ("mimi-protocol-06/GroupInfoResponse", |octets| tls(octets, protocol::group_info_response)),
    ("mimi-protocol-06/IdentifierRequest", |octets| tls(octets, protocol::identifier_request)),
    ("mimi-protocol-06/IdentifierResponse", |octets| tls(octets, protocol::identifier_response)),
    ("mimi-protocol-06/IdentityLinkTBE", |octets| tls(octets, protocol::identity_link)),
    ("mimi-protocol-06/KeyMaterialRequest", |octets| tls(octets, protocol::key_material_request)),
    ("mimi-protocol-06/KeyMaterialRequestTBS", |octets| tls(octets, protocol::key_material_request_tbs)),
    ("mimi-protocol-06/KeyMaterialResponse", |octets| {
        tls_valid(octets, protocol::key_material_response, KeyMaterialResponse::validate)
    }),
    ("mimi-protocol-06/ParticipantListData", |octets| tls(octets, protocol::participant_list)),
    ("mimi-protocol-06/ParticipantListUpdate", |octets| tls(octets, protocol::participant_list_update)),
    ("mimi-protocol-06/PseudonymousCredential", |octets| tls(octets, protocol::pseudonymous_credential)),
    ("mimi-protocol-06/PseudonymousCredentialTBS", |octets| tls(octets, protocol::pseudonymous_credential_tbs)),
    ("mimi-protocol-06/RoomMetaData", |octets| tls_valid(octets, protocol::room_metadata, RoomMetadata::validate)),
    ("mimi-protocol-06/ServerFrankingContext", |octets| tls(octets, protocol::franking_context)),
    ("mimi-protocol-06/SubmitMessageRequest", protocol::submit_request_with_application),
    ("mimi-protocol-06/SubmitMessageResponse", |octets| tls(octets, protocol::submit_response)),
    ("mimi-protocol-06/UpdateRequest", |octets| tls(octets, protocol::update_request)),
    ("mimi-protocol-06/UpdateRoomResponse", |octets| tls(octets, protocol::update_response)),
    ("mimi-protocol-06/UserProfile", |octets| tls(octets, protocol::user_profile)),
    ("mimi-protocol-06/directory", protocol::directory),
    ("mimi-protocol-06/notify", protocol::notify),
    ("mimi-protocol-06/uri", protocol::uri),
    ("mimi-room-policy-04/AssetPolicy", |octets| tls_valid(octets, policy::asset_policy, policy::asset_policy_stands)),
    ("mimi-room-policy-04/BaseRoomPolicy", |octets| tls_valid(octets, policy::base_room_policy, BaseRoomPolicy::validate)),
    ("mimi-room-policy-04/BotPolicy", |octets| tls_valid(octets, policy::bot_policy, BotPolicy::validate)),
    ("mimi-room-policy-04/HistoryPolicy", |octets| {
        tls_valid(octets, policy::chat_history_policy, |value: &HistoryPolicy| value.validate(&RolesList::default()))
    }),
    ("mimi-room-policy-04/JoinLinkPolicy", |octets| tls(octets, policy::join_link_policy)),
    ("mimi-room-policy-04/JoinLinksData", |octets| tls(octets, policy::join_links)),
    ("mimi-room-policy-04/JoinLinksUpdate", |octets| tls(octets, policy::join_links_update)),
    ("mimi-room-policy-04/LinkPreviewPolicy", |octets| tls_valid(octets, policy::link_preview_policy, LinkPreviewPolicy::validate)),
    ("mimi-room-policy-04/LoggingPolicy", |octets| tls_valid(octets, policy::logging_policy, LoggingPolicy::validate)),
    ("mimi-room-policy-04/MessageExpiration", |octets| tls(octets, policy::message_expiration_policy)),
    ("mimi-room-policy-04/OperationalParameters", |octets| tls(octets, policy::mls_operational_policy)),
    ("mimi-room-policy-04/PreAuthData", |octets| tls(octets, policy::preauth_list)),
    ("mimi-room-policy-04/RoleData", |octets| tls_valid(octets, policy::roles_list, RolesList::validate)),
    ("mimi-room-policy-04/StatusNotificationPolicy", |octets| tls(octets, policy::status_notification_policy)),
    ("mimi-room-policy-04/example-role-sets", |octets| tls_valid(octets, policy::roles_list, RolesList::validate)),
    ("mls-extensions-09/AppDataDictionary", |octets| tls(octets, mls::dictionary)),
    ("mls-extensions-09/AppDataUpdate", |octets| tls(octets, mls::app_data_update)),
    ("mls-extensions-09/ApplicationFraming", protocol::application_framing),
    ("mls-extensions-09/ComponentsList", |octets| tls(octets, protocol::components)),
    ("mls-extensions-09/MediaTypeList", |octets| tls(octets, protocol::media_types)),
    ("mls-extensions-09/SafeAAD", |octets| tls(octets, mls::safe_aad)),
    ("mls-ratchet-tree-options-04/PartialGroupInfo", |octets| tls(octets, protocol::partial_group_info)),
    ("mls-ratchet-tree-options-04/RatchetTreeOption", |octets| tls(octets, protocol::ratchet_tree_option)),
];
