//! From names to addresses.

use std::net::IpAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;

use super::networks::Networks;

/// The addresses of a host, of which those that the gateway may not reach are an error if they are all.
pub(super) async fn lookup(host: &str, networks: Option<&Networks>) -> Result<Vec<IpAddr>, String> {
    let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    let allowed: Vec<IpAddr> =
        found.iter().copied().filter(|address| networks.is_none_or(|networks| networks.may_reach(*address))).collect();
    match (found.is_empty(), allowed.is_empty()) {
        (true, _) => Err("no address".to_owned()),
        (false, true) => Err(format!("{}: private, and not in [matrix] allowed_networks", list(&found))),
        (false, false) => Ok(allowed),
    }
}

/// Addresses in one line.
pub(super) fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The target of the first SRV record of a service.
pub(super) async fn service(name: &str) -> Result<(String, u16), String> {
    let resolver = TokioResolver::builder_tokio().and_then(|builder| builder.build()).map_err(|error| error.to_string())?;
    let found = resolver.srv_lookup(name).await.map_err(|_| "no such record".to_owned())?;
    let records = found.answers().iter().filter_map(|record| match &record.data {
        RData::SRV(srv) => Some((srv.priority, srv.target.to_utf8(), srv.port)),
        _ => None,
    });
    let first = records.min_by_key(|(priority, _, _)| *priority);
    first.map(|(_, target, port)| (target.trim_end_matches('.').to_owned(), port)).ok_or_else(|| "no such record".to_owned())
}
