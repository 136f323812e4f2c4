//! A provider: address, TLS, directory, endpoints [mimi-protocol-06 §5.1].

use std::net::SocketAddr;

use causeway_drafts::mimi_protocol_06::directory::{Directory, WELL_KNOWN};
use causeway_drafts::mimi_uri::ProviderDomain;
use rustls::pki_types::ServerName as TlsName;
use url::Url;

use super::certificate::Certificate;
use super::connect::{Endpoint, Trust, get, handshake, tcp};
use super::resolve::{list, lookup};
use super::{Ended, Probe, Setup};

const DEFAULT_PORT: u16 = 443;

pub(super) async fn run(probe: &mut Probe, setup: &Setup, name: &str) {
    let parsed = name.parse::<ProviderDomain>().map_err(|error| error.to_string());
    let Some(domain) = probe.step("name", (name, "a domain"), parsed, ToString::to_string) else { return };
    let Some(address) = address(probe, setup, name).await else { return };
    let Ok(tls_name) = TlsName::try_from(name.to_owned()) else { return };
    let endpoint = Endpoint { address, tls_name, host: name.to_owned() };
    if secured(probe, &setup.mimi, &endpoint).await.is_none() {
        return;
    }
    if let Some(directory) = directory(probe, setup, &endpoint).await {
        endpoints(probe, &directory, &domain);
        roots(probe, &directory);
    }
}

async fn address(probe: &mut Probe, setup: &Setup, name: &str) -> Option<SocketAddr> {
    if let Some(address) = setup.addresses.get(name) {
        let section = format!("[peers.\"{name}\"] address");
        probe.note("address", Ended::Ok, (&section, "an address", &address.to_string()));
        return Some(*address);
    }
    let found = lookup(setup, name, DEFAULT_PORT).await;
    let found = probe.step("address", (name, "an address"), found, |found| format!("{}, port {DEFAULT_PORT}", list(found)))?;
    Some(SocketAddr::new(*found.first()?, DEFAULT_PORT))
}

/// TCP, then TLS with a certificate that we believe: the same for both protocols.
pub(super) async fn secured(probe: &mut Probe, trust: &Trust, endpoint: &Endpoint) -> Option<()> {
    let address = endpoint.address.to_string();
    probe.step("connection", (&address, "something that listens"), tcp(endpoint.address).await, |_| "connected".to_owned())?;
    let expected = format!("TLS 1.2 or 1.3 as {}", endpoint.tls_name.to_str());
    let seen = handshake(trust, endpoint).await;
    let seen = probe.step("TLS", (&address, &expected), seen, |seen| format!("{}, {}", seen.version, seen.http))?;
    let certificate = Certificate::read(&seen.certificate).map(|certificate| certificate.describe());
    let found = match (seen.refused, certificate) {
        (Some(why), Ok(certificate)) => Err(format!("{why}; it {certificate}")),
        (Some(why), Err(_)) => Err(why),
        (None, other) => other,
    };
    let expected = format!("valid now, names {}, from a root we trust", endpoint.tls_name.to_str());
    probe.step("certificate", (&address, &expected), found, Clone::clone).map(|_| ())
}

async fn directory(probe: &mut Probe, setup: &Setup, endpoint: &Endpoint) -> Option<Directory> {
    let answer = get(&setup.mimi, endpoint, WELL_KNOWN).await;
    probe.clock_ahead = answer.as_ref().ok().and_then(|answer| answer.clock_ahead);
    let found = answer.and_then(|answer| match answer.status.is_success() {
        true => serde_json::from_slice::<Directory>(&answer.body).map_err(|error| format!("not a directory: {error}")),
        false => Err(answer.status.to_string()),
    });
    let url = format!("https://{}{WELL_KNOWN}", endpoint.host);
    probe.step("directory", (&url, "200 with a URL template for each endpoint"), found, |_| "ten endpoints".to_owned())
}

fn endpoints(probe: &mut Probe, directory: &Directory, domain: &ProviderDomain) {
    let templates = [
        ("keyMaterial", &directory.key_material),
        ("update", &directory.update),
        ("notify", &directory.notify),
        ("submitMessage", &directory.submit_message),
        ("groupInfo", &directory.group_info),
        ("requestConsent", &directory.request_consent),
        ("updateConsent", &directory.update_consent),
        ("identifierQuery", &directory.identifier_query),
        ("reportAbuse", &directory.report_abuse),
        ("proxyDownload", &directory.proxy_download),
    ];
    for (name, template) in templates {
        let found = checked(template, domain);
        probe.step("endpoint", (name, "https, with one variable"), found, Clone::clone);
    }
}

fn checked(template: &str, domain: &ProviderDomain) -> Result<String, String> {
    let plain = template.replace(['{', '}'], "");
    let url: Url = plain.parse().map_err(|error| format!("{template}: {error}"))?;
    let variables = template.matches('{').count();
    match () {
        () if url.scheme() != "https" => Err(format!("{template}: not https")),
        () if variables != 1 => Err(format!("{template}: {variables} variables")),
        () if url.host_str() != Some(domain.as_str()) => Ok(format!("{template} (on another host)")),
        () => Ok(template.to_owned()),
    }
}

fn roots(probe: &mut Probe, directory: &Directory) {
    let count = directory.mls_credential_roots.len();
    let result = if count == 0 { Ended::Note } else { Ended::Ok };
    let found = format!("{count} roots");
    probe.note("credential roots", result, ("mls_credential_roots", "at least one, or roots pinned already", &found));
}
