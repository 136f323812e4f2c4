//! The component `base_room_policy` [mimi-room-policy-04 §5]. Its update is a full replacement.

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

/// BaseRoomPolicy. Booleans are octets 0 and 1; optional integers have RFC 9420's presence octet (G-58).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct BaseRoomPolicy {
    /// Nobody comes or goes.
    #[tls_codec(with = "octet")]
    pub fixed_membership: bool,
    /// Participants are a subset of the parent's (spelt so in the draft, G-64).
    #[tls_codec(with = "octet")]
    pub parent_dependant: bool,
    /// No or one URI (G-64).
    pub parent_room: Vec<VLBytes>,
    /// A user may have several clients.
    #[tls_codec(with = "octet")]
    pub multi_device: bool,
    /// At most so many clients.
    pub max_clients: Option<u32>,
    /// At most so many users.
    pub max_users: Option<u32>,
    /// Pseudonymous credentials may join.
    #[tls_codec(with = "octet")]
    pub pseudonyms_allowed: bool,
    /// The room outlives its last client.
    #[tls_codec(with = "octet")]
    pub persistent_room: bool,
    /// Search may find it.
    #[tls_codec(with = "octet")]
    pub discoverable: bool,
    /// The components in force.
    pub policy_component_ids: Vec<u16>,
}

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

mod octet {
    //! `enum { false(0), true(1) } bool`; no other octet is one.
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize};

    pub(super) fn tls_serialized_len(_: &bool) -> usize {
        1
    }

    pub(super) fn tls_serialize<W: Write>(value: &bool, writer: &mut W) -> Result<usize, Error> {
        u8::from(*value).tls_serialize(writer)
    }

    pub(super) fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<bool, Error> {
        match u8::tls_deserialize(bytes)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Error::UnknownValue(other.into())),
        }
    }
}
