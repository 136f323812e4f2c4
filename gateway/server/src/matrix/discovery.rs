//! From a homeserver's name to where it listens [Matrix: resolving server names].

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use causeway_core::reach::Reach;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use http::StatusCode;
use ruma::ServerName;
use rustls::pki_types::ServerName as TlsName;
use serde::Deserialize;

use crate::config::MatrixConfig;
use crate::http::{Endpoint, HttpError, Pool, Response};

const DEFAULT_PORT: u16 = 8448;
const WELL_KNOWN_PORT: u16 = 443;
/// How long an answer is used.
const LIFETIME: Duration = Duration::from_secs(3600);
/// How long the absence of a `.well-known` is remembered.
const ABSENT_LIFETIME: Duration = Duration::from_secs(600);
/// Octets of a `.well-known`, and how long it may take.
const WELL_KNOWN_LIMITS: (usize, Duration) = (50 * 1024, Duration::from_secs(10));

/// Finds homeservers, and remembers where.
pub(super) struct Discovery {
    resolver: TokioResolver,
    reach: Reach,
    known: Mutex<HashMap<String, (Instant, Endpoint)>>,
    delegations: Mutex<HashMap<String, (Instant, Option<String>)>>,
}

#[derive(Deserialize)]
struct WellKnown {
    #[serde(rename = "m.server")]
    server: String,
}

/// A server name as the specification takes it apart.
enum Name {
    Literal(IpAddr, Option<u16>),
    Host(String, Option<u16>),
}

impl Name {
    fn parse(name: &str) -> Result<Self, HttpError> {
        let wrong = || HttpError::Discovery { name: name.to_owned(), why: "not a server name".to_owned() };
        let server = <&ServerName>::try_from(name).map_err(|_| wrong())?;
        let host = server.host().trim_start_matches('[').trim_end_matches(']');
        Ok(match host.parse::<IpAddr>() {
            Ok(address) => Self::Literal(address, server.port()),
            Err(_) => Self::Host(host.to_owned(), server.port()),
        })
    }
}

impl Discovery {
    pub(super) fn new(config: &MatrixConfig) -> anyhow::Result<Self> {
        Ok(Self {
            resolver: TokioResolver::builder_tokio()?.build()?,
            reach: Reach::new(config.allowed_networks.clone()),
            known: Mutex::default(),
            delegations: Mutex::default(),
        })
    }

    /// Where a homeserver's federation API is.
    pub(super) async fn find(&self, server: &ServerName, pool: &Pool) -> Result<Endpoint, HttpError> {
        if let Some((at, endpoint)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(server.as_str())
            && at.elapsed() < LIFETIME
        {
            return Ok(endpoint.clone());
        }
        let endpoint = self.resolve(server.as_str(), pool).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(server.to_string(), (Instant::now(), endpoint.clone()));
        Ok(endpoint)
    }

    /// What was known of a homeserver is asked anew.
    pub(super) fn forget(&self, server: &ServerName) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(server.as_str());
    }

    async fn resolve(&self, name: &str, pool: &Pool) -> Result<Endpoint, HttpError> {
        // Steps 1 and 2: an IP literal, or an explicit port.
        if let Some(endpoint) = self.explicit(name).await? {
            return Ok(endpoint);
        }
        // Step 3: delegation by .well-known; the delegated name is what the certificate has to carry.
        if let Some(delegated) = self.delegation(name, pool).await {
            if let Some(endpoint) = self.explicit(&delegated).await? {
                return Ok(endpoint);
            }
            return self.by_dns(&delegated).await;
        }
        // Steps 4 to 6.
        self.by_dns(name).await
    }

    async fn explicit(&self, name: &str) -> Result<Option<Endpoint>, HttpError> {
        match Name::parse(name)? {
            Name::Literal(address, port) => self.endpoint(address, port.unwrap_or(DEFAULT_PORT), name).map(Some),
            Name::Host(host, Some(port)) => {
                let address = self.lookup(&host).await?;
                self.endpoint(address, port, name).map(Some)
            }
            Name::Host(_, None) => Ok(None),
        }
    }

