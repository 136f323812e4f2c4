//! The components of a room's policy [mimi-room-policy-04].

use causeway_drafts::mimi_room_policy_04::capability::Capability;

use super::components::MEDIA_TYPE;
use super::layout::Field::{Case, Is};
use super::layout::Part::{self, Bool, Code, Each, Enum, Of, Optional, Text};
use super::layout::{POLICY, Structure};

const OPTIONALITY: Part = Enum(1, &[(0, "optional"), (1, "required"), (2, "forbidden")]);
const DOWNLOAD: Part = Enum(1, &[(0, "direct"), (1, "hubProxy"), (2, "ohttp")]);
/// The arms of a policy that says something.
const WANTED: &[&str] = &["optional", "required"];

pub(super) static ROLES_LIST: Structure = Structure::new(("RoleData", POLICY, "3"), &[Is("roles", Each(&Of(&ROLE)))]);

pub(super) static ROLE: Structure = Structure::new(
    ("Role", POLICY, "3"),
    &[
        Is("role_index", Part::U32),
        Is("role_name", Text),
        Is("role_description", Text),
        Is("role_capabilities", Each(&Code(|value| Capability(value).entry().map(|entry| entry.name)))),
        Is("minimum_participants_constraint", Part::U32),
        Is("maximum_participants_constraint", Optional(&Part::U32)),
        Is("minimum_active_participants_constraint", Part::U32),
        Is("maximum_active_participants_constraint", Optional(&Part::U32)),
        Is("authorized_role_changes", Each(&Of(&ROLE_CHANGE_TARGETS))),
    ],
);

pub(super) static ROLE_CHANGE_TARGETS: Structure = Structure::new(
    ("SingleSourceRoleChangeTargets", POLICY, "3"),
    &[Is("from_role_index", Part::U32), Is("target_role_indexes", Each(&Part::U32))],
);

pub(super) static PREAUTH_LIST: Structure =
    Structure::new(("PreAuthData", POLICY, "4"), &[Is("preauthorized_entries", Each(&Of(&PREAUTH_ROLE_ENTRY)))]);

pub(super) static PREAUTH_ROLE_ENTRY: Structure =
    Structure::new(("PreAuthRoleEntry", POLICY, "4"), &[Is("claimset", Each(&Of(&CLAIM))), Is("target_role", Of(&ROLE))]);

pub(super) static CLAIM: Structure =
    Structure::new(("Claim", POLICY, "4"), &[Is("claim_id", Of(&CLAIM_ID)), Is("claim_value", Text)]);

pub(super) static CLAIM_ID: Structure =
    Structure::new(("ClaimId", POLICY, "4"), &[Is("credential_type", Part::CREDENTIAL_TYPE), Is("id", Text)]);

pub(super) static BASE_ROOM_POLICY: Structure = Structure::new(
    ("BaseRoomPolicy", POLICY, "5"),
    &[
        Is("fixed_membership", Bool),
        Is("parent_dependant", Bool),
        Is("parent_room", Each(&Text)),
        Is("multi_device", Bool),
        Is("max_clients", Optional(&Part::U32)),
        Is("max_users", Optional(&Part::U32)),
        Is("pseudonyms_allowed", Bool),
        Is("persistent_room", Bool),
        Is("discoverable", Bool),
        Is("policy_component_ids", Each(&Part::COMPONENT)),
    ],
);

pub(super) static STATUS_NOTIFICATION_POLICY: Structure = Structure::new(
    ("StatusNotificationPolicy", POLICY, "6.1"),
    &[Is("delivery_notifications", OPTIONALITY), Is("read_receipts", OPTIONALITY)],
);

pub(super) static JOIN_LINK_POLICY: Structure = Structure::new(
    ("JoinLinkPolicy", POLICY, "6.2"),
    &[Is("on_request", Bool), Is("join_link", Text), Is("multiuser", Bool), Is("expiration", Part::U32)],
);

