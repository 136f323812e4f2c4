//! `[mimi]`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use causeway_drafts::mimi_uri::ProviderDomain;
use serde::Deserialize;

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "mimi",
    about: "The MIMI provider that the gateway is.",
    each: None,
    keys: &[
        Key {
            name: "provider",
            kind: Kind::Domain,
            presence: Presence::Required { example: r#""gateway.example""# },
            credential: None,
            about: "Its domain; puppets are its users. It must not change.",
        },
        Key {
            name: "listen",
            kind: Kind::Address,
            presence: Presence::Required { example: r#""0.0.0.0:443""# },
            credential: None,
            about: "Where other providers' requests arrive, HTTPS with client certificates.",
        },
        Key {
            name: "certificate",
            kind: Kind::Path,
            presence: Presence::Required { example: r#""mimi.pem""# },
            credential: None,
            about: "Certificate chain for the domain, PEM: the server's certificate here, and the client's at other providers.",
        },
        Key {
            name: "private_key",
            kind: Kind::Path,
            presence: Presence::Required { example: r#""mimi.key""# },
            credential: Some("mimi_private_key"),
            about: "Its private key, PEM.",
        },
        Key {
            name: "trusted_roots",
            kind: Kind::Paths,
            presence: Presence::Default("[]"),
            credential: None,
            about: "Roots that other providers' certificates may have beside the system's, PEM.",
        },
        Key {
            name: "own_homeservers",
            kind: Kind::Domains,
            presence: Presence::Default("[]"),
            credential: None,
            about: "Homeservers whose MIMI provider the gateway is, under their own name; the certificate has to name them, too.",
        },
        super::keys::CONNECTIONS_PER_ADDRESS,
    ],
};

/// The MIMI provider that the gateway is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MimiConfig {
    /// Its domain; puppets are its users. It must not change.
    pub(crate) provider: ProviderDomain,
    /// Where other providers' requests arrive, HTTPS with client certificates.
    pub(crate) listen: SocketAddr,
    /// Certificate chain for the domain, PEM: server certificate here, client certificate at others (P-004).
    pub(crate) certificate: PathBuf,
    /// Its private key, PEM.
    pub(crate) private_key: PathBuf,
    /// Roots that other providers' certificates may have beside the system's, PEM.
    pub(crate) trusted_roots: Vec<PathBuf>,
    /// Homeservers whose MIMI provider the gateway is, under their own name; the certificate has to name them, too.
    pub(crate) own_homeservers: Vec<ProviderDomain>,
    /// As many connections may be open from one address; more are closed at once.
    pub(crate) connections_per_address: usize,
}

impl MimiConfig {
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        super::resolve_all(folder, [&mut self.certificate, &mut self.private_key].into_iter().chain(&mut self.trusted_roots));
    }
}
