//! `[matrix]`

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

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
}

impl MatrixConfig {
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        super::resolve_all(folder, [&mut self.certificate, &mut self.private_key].into_iter().chain(&mut self.trusted_roots));
    }
}

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a network such as 10.0.0.0/8");
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        if prefix > widest { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }
}

impl Network {
    /// Whether an address is in the network.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use super::Network;

    fn network(text: &str) -> Network {
        Network::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_network_contains_what_shares_its_prefix() {
        assert!(network("127.0.0.0/8").contains("127.9.9.9".parse().unwrap()));
        assert!(!network("127.0.0.0/8").contains("128.0.0.1".parse().unwrap()));
        assert!(network("::1/128").contains("::1".parse().unwrap()));
        assert!(!network("::1/128").contains("::2".parse().unwrap()));
        assert!(network("0.0.0.0/0").contains("8.8.8.8".parse().unwrap()));
        assert!(!network("0.0.0.0/0").contains("::1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["10.0.0.0", "10.0.0.0/33", "::/129", "ten/8", ""] {
            assert!(Network::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