pub(super) static JOIN_LINKS: Structure =
    Structure::new(("JoinLinksData", POLICY, "6.2"), &[Is("JoinLinksData", Each(&Of(&JOIN_LINK)))]);

pub(super) static JOIN_LINK: Structure = Structure::new(("JoinLink", POLICY, "6.2"), &[Is("join_link", Text)]);

pub(super) static JOIN_LINKS_UPDATE: Structure = Structure::new(
    ("JoinLinksUpdate", POLICY, "6.2"),
    &[Is("removedIndices", Each(&Part::U32)), Is("added_links", Each(&Of(&JOIN_LINK)))],
);

pub(super) static LINK_PREVIEW_POLICY: Structure = Structure::new(
    ("LinkPreviewPolicy", POLICY, "6.3"),
    &[
        Is("autodetect_hyperlinks_in_text", OPTIONALITY),
        Is("send_link_previews", OPTIONALITY),
        Is("automatic_link_previews", OPTIONALITY),
        Is("link_preview_proxy_use", OPTIONALITY),
        Case("link_preview_proxy_use", WANTED, &[Is("link_preview_proxy", Each(&Text))]),
    ],
);

pub(super) static ASSET_POLICY: Structure = Structure::new(
    ("AssetPolicy", POLICY, "6.4"),
    &[
        Is("asset_upload_location", Enum(1, &[(0, "unspecified"), (1, "localProvider"), (2, "hub")])),
        Is("upload_domains", Each(&Of(&PROVIDER_ASSET_UPLOAD_DOMAINS))),
        Is("download_privacy", Of(&DOWNLOAD_PRIVACY)),
        Is("max_image", Part::U64),
        Is("max_audio", Part::U64),
        Is("max_video", Part::U64),
        Is("max_attachment", Part::U64),
        Is("forbidden_media_types", Each(&Of(&MEDIA_TYPE))),
        Is("permitted_media_types", Optional(&Each(&Of(&MEDIA_TYPE)))),
    ],
);

pub(super) static PROVIDER_ASSET_UPLOAD_DOMAINS: Structure = Structure::new(
    ("ProviderAssetUploadDomains", POLICY, "6.4"),
    &[Is("provider", Of(&DOMAIN_NAME)), Is("asset_upload_destinations", Each(&Of(&DOMAIN_NAME)))],
);

static DOMAIN_NAME: Structure = Structure::new(("DomainName", POLICY, "6.4"), &[Is("domain", Text)]);

pub(super) static DOWNLOAD_PRIVACY: Structure = Structure::new(
    ("DownloadPrivacy", POLICY, "6.4"),
    &[
        Is("allowed_download_types", Each(&DOWNLOAD)),
        Is("forbidden_download_types", Each(&DOWNLOAD)),
        Is("default_download_type", DOWNLOAD),
    ],
);

pub(super) static LOGGING_POLICY: Structure = Structure::new(
    ("LoggingPolicy", POLICY, "6.5"),
    &[
        Is("logging", OPTIONALITY),
        Case(
            "logging",
            WANTED,
            &[Is("logging_clients", Each(&Text)), Is("machine_readable_policy", Text), Is("human_readable_policy", Text)],
        ),
    ],
);

pub(super) static CHAT_HISTORY_POLICY: Structure = Structure::new(
    ("HistoryPolicy", POLICY, "6.6"),
    &[
        Is("history_sharing", OPTIONALITY),
        Case(
            "history_sharing",
            WANTED,
            &[Is("roles_that_can_share", Each(&Part::U32)), Is("automatically_share", Bool), Is("max_time_period", Part::U32)],
        ),
    ],
);

pub(super) static BOT_POLICY: Structure = Structure::new(("BotPolicy", POLICY, "6.7"), &[Is("allowed_bots", Each(&Of(&BOT)))]);

pub(super) static BOT: Structure = Structure::new(
    ("Bot", POLICY, "6.7"),
    &[
        Is("name", Text),
        Is("description", Text),
        Is("homepage", Text),
        Is("local_client_bot", Bool),
        Is("bot_role_index", Part::U32),
        Is("can_target_message_in_group", Bool),
        Is("per_user_content", Bool),
    ],
);

