//! `[bridge]`

use serde::Deserialize;

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "bridge",
    about: "What may be bridged.",
    each: None,
    keys: &[Key {
        name: "endpoint_mode",
        kind: Kind::Boolean,
        presence: Presence::Default("false"),
        credential: None,
        about: "Whether conversations in endpoint mode, in which the gateway reads messages, are allowed at all.",
    }],
};

/// What may be bridged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BridgeConfig {
    /// Whether conversations in endpoint mode, in which the gateway reads messages, are allowed at all.
    pub(crate) endpoint_mode: bool,
}
