//! `[matrix]`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use causeway_core::reach::Network;
use ruma::OwnedServerName;
use serde::Deserialize;

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

/// `@_mimi_<provider>/<user>:<server name>` has to fit into 255 octets with room for names.
pub(super) const LONGEST_NAME: usize = 100;

pub(super) const SECTION: Section = Section {
    name: "matrix",
    about: "The homeserver that the gateway is.",
    each: None,
    keys: &[
        Key {
            name: "server_name",
            kind: Kind::ServerName,
            presence: Presence::Required { example: r#""matrix.gateway.example""# },
            credential: None,
            about: "Its name; ghosts are its users. It must not change.",
        },
        Key {
            name: "listen",
            kind: Kind::Address,
            presence: Presence::Required { example: r#""0.0.0.0:8448""# },
            credential: None,
            about: "Where federation requests arrive, HTTPS.",
        },
        Key {
            name: "certificate",
            kind: Kind::Path,
            presence: Presence::Required { example: r#""matrix.pem""# },
            credential: None,
            about: "Certificate chain for the server name, PEM.",
        },
        Key {
            name: "private_key",
            kind: Kind::Path,
            presence: Presence::Required { example: r#""matrix.key""# },
            credential: Some("matrix_private_key"),
            about: "Its private key, PEM.",
        },
        Key {
            name: "trusted_roots",
            kind: Kind::Paths,
            presence: Presence::Default("[]"),
            credential: None,
            about: "Roots that other homeservers' certificates may have beside the system's, PEM.",
        },
        Key {
            name: "allowed_networks",
            kind: Kind::Networks,
            presence: Presence::Default("[]"),
            credential: None,
            about: "Private networks (10.0.0.0/8) that the federation client may reach; by default none, so that no room event and \
                    no invite can make the gateway call its operator's own machines.",
        },
        Key {
            name: "events_per_second",
            kind: Kind::Count,
            presence: Presence::Default("25"),
            credential: None,
            about: "How fast events go to one homeserver, after twice as many at once. Matrix has no back-pressure, and a single \
                    Synapse process takes in about as many as the default.",
        },
        super::keys::CONNECTIONS_PER_ADDRESS,
    ],
};

/// The homeserver that the gateway is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatrixConfig {
    /// Its name; ghosts are its users. It must not change.
    pub(crate) server_name: OwnedServerName,
    /// Where federation requests arrive, HTTPS.
    pub(crate) listen: SocketAddr,
    /// Certificate chain, PEM.
    pub(crate) certificate: PathBuf,
    /// Its private key, PEM.
    pub(crate) private_key: PathBuf,
    /// Roots that other homeservers' certificates may have beside the system's, PEM.
    pub(crate) trusted_roots: Vec<PathBuf>,
    /// Private networks (`127.0.0.0/8`) that the federation client may reach; by default none, so that no room event
    /// and no invite can make the gateway call its operator's own machines.
    pub(crate) allowed_networks: Vec<Network>,
    /// How fast events go to one homeserver, after twice as many at once.
    pub(crate) events_per_second: u32,
    /// As many connections may be open from one address; more are closed at once.
    pub(crate) connections_per_address: usize,
}

impl MatrixConfig {
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        super::resolve_all(folder, [&mut self.certificate, &mut self.private_key].into_iter().chain(&mut self.trusted_roots));
    }
}
