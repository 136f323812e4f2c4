//! The component `mls_operational_policy` [mimi-room-policy-04 §7]: how the room's group uses MLS.

use crate::application::MediaType;
use crate::structure::{choice, octet, structure};

/// ExtendedCapabilities. All are numbers of registries, known here or not [RFC 9420 §7.2].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtendedCapabilities {
    /// ProtocolVersion.
    pub versions: Vec<u16>,
    /// CipherSuite.
    pub cipher_suites: Vec<u16>,
    /// ExtensionType.
    pub extensions: Vec<u16>,
    /// ProposalType.
    pub proposals: Vec<u16>,
    /// CredentialType.
    pub credentials: Vec<u16>,
    /// WireFormat, called `WireFormats` in the draft (G-62).
    pub wire_formats: Vec<u16>,
    /// ComponentID.
    pub component_ids: Vec<u16>,
    /// ComponentID of items of SafeAAD.
    pub safe_aad_types: Vec<u16>,
    /// MediaType.
    pub media_types: Vec<MediaType>,
    /// ContentType.
    pub content_types: Vec<u8>,
}

/// PendingProposalPolicy (§7): when proposals are committed. The draft's arm `extension` has no value (G-62).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingProposalPolicy {
    /// No matter.
    Unspecified,
    /// At once.
    ImmediateCommit,
    /// After a while of a random length.
    RandomDelay {
        /// At least.
        minimum_delay_ms: u64,
        /// At most.
        maximum_delay_ms: u64,
    },
}

/// A time with its bounds (§7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinDefaultMaxTime {
    /// At least.
    pub minimum_time: u64,
    /// Where nothing speaks against it.
    pub default_time: u64,
    /// At most.
    pub maximum_time: u64,
}

/// AppMessagePolicy (§7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppMessagePolicy {
    /// Messages of so many past epochs are taken.
    pub epoch_tolerance: u8,
    /// Messages are padded to a multiple.
    pub pad_to_size: u16,
    /// A ratchet goes so many steps forward for one message.
    pub max_generations_skipahead: u32,
}

/// OperationalParameters (§7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationalParameters {
    /// What every client has to have.
    pub mandatory_capabilities: ExtendedCapabilities,
    /// What is used where nothing speaks against it.
    pub default_capabilities: ExtendedCapabilities,
    /// What is not used.
    pub forbidden_capabilities: ExtendedCapabilities,
    /// WireFormat of handshakes.
    pub handshake_formats: Vec<u16>,
    /// Whether others than members may propose.
    pub external_proposal_allowed: bool,
    /// Whether others than members may join by themselves.
    pub external_commit_allowed: bool,
    /// When proposals are committed.
    pub pending_proposal_policy: PendingProposalPolicy,
    /// How long a leaf stays as it is.
    pub leaf_node_update_time: MinDefaultMaxTime,
    /// About application messages.
    pub app_message_policy: AppMessagePolicy,
    /// How long a KeyPackage lives.
    pub max_kp_lifetime: u64,
    /// How long a credential lives.
    pub max_credential_lifetime: u64,
    /// How long resumption secrets are kept.
    pub resumption_psk_lifetime: u64,
    /// How long unused keys of a sender are kept.
    pub sender_nonce_keypair_lifetime: MinDefaultMaxTime,
    /// How many of them.
    pub max_keypairs: u32,
    /// How long messages are kept that cannot be read yet.
    pub buffer_incoming_message_time: MinDefaultMaxTime,
    /// How many of them.
    pub max_buffered_messages: u32,
}

/// OperationalParametersUpdate (§7).
pub type OperationalParametersUpdate = OperationalParameters;

structure!(ExtendedCapabilities {
    versions[],
    cipher_suites[],
    extensions[],
    proposals[],
    credentials[],
    wire_formats[],
    component_ids[],
    safe_aad_types[],
    media_types[],
    content_types[],
});
choice!(PendingProposalPolicy as "pending_proposal_strategy" {
    0 => Unspecified,
    1 => ImmediateCommit,
    2 => RandomDelay { minimum_delay_ms, maximum_delay_ms },
});
structure!(MinDefaultMaxTime { minimum_time, default_time, maximum_time });
structure!(AppMessagePolicy { epoch_tolerance, pad_to_size, max_generations_skipahead });
structure!(OperationalParameters {
    mandatory_capabilities,
    default_capabilities,
    forbidden_capabilities,
    handshake_formats[],
    external_proposal_allowed[octet],
    external_commit_allowed[octet],
    pending_proposal_policy,
    leaf_node_update_time as "LeafNode_update_time",
    app_message_policy,
    max_kp_lifetime,
    max_credential_lifetime,
    resumption_psk_lifetime,
    sender_nonce_keypair_lifetime,
    max_keypairs,
    buffer_incoming_message_time,
    max_buffered_messages,
});
