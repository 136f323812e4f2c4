//! All that can be told apart, in the order in which it is guessed: whatever the crate of the drafts decodes is here.

use causeway_drafts::Verbatim;
use causeway_drafts::application::{ComponentsList, MIMI_CONTENT, MediaType, MediaTypeList, Parameter};
use causeway_drafts::mimi_content_more_extensions_00 as more;
use causeway_drafts::mimi_message_status_01::MEDIA_TYPE as STATUS_REPORT;
use causeway_drafts::mimi_protocol_06::consent::ConsentEntry;
use causeway_drafts::mimi_protocol_06::franking::{Frank, FrankAad, FrankingAgent, ServerFrankingContext};
use causeway_drafts::mimi_protocol_06::group_info::{
    GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, HubSender, PendingProposal,
};
use causeway_drafts::mimi_protocol_06::identifier_query as query;
use causeway_drafts::mimi_protocol_06::key_material::{
    ClientKeyMaterial, KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialResponse,
};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::participant_list as participants;
use causeway_drafts::mimi_protocol_06::pseudonymous_credential::{
    IdentityLinkTbe, PseudonymousCredential, PseudonymousCredentialTbs,
};
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption};
use causeway_drafts::mimi_protocol_06::report_abuse::{AbuseReport, AbusiveMessage};
use causeway_drafts::mimi_protocol_06::room_metadata::{RichDescription, RoomMetadata};
use causeway_drafts::mimi_protocol_06::submit_message::SubmitMessageResponse;
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse};
use causeway_drafts::mimi_room_policy_04::asset_policy::{AssetPolicy, DownloadPrivacy, ProviderAssetUploadDomains};
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::bot_policy::{Bot, BotPolicy};
use causeway_drafts::mimi_room_policy_04::chat_history_policy::HistoryPolicy;
use causeway_drafts::mimi_room_policy_04::join_links::{JoinLink, JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use causeway_drafts::mimi_room_policy_04::link_preview_policy::LinkPreviewPolicy;
use causeway_drafts::mimi_room_policy_04::logging_policy::LoggingPolicy;
use causeway_drafts::mimi_room_policy_04::message_expiration_policy::MessageExpiration;
use causeway_drafts::mimi_room_policy_04::mls_operational_policy as operational;
use causeway_drafts::mimi_room_policy_04::preauth_list as preauth;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_room_policy_04::status_notification_policy::StatusNotificationPolicy;
use openmls::framing::SafeAad;
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::messages::proposals::AppDataUpdateProposal;
use openmls::prelude::{AppDataDictionary, KeyPackageIn, RatchetTreeIn, Welcome};

use super::kind::{Kind, decodes, fanouts, submits, valid};
use super::layout::Part::{Many, Of};
use super::tree::Origin;
use super::{components, content, franking, layout, mls, names, pdu, people, policy, protocol, room, status};

/// The media type of an MLSMessage [RFC 9420 §17.10].
const MLS_MESSAGE: &str = "message/mls";
const JSON: &str = "application/json";

const PDU: Origin = Origin { structure: "PDU", draft: "Matrix server-server API", section: "PDUs" };
const NOTIFY: Origin = Origin { structure: "notify", draft: layout::PROTOCOL, section: "5.5" };
const RATCHET_TREE: Origin = Origin { structure: "ratchet_tree", draft: layout::MLS, section: "12.4.3.3" };

/// All kinds.
pub(super) static KINDS: &[Kind] = &[
    Kind::own("pdu", PDU, pdu::read).typed(JSON),
    Kind::own("directory", names::DIRECTORY, names::directory).typed(JSON),
    Kind::own("uri", names::URI, names::uri),
    // Messages, contents, and frames around them.
    Kind::tls("mls-message", &mls::MESSAGE, decodes::<Message>).typed(MLS_MESSAGE),
    Kind::own("content", content::MESSAGE, content::read).typed(MIMI_CONTENT),
    Kind::own("message-status", status::REPORT, status::read).typed(STATUS_REPORT),
    Kind::tls("application-data", &components::APPLICATION_FRAMING, content::judge_framed),
    Kind::tls("application-framing", &components::APPLICATION_FRAMING, decodes::<(MediaType, tls_codec::VLBytes)>),
    // Bodies.
    Kind::laid("fanout", NOTIFY, (Many(&Of(&protocol::FANOUT_MESSAGE)), fanouts)).body(),
    Kind::tls("update", &protocol::UPDATE_REQUEST, decodes::<UpdateRequest>).body(),
    Kind::tls("submit", &protocol::SUBMIT_REQUEST, submits).body(),
    Kind::tls("key-material", &protocol::KEY_MATERIAL_REQUEST, decodes::<KeyMaterialRequest>).body(),
    Kind::tls("group-info-request", &protocol::GROUP_INFO_REQUEST, decodes::<GroupInfoRequest>).body(),
    Kind::tls("consent", &people::CONSENT_ENTRY, decodes::<ConsentEntry>).body(),
    Kind::tls("identifier-query", &people::IDENTIFIER_REQUEST, decodes::<query::IdentifierRequest>).body(),
    Kind::tls("abuse-report", &people::ABUSE_REPORT, decodes::<AbuseReport>).body(),
    Kind::tls("key-material-response", &protocol::KEY_MATERIAL_RESPONSE, |octets| valid(octets, KeyMaterialResponse::validate))
        .body(),
    Kind::tls("group-info-response", &protocol::GROUP_INFO_RESPONSE, decodes::<GroupInfoResponse>).body(),
    Kind::tls("update-response", &protocol::UPDATE_RESPONSE, decodes::<UpdateRoomResponse>).body(),
    Kind::tls("submit-response", &protocol::SUBMIT_RESPONSE, decodes::<SubmitMessageResponse>).body(),
    Kind::tls("identifier-response", &people::IDENTIFIER_RESPONSE, decodes::<query::IdentifierResponse>).body(),
    // MLS objects without the head of an MLSMessage.
    Kind::tls("key-package", &mls::KEY_PACKAGE, decodes::<Verbatim<KeyPackageIn>>),
    Kind::tls("welcome", &mls::WELCOME, decodes::<Verbatim<Welcome>>),
    Kind::tls("group-info", &mls::GROUP_INFO, decodes::<Verbatim<VerifiableGroupInfo>>),
    Kind::laid("ratchet-tree", RATCHET_TREE, (mls::RATCHET_TREE, decodes::<Verbatim<RatchetTreeIn>>)),
    Kind::tls("group-info-plaintext", &protocol::GROUP_INFO_TBE, decodes::<GroupInfoRatchetTreeTbe>),
    Kind::tls("group-info-option", &protocol::GROUP_INFO_OPTION, decodes::<GroupInfoOption>),
    Kind::tls("partial-group-info", &protocol::PARTIAL_GROUP_INFO, decodes::<PartialGroupInfo>),
    Kind::tls("ratchet-tree-option", &protocol::RATCHET_TREE_OPTION, decodes::<RatchetTreeOption>),
    // Components and their updates.
    Kind::tls("room-metadata", &room::ROOM_METADATA, |octets| valid(octets, RoomMetadata::validate)).updated("RoomMetaUpdate"),
    Kind::tls("participant-list", &room::PARTICIPANT_LIST, decodes::<participants::ParticipantListData>),
    Kind::tls("participant-list-update", &room::PARTICIPANT_LIST_UPDATE, decodes::<participants::ParticipantListUpdate>),
    Kind::tls("franking-agent", &franking::FRANKING_AGENT, decodes::<FrankingAgent>).updated("FrankingAgentUpdate"),
    Kind::tls("mls-operational-policy", &policy::OPERATIONAL_PARAMETERS, decodes::<operational::OperationalParameters>)
        .updated("OperationalParametersUpdate"),
    Kind::tls("roles-list", &policy::ROLES_LIST, |octets| valid(octets, RolesList::validate)).updated("RoleUpdate"),
    Kind::tls("preauth-list", &policy::PREAUTH_LIST, decodes::<preauth::PreAuthList>).updated("PreAuthUpdate"),
    Kind::tls("base-room-policy", &policy::BASE_ROOM_POLICY, |octets| valid(octets, BaseRoomPolicy::validate))
        .updated("BaseRoomUpdate"),
    Kind::tls("status-notification-policy", &policy::STATUS_NOTIFICATION_POLICY, decodes::<StatusNotificationPolicy>)
        .updated("StatusNotificationPolicyUpdate"),
    Kind::tls("join-link-policy", &policy::JOIN_LINK_POLICY, decodes::<JoinLinkPolicy>).updated("JoinLinkPolicyUpdate"),
    Kind::tls("join-links", &policy::JOIN_LINKS, decodes::<JoinLinks>),
    Kind::tls("join-links-update", &policy::JOIN_LINKS_UPDATE, decodes::<JoinLinksUpdate>),
    Kind::tls("link-preview-policy", &policy::LINK_PREVIEW_POLICY, |octets| valid(octets, LinkPreviewPolicy::validate))
        .updated("LinkPreviewPolicyUpdate"),
    Kind::tls("asset-policy", &policy::ASSET_POLICY, decodes::<AssetPolicy>).updated("AssetPolicyUpdate"),
    Kind::tls("logging-policy", &policy::LOGGING_POLICY, |octets| valid(octets, LoggingPolicy::validate))
        .updated("LoggingPolicyUpdate"),
    Kind::tls("chat-history-policy", &policy::CHAT_HISTORY_POLICY, |octets| {
        valid(octets, |policy: &HistoryPolicy| policy.validate(&RolesList::default()))
    })
    .updated("HistoryPolicyUpdate"),
    Kind::tls("bot-policy", &policy::BOT_POLICY, |octets| valid(octets, BotPolicy::validate)).updated("BotPolicyUpdate"),
    Kind::tls("message-expiration-policy", &policy::MESSAGE_EXPIRATION_POLICY, decodes::<MessageExpiration>)
        .updated("MessageExpirationUpdate"),
    Kind::tls("content-media-types", &components::MEDIA_TYPE_LIST, decodes::<MediaTypeList>),
    Kind::tls("components-list", &components::COMPONENTS_LIST, decodes::<ComponentsList>),
    Kind::tls("app-data-dictionary", &components::DICTIONARY, decodes::<Verbatim<AppDataDictionary>>),
    Kind::tls("app-data-update", &components::APP_DATA_UPDATE, decodes::<AppDataUpdateProposal>),
    Kind::tls("safe-aad", &components::SAFE_AAD, decodes::<SafeAad>),
    // Franking and pseudonyms.
    Kind::tls("frank", &franking::FRANK, decodes::<Frank>),
    Kind::tls("frank-aad", &franking::FRANK_AAD, decodes::<FrankAad>),
    Kind::tls("server-franking-context", &franking::SERVER_FRANKING_CONTEXT, decodes::<ServerFrankingContext>),
    Kind::tls("pseudonymous-credential", &room::PSEUDONYMOUS_CREDENTIAL, decodes::<PseudonymousCredential>),
    Kind::tls("identity-link", &room::IDENTITY_LINK, decodes::<IdentityLinkTbe>),
    // Values of a content's extensions.
    Kind::own("sender-timestamp", content::SENDER_TIMESTAMP, content::extension_value::<{ more::SENDER_TIMESTAMP }>),
    Kind::own("external-message-id", content::EXTERNAL_MESSAGE_ID, content::extension_value::<{ more::EXTERNAL_MESSAGE_ID }>),
    Kind::own("subject", content::SUBJECT, content::extension_value::<{ more::SUBJECT }>),
    Kind::own("last-seen", content::LAST_SEEN, content::extension_value::<{ more::LAST_SEEN }>),
    // Parts of others, which are never alone on the wire.
    Kind::tls("fanout-message", &protocol::FANOUT_MESSAGE, decodes::<FanoutMessage>).part(),
    Kind::tls("key-material-request-tbs", &protocol::KEY_MATERIAL_REQUEST_TBS, decodes::<KeyMaterialRequestTbs>).part(),
    Kind::tls("client-key-material", &protocol::CLIENT_KEY_MATERIAL, decodes::<ClientKeyMaterial>).part(),
    Kind::tls("pending-proposal", &protocol::PENDING_PROPOSAL, decodes::<PendingProposal>).part(),
    Kind::tls("hub-sender", &mls::EXTERNAL_SENDER, decodes::<HubSender>).part(),
    Kind::tls("query-element", &people::QUERY_ELEMENT, decodes::<query::QueryElement>).part(),
    Kind::tls("user-profile", &people::USER_PROFILE, decodes::<query::UserProfile>).part(),
    Kind::tls("profile-field", &people::PROFILE_FIELD, decodes::<query::ProfileField>).part(),
    Kind::tls("abusive-message", &people::ABUSIVE_MESSAGE, decodes::<AbusiveMessage>).part(),
    Kind::tls("user-role-pair", &room::USER_ROLE_PAIR, decodes::<participants::UserRolePair>).part(),
    Kind::tls("userindex-role-pair", &room::USERINDEX_ROLE_PAIR, decodes::<participants::UserindexRolePair>).part(),
    Kind::tls("rich-description", &room::RICH_DESCRIPTION, decodes::<RichDescription>).part(),
    Kind::tls("pseudonymous-credential-tbs", &room::PSEUDONYMOUS_CREDENTIAL_TBS, decodes::<PseudonymousCredentialTbs>).part(),
    Kind::tls("role", &policy::ROLE, decodes::<Role>).part(),
    Kind::tls("role-change-targets", &policy::ROLE_CHANGE_TARGETS, decodes::<SingleSourceRoleChangeTargets>).part(),
    Kind::tls("preauth-role-entry", &policy::PREAUTH_ROLE_ENTRY, decodes::<preauth::PreAuthRoleEntry>).part(),
    Kind::tls("claim", &policy::CLAIM, decodes::<preauth::Claim>).part(),
    Kind::tls("claim-id", &policy::CLAIM_ID, decodes::<preauth::ClaimId>).part(),
    Kind::tls("join-link", &policy::JOIN_LINK, decodes::<JoinLink>).part(),
    Kind::tls("provider-asset-upload-domains", &policy::PROVIDER_ASSET_UPLOAD_DOMAINS, decodes::<ProviderAssetUploadDomains>)
        .part(),
    Kind::tls("download-privacy", &policy::DOWNLOAD_PRIVACY, decodes::<DownloadPrivacy>).part(),
    Kind::tls("bot", &policy::BOT, decodes::<Bot>).part(),
    Kind::tls("extended-capabilities", &policy::EXTENDED_CAPABILITIES, decodes::<operational::ExtendedCapabilities>).part(),
    Kind::tls("pending-proposal-policy", &policy::PENDING_PROPOSAL_POLICY, decodes::<operational::PendingProposalPolicy>).part(),
    Kind::tls("min-default-max-time", &policy::MIN_DEFAULT_MAX_TIME, decodes::<operational::MinDefaultMaxTime>).part(),
    Kind::tls("app-message-policy", &policy::APP_MESSAGE_POLICY, decodes::<operational::AppMessagePolicy>).part(),
    Kind::tls("media-type", &components::MEDIA_TYPE, decodes::<MediaType>).part(),
    Kind::tls("media-type-parameter", &components::PARAMETER, decodes::<Parameter>).part(),
];
