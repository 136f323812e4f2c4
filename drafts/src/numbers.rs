//! Code points, in one place. All are *requested* by their drafts; none is assigned by IANA yet.

/// MLS extension `app_data_dictionary` [mls-extensions-09 §4.6].
pub const EXTENSION_APP_DATA_DICTIONARY: u16 = 0x0006;
/// MLS proposal `app_data_update` [mls-extensions-09 §4.7].
pub const PROPOSAL_APP_DATA_UPDATE: u16 = 0x0008;
/// MLS proposal `self_remove` [mls-extensions-09 §6.3].
pub const PROPOSAL_SELF_REMOVE: u16 = 0x000A;

/// Component `app_components` [mls-extensions-09 §4.5].
pub const COMPONENT_APP_COMPONENTS: u16 = 0x0001;
/// Component `safe_aad` [mls-extensions-09 §4.9].
pub const COMPONENT_SAFE_AAD: u16 = 0x0002;
/// Component `content_media_types` [mls-extensions-09 §6.2].
pub const COMPONENT_CONTENT_MEDIA_TYPES: u16 = 0x0003;
/// Component `frank_aad`, an item of SafeAAD [mimi-protocol-06 §5.4.1].
pub const COMPONENT_FRANK_AAD: u16 = 0x0020;
/// Component `franking_agent`, called `franking_signature_key` in its registration (G-32) [mimi-protocol-06 §5.4.1].
pub const COMPONENT_FRANKING_AGENT: u16 = 0x0021;
/// Component `participant_list` [mimi-protocol-06 §7.5].
pub const COMPONENT_PARTICIPANT_LIST: u16 = 0x0022;
/// Component `room_metadata` [mimi-protocol-06 §7.6].
pub const COMPONENT_ROOM_METADATA: u16 = 0x0023;
/// Component `roles_list` [mimi-room-policy-04 §3].
pub const COMPONENT_ROLES_LIST: u16 = 0x0025;
/// Component `base_room_policy` [mimi-room-policy-04 §5].
pub const COMPONENT_BASE_ROOM_POLICY: u16 = 0x0027;

/// All components that a room of ours carries in its GroupContext (G-66), in order.
pub const ROOM_COMPONENTS: [u16; 5] = [
    COMPONENT_FRANKING_AGENT,
    COMPONENT_PARTICIPANT_LIST,
    COMPONENT_ROOM_METADATA,
    COMPONENT_ROLES_LIST,
    COMPONENT_BASE_ROOM_POLICY,
];

/// MLS wire formats [RFC 9420 §6].
pub mod wire_format {
    /// PublicMessage
    pub const PUBLIC_MESSAGE: u16 = 1;
    /// PrivateMessage
    pub const PRIVATE_MESSAGE: u16 = 2;
    /// Welcome
    pub const WELCOME: u16 = 3;
    /// GroupInfo
    pub const GROUP_INFO: u16 = 4;
    /// KeyPackage
    pub const KEY_PACKAGE: u16 = 5;
    /// The private-use value that laboratories use for SemiPrivateMessage, whose registration is still open (G-25).
    pub const SEMI_PRIVATE_MESSAGE_LAB: u16 = 0xF030;
}