    /// By SRV record, else on the default port.
    async fn by_dns(&self, host: &str) -> Result<Endpoint, HttpError> {
        for service in ["_matrix-fed._tcp", "_matrix._tcp"] {
            if let Some((target, port)) = self.service(&format!("{service}.{host}.")).await {
                let address = self.lookup(&target).await?;
                // The certificate carries the name that was asked for, not the record's target.
                return self.endpoint(address, port, host);
            }
        }
        let address = self.lookup(host).await?;
        self.endpoint(address, DEFAULT_PORT, host)
    }

    async fn service(&self, name: &str) -> Option<(String, u16)> {
        let found = self.resolver.srv_lookup(name).await.ok()?;
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some((srv.priority, srv.target.to_utf8(), srv.port)),
            _ => None,
        });
        records.min_by_key(|(priority, _, _)| *priority).map(|(_, target, port)| (target.trim_end_matches('.').to_owned(), port))
    }

    async fn lookup(&self, host: &str) -> Result<IpAddr, HttpError> {
        let failed = |why: String| HttpError::Discovery { name: host.to_owned(), why };
        let addresses = tokio::net::lookup_host((host, 0)).await.map_err(|error| failed(error.to_string()))?;
        let addresses: Vec<IpAddr> = addresses.map(|address| address.ip()).collect();
        let allowed = addresses.iter().copied().find(|address| self.reach.permits(*address));
        allowed.ok_or_else(|| failed("its addresses are private, and not in allowed_networks".to_owned()))
    }

    /// `authority` is what `Host` carries; the certificate has to carry its host part.
    fn endpoint(&self, address: IpAddr, port: u16, authority: &str) -> Result<Endpoint, HttpError> {
        let failed = |why: &str| HttpError::Discovery { name: authority.to_owned(), why: why.to_owned() };
        if !self.reach.permits(address) {
            return Err(failed("its address is private, and not in allowed_networks"));
        }
        if !Reach::permits_port(port) {
            return Err(failed("its port is another service's"));
        }
        let tls_name = match Name::parse(authority)? {
            Name::Literal(address, _) => TlsName::IpAddress(address.into()),
            Name::Host(host, _) => TlsName::try_from(host).map_err(|_| failed("not a DNS name"))?,
        };
        Ok(Endpoint { address: SocketAddr::new(address, port), tls_name, host: authority.to_owned() })
    }

    async fn delegation(&self, host: &str, pool: &Pool) -> Option<String> {
        if let Some((until, known)) = self.delegations.lock().unwrap_or_else(PoisonError::into_inner).get(host)
            && Instant::now() < *until
        {
            return known.clone();
        }
        let found = self.ask_well_known(host, pool).await;
        let lifetime = if found.is_some() { LIFETIME } else { ABSENT_LIFETIME };
        let mut delegations = self.delegations.lock().unwrap_or_else(PoisonError::into_inner);
        delegations.insert(host.to_owned(), (Instant::now() + lifetime, found.clone()));
        found
    }

    async fn ask_well_known(&self, host: &str, pool: &Pool) -> Option<String> {
        let address = self.lookup(host).await.ok()?;
        let endpoint = self.endpoint(address, WELL_KNOWN_PORT, host).ok()?;
        let request = http::Request::get("/.well-known/matrix/server").body(Vec::new()).ok()?;
        let answer = pool.send_within(&endpoint, request, WELL_KNOWN_LIMITS).await.ok()?;
        delegated(&answer)
    }
}

/// The server name in a `.well-known`. Anything but such a document is as if there were none.
fn delegated(answer: &Response) -> Option<String> {
    let found: WellKnown = (answer.status == StatusCode::OK).then(|| serde_json::from_slice(&answer.body).ok())??;
    Name::parse(&found.server).ok().map(|_| found.server)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Response, StatusCode, delegated};

    #[test]
    fn s11_what_is_no_delegation_is_none() {
        let of = |status: StatusCode, body: &'static str| {
            delegated(&Response { status, headers: HeaderMap::new(), body: body.as_bytes().into() })
        };
        assert_eq!(of(StatusCode::OK, r#"{"m.server":"hs.test:443"}"#).as_deref(), Some("hs.test:443"));
        assert_eq!(of(StatusCode::FOUND, r#"{"m.server":"hs.test:443"}"#), None);
        for body in ["", "<html>", "[]", "{}", r#"{"m.server":7}"#, r#"{"m.server":"not a name"}"#, r#"{"m.server":"hs.test:x"}"#] {
            assert_eq!(of(StatusCode::OK, body), None, "{body}");
        }
    }
}
