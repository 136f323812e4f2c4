//! `[mimi]`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use causeway_drafts::mimi_uri::ProviderDomain;
use serde::Deserialize;

/// The MIMI provider that the gateway is.
#[derive(Debug, Deserialize)]
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
    #[serde(default)]
    pub(crate) trusted_roots: Vec<PathBuf>,
    /// Homeservers whose MIMI provider the gateway is, under their own name; the certificate has to name them, too.
    #[serde(default)]
    pub(crate) own_homeservers: Vec<ProviderDomain>,
}

impl MimiConfig {
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        super::resolve_all(folder, [&mut self.certificate, &mut self.private_key].into_iter().chain(&mut self.trusted_roots));
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.own_homeservers.contains(&self.provider), "own_homeservers must not name the provider's own domain");
        Ok(())
    }
}
