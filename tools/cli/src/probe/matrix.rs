//! A homeserver: discovery, TLS, version, signing keys [Matrix: resolving server names, retrieving server keys].

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use ruma::ServerName;
use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::signatures::{PublicKeyMap, PublicKeySet};
use rustls::pki_types::ServerName as TlsName;
use serde::Deserialize;

use super::connect::{Endpoint, get};
use super::resolve::{list, lookup, service};
use super::{Ended, Probe, Setup};
use crate::time::{now, rfc3339};

const DEFAULT_PORT: u16 = 8448;
const WELL_KNOWN_PORT: u16 = 443;

#[derive(Deserialize)]
struct WellKnown {
    #[serde(rename = "m.server")]
    server: String,
}

#[derive(Deserialize)]
struct Version {
    server: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Keys {
    server_name: String,
    valid_until_ts: u64,
    verify_keys: BTreeMap<String, Key>,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

pub(super) async fn run(probe: &mut Probe, setup: &Setup, name: &str) {
    let parsed = <&ServerName>::try_from(name).map_err(|error| error.to_string());
    let Some(server) = probe.step("name", (name, "a server name"), parsed, |server| format!("host {}", server.host())) else {
        return;
    };
    let Some(endpoint) = discover(probe, setup, server).await else { return };
    if super::mimi::secured(probe, &setup.matrix, &endpoint).await.is_none() {
        return;
    }
    version(probe, setup, &endpoint).await;
    keys(probe, setup, (&endpoint, server)).await;
}

/// Steps 1 to 6 of the specification.
async fn discover(probe: &mut Probe, setup: &Setup, server: &ServerName) -> Option<Endpoint> {
    if is_explicit(server) {
        return located(probe, setup, (server, server.port().unwrap_or(DEFAULT_PORT), server.host())).await;
    }
    if let Some(delegated) = delegation(probe, setup, server).await {
        let parsed = <&ServerName>::try_from(delegated.as_str()).map_err(|error| error.to_string());
        let delegated = probe.step("delegated name", (&delegated, "a server name"), parsed, |name| name.to_string())?;
        if is_explicit(delegated) {
            return located(probe, setup, (delegated, delegated.port().unwrap_or(DEFAULT_PORT), delegated.host())).await;
        }
        return by_dns(probe, setup, delegated).await;
    }
    by_dns(probe, setup, server).await
}

fn is_explicit(server: &ServerName) -> bool {
    server.port().is_some() || literal(server.host()).is_some()
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

async fn delegation(probe: &mut Probe, setup: &Setup, server: &ServerName) -> Option<String> {
    let url = format!("https://{server}/.well-known/matrix/server");
    let found = ask_well_known(setup, server).await;
    let result = if found.is_ok() { Ended::Ok } else { Ended::Note };
    let text = match &found {
        Ok(delegated) => format!("delegated to {delegated}"),
        Err(why) => format!("not delegated: {why}"),
    };
    probe.note("well-known", result, (&url, r#"{"m.server": "…"}, or nothing"#, &text));
    found.ok()
}

async fn ask_well_known(setup: &Setup, server: &ServerName) -> Result<String, String> {
    let addresses = lookup(setup, server.host(), WELL_KNOWN_PORT).await?;
    let address = *addresses.first().ok_or("no address")?;
    let tls_name = TlsName::try_from(server.host().to_owned()).map_err(|error| error.to_string())?;
    let endpoint = Endpoint { address: SocketAddr::new(address, WELL_KNOWN_PORT), tls_name, host: server.to_string() };
    let answer = get(&setup.matrix, &endpoint, "/.well-known/matrix/server").await?;
    if answer.status != http::StatusCode::OK {
        return Err(answer.status.to_string());
    }
    let found: WellKnown = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    Ok(found.server)
}

async fn by_dns(probe: &mut Probe, setup: &Setup, server: &ServerName) -> Option<Endpoint> {
    for kind in ["_matrix-fed._tcp", "_matrix._tcp"] {
        let name = format!("{kind}.{}.", server.host());
        match service(&name).await {
            Ok((target, port)) => {
                probe.note("SRV", Ended::Ok, (&name, "a record, or nothing", &format!("{target}:{port}")));
                return located(probe, setup, (server, port, &target)).await;
            }
            Err(why) => probe.note("SRV", Ended::Note, (&name, "a record, or nothing", &why)),
        }
    }
    located(probe, setup, (server, DEFAULT_PORT, server.host())).await
}

/// `name` is what certificate and `Host` carry, `target` is where it is.
async fn located(probe: &mut Probe, setup: &Setup, (name, port, target): (&ServerName, u16, &str)) -> Option<Endpoint> {
    let addresses = match literal(target) {
        Some(address) => setup.refuses(address, port).map_or(Ok(vec![address]), Err),
        None => lookup(setup, target, port).await,
    };
    let expected = "an address that the gateway may reach";
    let addresses =
        probe.step("addresses", (target, expected), addresses, |addresses| format!("{}, port {port}", list(addresses)))?;
    let tls_name = match literal(name.host()) {
        Some(address) => TlsName::IpAddress(address.into()),
        None => TlsName::try_from(name.host().to_owned()).ok()?,
    };
    Some(Endpoint { address: SocketAddr::new(*addresses.first()?, port), tls_name, host: name.to_string() })
}

async fn version(probe: &mut Probe, setup: &Setup, endpoint: &Endpoint) {
    let path = "/_matrix/federation/v1/version";
    let found = document::<Version>(probe, setup, (endpoint, path)).await;
    let say = |version: &Version| version.server.values().cloned().collect::<Vec<_>>().join(" ");
    probe.step("version", (path, "200 with server.name and server.version"), found, say);
}

async fn keys(probe: &mut Probe, setup: &Setup, (endpoint, server): (&Endpoint, &ServerName)) {
    let path = "/_matrix/key/v2/server";
    let found = document::<CanonicalJsonObject>(probe, setup, (endpoint, path)).await;
    let expected = format!("keys of {server}, signed by themselves, not run out");
    probe.step("signing keys", (path, &expected), found.and_then(|object| checked(server, object)), Clone::clone);
}

fn checked(server: &ServerName, object: CanonicalJsonObject) -> Result<String, String> {
    let value = serde_json::to_value(&object).map_err(|error| error.to_string())?;
    let keys: Keys = serde_json::from_value(value).map_err(|error| error.to_string())?;
    if keys.server_name != server.as_str() {
        return Err(format!("keys of {}", keys.server_name));
    }
    let mut set = PublicKeySet::new();
    for (id, key) in &keys.verify_keys {
        set.insert(id.clone(), Base64::parse(&key.key).map_err(|error| format!("{id}: {error}"))?);
    }
    ruma::signatures::verify_json(&PublicKeyMap::from([(server.to_string(), set)]), &object).map_err(|error| error.to_string())?;
    let until = rfc3339(keys.valid_until_ts as i64);
    match keys.valid_until_ts as i64 > now() {
        true => Ok(format!("{}; until {until}", keys.verify_keys.into_keys().collect::<Vec<_>>().join(", "))),
        false => Err(format!("they ran out at {until}")),
    }
}

async fn document<T: serde::de::DeserializeOwned>(
    probe: &mut Probe,
    setup: &Setup,
    (endpoint, path): (&Endpoint, &str),
) -> Result<T, String> {
    let answer = get(&setup.matrix, endpoint, path).await?;
    probe.clock_ahead = probe.clock_ahead.or(answer.clock_ahead);
    if answer.status != http::StatusCode::OK {
        return Err(answer.status.to_string());
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("not the document: {error}"))
}
