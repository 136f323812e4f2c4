//! Which addresses the gateway's federation client may reach.

use std::net::IpAddr;

/// Networks in CIDR notation; what is none is left out, since the configuration check names it.
pub(crate) struct Networks(Vec<(IpAddr, u32)>);

impl Networks {
    pub(crate) fn new(texts: &[String]) -> Self {
        let parse = |text: &String| {
            let (address, prefix) = text.split_once('/')?;
            Some((address.parse().ok()?, prefix.parse().ok()?))
        };
        Self(texts.iter().filter_map(parse).collect())
    }

    /// Whether the gateway reaches an address.
    pub(crate) fn may_reach(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.iter().any(|network| contains(*network, address))
    }
}

fn contains((network, prefix): (IpAddr, u32), address: IpAddr) -> bool {
    let shared = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (network.to_bits() ^ address.to_bits()).leading_zeros(),
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits() ^ address.to_bits()).leading_zeros(),
        _ => return false,
    };
    shared >= prefix
}

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            let is_local = address.is_private() || address.is_loopback() || address.is_link_local() || is_shared;
            !(is_local || address.is_multicast() || address.is_documentation() || first == 0 || first >= 240)
        }
        IpAddr::V6(address) => {
            let is_local = address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local();
            !(is_local || address.is_unspecified() || address.is_multicast())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use super::Networks;

    #[test]
    fn private_addresses_have_to_be_allowed() {
        let networks = Networks::new(&["127.0.0.0/8".to_owned(), "::1/128".to_owned(), "nonsense".to_owned()]);
        for (address, expected) in
            [("127.0.0.1", true), ("::1", true), ("10.0.0.1", false), ("1.1.1.1", true), ("fd00::1", false), ("100.64.0.1", false)]
        {
            assert_eq!(networks.may_reach(address.parse().unwrap()), expected, "{address}");
        }
    }
}
