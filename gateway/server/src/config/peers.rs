//! `[peers."a.example"]`

use std::collections::BTreeMap;
use std::net::SocketAddr;

use causeway_drafts::mimi_uri::ProviderDomain;
use serde::Deserialize;

/// How MIMI providers are reached where DNS does not say it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Peers(BTreeMap<String, PeerConfig>);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerConfig {
    /// TCP address; the TLS name stays the provider's domain.
    address: SocketAddr,
}

impl Peers {
    /// The configured address of a provider.
    pub(crate) fn address(&self, provider: &ProviderDomain) -> Option<SocketAddr> {
        self.0.get(provider.as_str()).map(|peer| peer.address)
    }
}
