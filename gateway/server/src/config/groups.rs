//! `[groups]`

use causeway_core::conversation::Retention;
use serde::Deserialize;

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "groups",
    about: "The MLS groups.",
    each: None,
    keys: &[
        Key {
            name: "secrets_minutes",
            kind: Kind::Minutes(0, 10_080),
            presence: Presence::Default("0"),
            credential: None,
            about: "How long secrets of an epoch are kept after it has been superseded, in minutes, where `causewayctl group \
                    retain` has not set it for the room; 0 for as long as the number of epochs says. Messages that come later do \
                    not open.",
        },
        Key {
            name: "peers_room",
            kind: Kind::Boolean,
            presence: Presence::Default("false"),
            credential: None,
            about: "Whether gateways in a room without a hub are told what concerns it in a Matrix room of their own users, where \
                    they do so, too. Otherwise each is told at its `causewayPeer` endpoint.",
        },
    ],
};

/// The MLS groups.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupsConfig {
    secrets_minutes: u64,
    /// Whether rooms without a hub have peers' rooms.
    pub(crate) peers_room: bool,
}

impl GroupsConfig {
    /// How long secrets are kept where a conversation has no setting of its own.
    pub(crate) fn retention(&self) -> Retention {
        Retention { epochs: None, age_ms: Some(self.secrets_minutes * 60_000) }
    }
}
