//! `[admin]`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "admin",
    about: "The operator's listener: health, metrics, and commands. Plain HTTP. There is none without listen.",
    each: None,
    keys: &[
        Key {
            name: "listen",
            kind: Kind::Address,
            presence: Presence::Optional { example: r#""127.0.0.1:9180""# },
            credential: None,
            about: "Where it listens.",
        },
        Key {
            name: "allow_remote",
            kind: Kind::Boolean,
            presence: Presence::Default("false"),
            credential: None,
            about: "Whether it may listen elsewhere than on loopback. Then something in front of it has to add TLS.",
        },
        Key {
            name: "token_file",
            kind: Kind::Path,
            presence: Presence::Optional { example: r#""data/admin.token""# },
            credential: Some("admin_token"),
            about: "The file with the bearer token that everything but health and metrics asks for. By default admin.token in the \
                    data directory, made at the first start.",
        },
    ],
};

/// The operator's listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminConfig {
    /// Where it listens; nowhere if absent.
    pub(crate) listen: Option<SocketAddr>,
    /// Whether it may listen beyond loopback.
    #[serde(rename = "allow_remote")]
    _allow_remote: bool,
    /// The file with the bearer token.
    pub(crate) token_file: Option<PathBuf>,
}

impl AdminConfig {
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        super::resolve_all(folder, &mut self.token_file);
    }
}
