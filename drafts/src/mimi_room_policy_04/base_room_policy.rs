//! The component `base_room_policy` [mimi-room-policy-04 §5]. Its update is a full replacement.

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

/// BaseRoomPolicy. Booleans are octets 0 and 1; optional integers have RFC 9420's presence octet (G-58).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct BaseRoomPolicy {
    /// Nobody comes or goes.
    pub fixed_membership: u8,
    /// Participants are a subset of the parent's (spelt so in the draft, G-64).
    pub parent_dependant: u8,
    /// No or one URI (G-64).
    pub parent_room: Vec<VLBytes>,
    /// A user may have several clients.
    pub multi_device: u8,
    /// At most so many clients.
    pub max_clients: Option<u32>,
    /// At most so many users.
    pub max_users: Option<u32>,
    /// Pseudonymous credentials may join.
    pub pseudonyms_allowed: u8,
    /// The room outlives its last client.
    pub persistent_room: u8,
    /// Search may find it.
    pub discoverable: u8,
    /// The components in force.
    pub policy_component_ids: Vec<u16>,
}

impl BaseRoomPolicy {
    /// An ordinary room: several devices, persistent, not discoverable.
    pub fn ordinary(policy_component_ids: Vec<u16>) -> Self {
        Self {
            fixed_membership: 0,
            parent_dependant: 0,
            parent_room: Vec::new(),
            multi_device: 1,
            max_clients: None,
            max_users: None,
            pseudonyms_allowed: 0,
            persistent_room: 1,
            discoverable: 0,
            policy_component_ids,
        }
    }
}
