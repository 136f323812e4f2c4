//! The configuration file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use causeway_drafts::mimi_uri::ProviderDomain;
use serde::Deserialize;

/// The configuration of a provider. Relative paths are relative to the file's folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The provider's domain.
    pub domain: ProviderDomain,
    /// Where MIMI is served, HTTPS.
    pub listen: SocketAddr,
    /// Where the control API is served, plain HTTP.
    pub control: SocketAddr,
    /// PEM chain with the domain as dNSName, used as server and as client certificate.
    pub certificate: PathBuf,
    /// PEM.
    pub private_key: PathBuf,
    /// PEM files.
    pub trusted_roots: Vec<PathBuf>,
    /// How peers are reached.
    #[serde(default)]
    pub peers: BTreeMap<ProviderDomain, Peer>,
}

/// How a peer is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// `host:port`
    pub address: String,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is missing or malformed.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut config: Self = toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))?;
        anyhow::ensure!(config.control.ip().is_loopback(), "the control API is for loopback addresses only");
        let folder = path.parent().unwrap_or(Path::new("."));
        for file in [&mut config.certificate, &mut config.private_key].into_iter().chain(&mut config.trusted_roots) {
            *file = folder.join(&*file);
        }
        Ok(config)
    }
}
