//! Code points [RFC 9420 §17, mls-extensions-09 §7], in one place: as constants, and as the table [`CODE_POINTS`].
//!
//! What RFC 9420 registered is assigned. What the drafts register is *requested*: IANA has assigned none of it yet, and each
//! can still change. Values for experiments are private use.

/// The registry that a code point is of [RFC 9420 §17].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Registry {
    /// MLS Wire Formats [RFC 9420 §17.2].
    WireFormat,
    /// MLS Extension Types [RFC 9420 §17.3].
    Extension,
    /// MLS Proposal Types [RFC 9420 §17.4].
    Proposal,
    /// MLS Credential Types [RFC 9420 §17.5].
    Credential,
    /// MLS Component Types [mls-extensions-09 §7.5].
    Component,
}

/// How firm a code point is [RFC 9420 §17].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By IANA.
    Assigned,
    /// By a draft, of IANA.
    Requested,
    /// Nobody's: for experiments among those who agree.
    PrivateUse,
}

/// A code point [RFC 9420 §17].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePoint {
    /// Of which registry.
    pub registry: Registry,
    /// The value.
    pub value: u16,
    /// The registered name.
    pub name: &'static str,
    /// Where it is registered.
    pub source: &'static str,
    /// How firm it is.
    pub standing: Standing,
}

/// The code point of a value [RFC 9420 §17], if it is known here.
pub fn code_point(registry: Registry, value: u16) -> Option<&'static CodePoint> {
    CODE_POINTS.iter().find(|point| point.registry == registry && point.value == value)
}

macro_rules! code_points {
    ($($registry:ident $constant:ident = $value:literal $name:literal, $source:literal, $standing:ident $(; $note:literal)?)*) => {
        $(
            #[doc = concat!("`", $name, "` [", $source, "].", $(" ", $note)?)]
            pub const $constant: u16 = $value;
        )*

        /// All of them.
        pub const CODE_POINTS: &[CodePoint] = &[
            $(CodePoint {
                registry: Registry::$registry,
                value: $value,
                name: $name,
                source: $source,
                standing: Standing::$standing,
            },)*
        ];
    };
}

