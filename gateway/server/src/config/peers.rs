//! `[peers."a.example"]`

use std::collections::BTreeMap;
use std::net::SocketAddr;

use causeway_drafts::mimi_uri::ProviderDomain;
use serde::Deserialize;

use super::keys::{Each, Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "peers",
    about: "How MIMI providers are reached where DNS does not say it: one table each. They also get a metrics label of their own.",
    each: Some(Each { kind: Kind::Domain, example: "provider.example" }),
    keys: &[Key {
        name: "address",
        kind: Kind::Address,
        presence: Presence::Required { example: r#""192.0.2.1:443""# },
        credential: None,
        about: "TCP address; the TLS name stays the provider's domain.",
    }],
};

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

    /// The names of the configured providers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
