//! Who sends a request, and to whom [mimi-protocol-06 §4.1].

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use causeway_core::code;
use causeway_drafts::mimi_uri::ProviderDomain;
use http::header::{FROM, HOST};
use http::request::Parts;
use hyper::body::Bytes;

use super::error::MimiError;
use crate::http::{Connection, read_body};
use crate::node::Node;
use crate::outbox::Peer;

/// A commit with the tree of some ten thousand members fits.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A request whose sender and target have been checked against certificates.
pub(crate) struct FromProvider {
    /// The provider that sends it.
    pub(crate) from: ProviderDomain,
    /// Which of our domains it is for.
    pub(crate) target: ProviderDomain,
    /// The path's last part, as received: a URI, encoded.
    pub(crate) path: String,
    /// The body.
    pub(crate) body: Bytes,
}

impl FromRequest<Arc<Node>> for FromProvider {
    type Rejection = MimiError;

    async fn from_request(request: Request, node: &Arc<Node>) -> Result<Self, MimiError> {
        let (parts, body) = request.into_parts();
        let target = target(node, &parts)?;
        let from = sender(&parts)?;
        tracing::Span::current().record("peer", from.as_str());
        node.outbox.heard_from(&Peer::Provider(from.clone()));
        // /v1/<endpoint>/<rest>
        let path = parts.uri.path().splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        let body = read_body(&parts.headers, body, BODY_LIMIT).await?;
        Ok(Self { from, target, path, body })
    }
}

/// P-003: the target is what `Host` says, its port ignored.
pub(super) fn target(node: &Node, parts: &Parts) -> Result<ProviderDomain, MimiError> {
    if parts.headers.get_all(HOST).iter().nth(1).is_some() {
        return Err(MimiError::new(code::HOST_MALFORMED, "P-001: more than one Host"));
    }
    let header = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).map(without_port);
    // A URI in absolute form has a host of its own, as has every request of HTTP/2.
    let host = match (header, parts.uri.host()) {
        (Some(header), Some(host)) if !header.eq_ignore_ascii_case(host) => {
            return Err(MimiError::new(code::HOST_MALFORMED, "P-003: Host is not the URI's"));
        }
        (header, host) => header.or(host).ok_or_else(|| MimiError::new(code::HOST_MALFORMED, "P-001: no Host"))?,
    };
    // Names of hosts have no case [RFC 9110 §4.2.3].
    let domain = host.to_ascii_lowercase().parse();
    let domain: ProviderDomain = domain.map_err(|_| MimiError::new(code::HOST_MALFORMED, "P-003: Host is not a domain"))?;
    match node.gateway.names.is_ours(&domain) {
        true => Ok(domain),
        false => Err(MimiError::new(code::HOST_NOT_SERVED, format!("P-003: {domain} is not served here"))),
    }
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(host, _)| host)
}

/// P-002, P-006: `From` is `mimi@<domain>`, and the domain is one of the client certificate's.
fn sender(parts: &Parts) -> Result<ProviderDomain, MimiError> {
    let connection = parts.extensions.get::<Connection>().cloned().unwrap_or_default();
    let certified =
        connection.client_domains.ok_or_else(|| MimiError::new(code::NO_CLIENT_CERTIFICATE, "P-004: no client certificate"))?;
    let malformed = |why: &str| MimiError::new(code::FROM_MALFORMED, why);
    let mut values = parts.headers.get_all(FROM).iter();
    let from = values.next().and_then(|from| from.to_str().ok()).ok_or_else(|| malformed("P-001: no From"))?;
    if values.next().is_some() {
        return Err(malformed("P-001: more than one From"));
    }
    let domain = from.strip_prefix("mimi@").ok_or_else(|| malformed("P-002: From is not mimi@<domain>"))?;
    let domain: ProviderDomain = domain.parse().map_err(|_| malformed("P-002: From is not mimi@<domain>"))?;
    match certified.iter().any(|certified| certified == domain.as_str()) {
        true => Ok(domain),
        false => {
            let why = format!("P-006: the client certificate does not name {domain}");
            Err(MimiError::new(code::CERTIFICATE_NAMES_ANOTHER, why))
        }
    }
}
