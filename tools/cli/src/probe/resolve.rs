//! From names to addresses.

use std::net::IpAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;

use super::Setup;

/// The addresses of a host that the gateway may connect to at a port; if there are others only, why it does not.
pub(super) async fn lookup(setup: &Setup, host: &str, port: u16) -> Result<Vec<IpAddr>, String> {
    let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    let refused = found.iter().find_map(|address| setup.refuses(*address, port));
    let allowed: Vec<IpAddr> = found.into_iter().filter(|address| setup.refuses(*address, port).is_none()).collect();
    match (allowed.is_empty(), refused) {
        (false, _) => Ok(allowed),
        (true, Some(why)) => Err(why),
        (true, None) => Err("no address".to_owned()),
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