pub(super) static MESSAGE_EXPIRATION_POLICY: Structure = Structure::new(
    ("MessageExpiration", POLICY, "6.8"),
    &[
        Is("expiring_messages", OPTIONALITY),
        Case(
            "expiring_messages",
            WANTED,
            &[
                Is("min_expiration_duration", Part::U32),
                Is("max_expiration_duration", Part::U32),
                Is("default_expiration_duration", Optional(&Part::U32)),
            ],
        ),
    ],
);

pub(super) static OPERATIONAL_PARAMETERS: Structure = Structure::new(
    ("OperationalParameters", POLICY, "7.1"),
    &[
        Is("mandatory_capabilities", Of(&EXTENDED_CAPABILITIES)),
        Is("default_capabilities", Of(&EXTENDED_CAPABILITIES)),
        Is("forbidden_capabilities", Of(&EXTENDED_CAPABILITIES)),
        Is("handshake_formats", Each(&Part::WIRE_FORMAT)),
        Is("external_proposal_allowed", Bool),
        Is("external_commit_allowed", Bool),
        Is("pending_proposal_policy", Of(&PENDING_PROPOSAL_POLICY)),
        Is("LeafNode_update_time", Of(&MIN_DEFAULT_MAX_TIME)),
        Is("app_message_policy", Of(&APP_MESSAGE_POLICY)),
        Is("max_kp_lifetime", Part::U64),
        Is("max_credential_lifetime", Part::U64),
        Is("resumption_psk_lifetime", Part::U64),
        Is("sender_nonce_keypair_lifetime", Of(&MIN_DEFAULT_MAX_TIME)),
        Is("max_keypairs", Part::U32),
        Is("buffer_incoming_message_time", Of(&MIN_DEFAULT_MAX_TIME)),
        Is("max_buffered_messages", Part::U32),
    ],
);

pub(super) static EXTENDED_CAPABILITIES: Structure = Structure::new(
    ("ExtendedCapabilities", POLICY, "7.1"),
    &[
        Is("versions", Each(&Part::U16)),
        Is("cipher_suites", Each(&Part::CIPHER_SUITE)),
        Is("extensions", Each(&Part::EXTENSION_TYPE)),
        Is("proposals", Each(&Part::PROPOSAL_TYPE)),
        Is("credentials", Each(&Part::CREDENTIAL_TYPE)),
        Is("wire_formats", Each(&Part::WIRE_FORMAT)),
        Is("component_ids", Each(&Part::COMPONENT)),
        Is("safe_aad_types", Each(&Part::COMPONENT)),
        Is("media_types", Each(&Of(&MEDIA_TYPE))),
        Is("content_types", Each(&Part::U8)),
    ],
);

pub(super) static PENDING_PROPOSAL_POLICY: Structure = Structure::new(
    ("PendingProposalPolicy", POLICY, "7.1"),
    &[
        Is("pending_proposal_strategy", Enum(1, &[(0, "unspecified"), (1, "immediate_commit"), (2, "random_delay")])),
        Case(
            "pending_proposal_strategy",
            &["random_delay"],
            &[Is("minimum_delay_ms", Part::U64), Is("maximum_delay_ms", Part::U64)],
        ),
    ],
);

pub(super) static MIN_DEFAULT_MAX_TIME: Structure = Structure::new(
    ("MinDefaultMaxTime", POLICY, "7.1"),
    &[Is("minimum_time", Part::U64), Is("default_time", Part::U64), Is("maximum_time", Part::U64)],
);

pub(super) static APP_MESSAGE_POLICY: Structure = Structure::new(
    ("AppMessagePolicy", POLICY, "7.1"),
    &[Is("epoch_tolerance", Part::U8), Is("pad_to_size", Part::U16), Is("max_generations_skipahead", Part::U32)],
);
