//! The component `base_room_policy` [mimi-room-policy-04 §5]. Its update is a full replacement.

use crate::structure::{octet, optional, structure};
use crate::uri::Uri;

/// BaseRoomPolicy (§5). Booleans are octets 0 and 1; optional integers have RFC 9420's presence octet (G-58).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseRoomPolicy {
    /// Nobody comes or goes.
    pub fixed_membership: bool,
    /// Participants are a subset of the parent's (spelt so in the draft, G-64).
    pub parent_dependant: bool,
    /// No or one URI (G-64).
    pub parent_room: Vec<Uri>,
    /// A user may have several clients.
    pub multi_device: bool,
    /// At most so many clients.
    pub max_clients: Option<u32>,
    /// At most so many users.
    pub max_users: Option<u32>,
    /// Pseudonymous credentials may join.
    pub pseudonyms_allowed: bool,
    /// The room outlives its last client.
    pub persistent_room: bool,
    /// Search may find it.
    pub discoverable: bool,
    /// The components in force.
    pub policy_component_ids: Vec<u16>,
}

structure!(BaseRoomPolicy {
    fixed_membership[octet],
    parent_dependant[octet],
    parent_room[],
    multi_device[octet],
    max_clients[optional],
    max_users[optional],
    pseudonyms_allowed[octet],
    persistent_room[octet],
    discoverable[octet],
    policy_component_ids[],
});

/// BaseRoomUpdate (§5).
pub type BaseRoomUpdate = BaseRoomPolicy;

impl BaseRoomPolicy {
    /// An ordinary room: several devices, persistent, not discoverable.
    pub fn ordinary(policy_component_ids: Vec<u16>) -> Self {
        Self {
            fixed_membership: false,
            parent_dependant: false,
            parent_room: Vec::new(),
            multi_device: true,
            max_clients: None,
            max_users: None,
            pseudonyms_allowed: false,
            persistent_room: true,
            discoverable: false,
            policy_component_ids,
        }
    }

    /// Whether the policy can stand.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self) -> Result<(), &'static str> {
        match (self.parent_dependant, self.parent_room.len()) {
            (true, 1) | (false, 0) => Ok(()),
            _ => Err("R-019: parent_room is set exactly where the room depends on a parent"),
        }
    }
}