code_points! {
    WireFormat WIRE_FORMAT_PUBLIC_MESSAGE = 0x0001 "mls_public_message", "RFC 9420 §17.2", Assigned
    WireFormat WIRE_FORMAT_PRIVATE_MESSAGE = 0x0002 "mls_private_message", "RFC 9420 §17.2", Assigned
    WireFormat WIRE_FORMAT_WELCOME = 0x0003 "mls_welcome", "RFC 9420 §17.2", Assigned
    WireFormat WIRE_FORMAT_GROUP_INFO = 0x0004 "mls_group_info", "RFC 9420 §17.2", Assigned
    WireFormat WIRE_FORMAT_KEY_PACKAGE = 0x0005 "mls_key_package", "RFC 9420 §17.2", Assigned
    WireFormat WIRE_FORMAT_SEMI_PRIVATE_MESSAGE_LAB = 0xF030 "mls_semiprivate_message", "draft-mahy-mls-semiprivatemessage-07",
        PrivateUse; "The draft has no value; laboratories use this one (G-25)."

    Extension EXTENSION_APPLICATION_ID = 0x0001 "application_id", "RFC 9420 §17.3", Assigned
    Extension EXTENSION_RATCHET_TREE = 0x0002 "ratchet_tree", "RFC 9420 §17.3", Assigned
    Extension EXTENSION_REQUIRED_CAPABILITIES = 0x0003 "required_capabilities", "RFC 9420 §17.3", Assigned
    Extension EXTENSION_EXTERNAL_PUB = 0x0004 "external_pub", "RFC 9420 §17.3", Assigned
    Extension EXTENSION_EXTERNAL_SENDERS = 0x0005 "external_senders", "RFC 9420 §17.3", Assigned
    Extension EXTENSION_APP_DATA_DICTIONARY = 0x0006 "app_data_dictionary", "mls-extensions-09 §4.6", Requested
    Extension EXTENSION_SUPPORTED_WIRE_FORMATS = 0x0007 "supported_wire_formats", "mls-extensions-09 §5", Requested
    Extension EXTENSION_REQUIRED_WIRE_FORMATS = 0x0008 "required_wire_formats", "mls-extensions-09 §5", Requested

    Proposal PROPOSAL_ADD = 0x0001 "add", "RFC 9420 §17.4", Assigned
    Proposal PROPOSAL_UPDATE = 0x0002 "update", "RFC 9420 §17.4", Assigned
    Proposal PROPOSAL_REMOVE = 0x0003 "remove", "RFC 9420 §17.4", Assigned
    Proposal PROPOSAL_PSK = 0x0004 "psk", "RFC 9420 §17.4", Assigned
    Proposal PROPOSAL_REINIT = 0x0005 "reinit", "RFC 9420 §17.4", Assigned
    Proposal PROPOSAL_EXTERNAL_INIT = 0x0006 "external_init", "RFC 9420 §17.4", Assigned
    Proposal PROPOSAL_GROUP_CONTEXT_EXTENSIONS = 0x0007 "group_context_extensions", "RFC 9420 §17.4", Assigned
    Proposal PROPOSAL_APP_DATA_UPDATE = 0x0008 "app_data_update", "mls-extensions-09 §4.7", Requested
    Proposal PROPOSAL_APP_EPHEMERAL = 0x0009 "app_ephemeral", "mls-extensions-09 §4.8", Requested
    Proposal PROPOSAL_SELF_REMOVE = 0x000A "self_remove", "mls-extensions-09 §6.3", Requested
    Proposal PROPOSAL_APP_ACK = 0x000B "app_ack", "mls-extensions-09 §6.1", Requested

    Credential CREDENTIAL_BASIC = 0x0001 "basic", "RFC 9420 §17.5", Assigned
    Credential CREDENTIAL_X509 = 0x0002 "x509", "RFC 9420 §17.5", Assigned
    Credential CREDENTIAL_MULTI = 0x0003 "multi", "mls-extensions-09 §6.5", Requested
    Credential CREDENTIAL_WEAK_MULTI = 0x0004 "weak-multi", "mls-extensions-09 §6.5", Requested

    Component COMPONENT_APP_COMPONENTS = 0x0001 "app_components", "mls-extensions-09 §5", Requested
    Component COMPONENT_SAFE_AAD = 0x0002 "safe_aad", "mls-extensions-09 §4.9", Requested
    Component COMPONENT_CONTENT_MEDIA_TYPES = 0x0003 "content_media_types", "mls-extensions-09 §6.2", Requested
    Component COMPONENT_LAST_RESORT_KEY_PACKAGE = 0x0004 "last_resort_key_package", "mls-extensions-09 §6.4", Requested
    Component COMPONENT_APP_ACK = 0x0005 "app_ack", "mls-extensions-09 §6.1", Requested
    Component COMPONENT_FRANK_AAD = 0x0020 "frank_aad", "mimi-protocol-06 §5.4.1", Requested; "An item of SafeAAD."
    Component COMPONENT_FRANKING_AGENT = 0x0021 "franking_signature_key", "mimi-protocol-06 §5.4.1", Requested;
        "The text calls it `franking_agent` (G-32)."
    Component COMPONENT_PARTICIPANT_LIST = 0x0022 "participant_list", "mimi-protocol-06 §7.5", Requested
    Component COMPONENT_ROOM_METADATA = 0x0023 "room_metadata", "mimi-protocol-06 §7.6", Requested
    Component COMPONENT_MLS_OPERATIONAL_POLICY = 0x0024 "mls_operational_policy", "mimi-room-policy-04 §7", Requested
    Component COMPONENT_ROLES_LIST = 0x0025 "roles_list", "mimi-room-policy-04 §3", Requested
    Component COMPONENT_PREAUTH_LIST = 0x0026 "preauth_list", "mimi-room-policy-04 §4", Requested
    Component COMPONENT_BASE_ROOM_POLICY = 0x0027 "base_room_policy", "mimi-room-policy-04 §5", Requested
    Component COMPONENT_STATUS_NOTIFICATION_POLICY = 0x0028 "status_notification_policy", "mimi-room-policy-04 §6.1", Requested
    Component COMPONENT_JOIN_LINK_POLICY = 0x0029 "join_link_policy", "mimi-room-policy-04 §6.2", Requested
    Component COMPONENT_JOIN_LINKS = 0x002A "join_links", "mimi-room-policy-04 §6.2", Requested
    Component COMPONENT_LINK_PREVIEW_POLICY = 0x002B "link_preview_policy", "mimi-room-policy-04 §6.3", Requested
    Component COMPONENT_ASSET_POLICY = 0x002C "asset_policy", "mimi-room-policy-04 §6.4", Requested
    Component COMPONENT_LOGGING_POLICY = 0x002D "logging_policy", "mimi-room-policy-04 §6.5", Requested
    Component COMPONENT_CHAT_HISTORY_POLICY = 0x002E "chat_history_policy", "mimi-room-policy-04 §6.6", Requested
    Component COMPONENT_BOT_POLICY = 0x002F "bot_policy", "mimi-room-policy-04 §6.7", Requested
    Component COMPONENT_MESSAGE_EXPIRATION_POLICY = 0x0030 "message_expiration_policy", "mimi-room-policy-04 §6.8", Requested
    Component COMPONENT_DMLS = 0xF0D0 "causeway_dmls", "SPEC §14", PrivateUse; "An item of SafeAAD: the term of a commit."
    Component COMPONENT_HARDENING = 0xF0D1 "causeway_hardening", "SPEC §14", PrivateUse;
        "Whether a group's commits carry a PSK; leaves that list it can."
}

/// All components that a room of ours carries in its GroupContext [mls-extensions-09 §4.6] (G-66), in order.
pub const ROOM_COMPONENTS: [u16; 5] = [
    COMPONENT_FRANKING_AGENT,
    COMPONENT_PARTICIPANT_LIST,
    COMPONENT_ROOM_METADATA,
    COMPONENT_ROLES_LIST,
    COMPONENT_BASE_ROOM_POLICY,
];
