//! Requests to other providers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use causeway_core::code::{self, Code, Coded};
use causeway_core::reach::Reach;
use causeway_drafts::mimi_protocol_06::BODY_MEDIA_TYPE;
use causeway_drafts::mimi_protocol_06::directory::{Directory, WELL_KNOWN, consent_variable, expand};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri, UserUri};
use http::header::{CONTENT_TYPE, FROM};
use rustls::pki_types::ServerName;
use url::Url;

use crate::config::{MimiConfig, Peers};
use crate::http::{Credentials, Endpoint, HttpError, Pool, Response, Roots, client_config};

const DEFAULT_PORT: u16 = 443;
/// How long a directory is used.
const LIFETIME: Duration = Duration::from_secs(3600);

/// The client side of MIMI.
pub(crate) struct Providers {
    ours: ProviderDomain,
    peers: Peers,
    reach: Reach,
    pool: Pool,
    directories: Mutex<HashMap<ProviderDomain, (Instant, Directory)>>,
}

/// An endpoint of a provider, with what its template is expanded by.
pub(crate) enum Target<'a> {
    /// §5.2
    KeyMaterial(&'a UserUri),
    /// §5.3
    Update(&'a RoomUri),
    /// §5.4
    SubmitMessage(&'a RoomUri),
    /// §5.5
    Notify(&'a RoomUri),
    /// §5.6
    GroupInfo(&'a RoomUri),
    /// §5.7, to the target's provider.
    RequestConsent(&'a UserUri),
    /// §5.7, to the requester's provider.
    UpdateConsent(&'a UserUri),
    /// SPEC §15.2, where the directory has it.
    CausewayPeer(&'a RoomUri),
}

impl Target<'_> {
    /// None if the provider has no such endpoint.
    fn url(&self, directory: &Directory, provider: &ProviderDomain) -> Option<String> {
        let consent = |template: &str, user: &UserUri| expand(template, &consent_variable(template, user.as_str(), provider));
        Some(match self {
            Self::KeyMaterial(user) => expand(&directory.key_material, user.as_str()),
            Self::Update(room) => expand(&directory.update, room.as_str()),
            Self::SubmitMessage(room) => expand(&directory.submit_message, room.as_str()),
            Self::Notify(room) => expand(&directory.notify, room.as_str()),
            Self::GroupInfo(room) => expand(&directory.group_info, room.as_str()),
            Self::RequestConsent(user) => consent(&directory.request_consent, user),
            Self::UpdateConsent(user) => consent(&directory.update_consent, user),
            Self::CausewayPeer(room) => expand(directory.causeway_peer.as_deref()?, room.as_str()),
        })
    }
}

/// What a provider made of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// There was no answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It said no, and will say so again.
    #[error("{provider} answers {status}: {text}")]
    Refused {
        /// The provider.
        provider: ProviderDomain,
        /// HTTP status.
        status: u16,
        /// Its words.
        text: String,
    },
    /// It said not now; after so many ms, if it said when.
    #[error("{provider} answers {status}: {text}")]
    Busy {
        /// The provider.
        provider: ProviderDomain,
        /// HTTP status.
        status: u16,
        /// Its words.
        text: String,
        /// `Retry-After`, ms.
        retry_after: Option<u64>,
    },
    /// Its directory does not name the endpoint.
    #[error("{provider} has no such endpoint")]
    NoEndpoint {
        /// The provider.
        provider: ProviderDomain,
    },
    /// Its answer is not what the draft says.
    #[error("{provider}: {why}")]
    Malformed {
        /// The provider.
        provider: ProviderDomain,
        /// The reason.
        why: String,
    },
}

impl Coded for ProviderError {
    fn code(&self) -> Code {
        match self {
            Self::Http(error) => error.code(),
            Self::Refused { .. } | Self::NoEndpoint { .. } => code::PEER_REFUSED,
            Self::Busy { .. } => code::PEER_BUSY,
            Self::Malformed { .. } => code::PEER_ANSWER_MALFORMED,
        }
    }
}

impl ProviderError {
    /// Whether asking again is pointless.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::NoEndpoint { .. })
    }

    /// Whether this very body will never be taken: it is malformed, too large, or for a room that is gone there.
    pub(crate) fn is_about_the_body(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 404 | 410 | 413, .. })
    }

    /// When to ask again, where the peer said so.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        if let Self::Busy { retry_after, .. } = self { *retry_after } else { None }
    }

    pub(crate) fn malformed(provider: &ProviderDomain, why: impl std::fmt::Display) -> Self {
        Self::Malformed { provider: provider.clone(), why: why.to_string() }
    }
}

impl Providers {
    /// A client with the provider's own certificate.
    /// Where `peers` does not say where a provider is, its address has to be in `reach`.
    pub(crate) fn new(config: &MimiConfig, peers: Peers, reach: Reach) -> anyhow::Result<Self> {
        let credentials = Credentials::read(&config.certificate, &config.private_key)?;
        let tls = client_config(&Roots::read(&config.trusted_roots)?, Some(credentials))?;
        Ok(Self { ours: config.provider.clone(), peers, reach, pool: Pool::new(tls), directories: Mutex::default() })
    }

    /// Makes new connections with another certificate and other roots.
    pub(crate) fn replace_tls(&self, tls: std::sync::Arc<rustls::ClientConfig>) {
        self.pool.replace(tls);
    }

    /// A provider's directory (P-016).
    pub(crate) async fn directory(&self, provider: &ProviderDomain) -> Result<Directory, ProviderError> {
        if let Some((at, directory)) = self.directories.lock().unwrap_or_else(PoisonError::into_inner).get(provider)
            && at.elapsed() < LIFETIME
        {
            return Ok(directory.clone());
        }
        let malformed = |why: &dyn std::fmt::Display| ProviderError::malformed(provider, why);
        let request = http::Request::get(WELL_KNOWN).body(Vec::new()).map_err(|error| malformed(&error))?;
        let endpoint = self.endpoint(provider, provider.as_str(), DEFAULT_PORT).await?;
        let answer = accepted(provider, self.pool.send(&endpoint, request).await?)?;
        let directory: Directory = serde_json::from_slice(&answer.body).map_err(|error| malformed(&error))?;
        let mut directories = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        directories.insert(provider.clone(), (Instant::now(), directory.clone()));
        Ok(directory)
    }

    /// Posts a body to an endpoint of a provider, in the name of one of our domains.
    pub(crate) async fn post(
        &self,
        provider: &ProviderDomain,
        target: Target<'_>,
        sent: (&ProviderDomain, Vec<u8>),
    ) -> Result<Response, ProviderError> {
        let answer = self.post_where_it_says(provider, target, sent).await;
        if answer.is_err() {
            // Its directory may be what is wrong, or have changed: it is asked for again.
            self.directories.lock().unwrap_or_else(PoisonError::into_inner).remove(provider);
        }
        answer
    }

    async fn post_where_it_says(
        &self,
        provider: &ProviderDomain,
        target: Target<'_>,
        (sender, body): (&ProviderDomain, Vec<u8>),
    ) -> Result<Response, ProviderError> {
        let malformed = |why: &dyn std::fmt::Display| ProviderError::malformed(provider, why);
        let directory = self.directory(provider).await?;
        let url = target.url(&directory, provider);
        let url = url.ok_or_else(|| ProviderError::NoEndpoint { provider: provider.clone() })?;
        let url: Url = url.parse().map_err(|error| malformed(&error))?;
        let host = url.host_str().filter(|_| url.scheme() == "https").ok_or_else(|| malformed(&"a URL that is not https"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(malformed(&"a URL with credentials in it"));
        }
        let endpoint = self.endpoint(provider, host, url.port().unwrap_or(DEFAULT_PORT)).await?;
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let request = http::Request::post(path)
            .header(FROM, format!("mimi@{sender}"))
            .header(CONTENT_TYPE, BODY_MEDIA_TYPE)
            .body(body)
            .map_err(|error| malformed(&error))?;
        accepted(provider, self.pool.send(&endpoint, request).await?)
    }

    /// The name under which requests go out where no other of our domains is concerned.
    pub(crate) fn ours(&self) -> &ProviderDomain {
        &self.ours
    }

    /// Where a host of a provider is: at the configured address, if that is the provider's own domain.
    async fn endpoint(&self, provider: &ProviderDomain, host: &str, port: u16) -> Result<Endpoint, HttpError> {
        let failed = |why: String| HttpError::Discovery { name: host.to_owned(), why };
        let tls_name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let configured = self.peers.address(provider).filter(|_| host == provider.as_str());
        let address: SocketAddr = match configured {
            Some(address) => address,
            None => {
                let mut found = tokio::net::lookup_host((host, port)).await.map_err(|error| failed(error.to_string()))?;
                let found = found.find(|address| self.reach.permits(address.ip()) && Reach::permits_port(port));
                found.ok_or_else(|| failed("no address that may be reached".to_owned()))?
            }
        };
        Ok(Endpoint { address, tls_name, host: host.to_owned() })
    }
}

/// G-09: any 2xx is success, unless it is somebody else's: a page to log in at, on the way to the provider.
fn accepted(provider: &ProviderDomain, answer: Response) -> Result<Response, ProviderError> {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if answer.status.is_success() && kind.starts_with("text/html") {
        return Err(ProviderError::malformed(provider, "it answers with a web page"));
    }
    if answer.status.is_success() {
        return Ok(answer);
    }
    let text: String = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
    let (provider, status) = (provider.clone(), answer.status.as_u16());
    match status {
        300..=399 | 401 | 407 | 408 | 421 | 425 | 429 | 500..=599 if status != 501 => {
            Err(ProviderError::Busy { provider, status, text, retry_after: answer.retry_after() })
        }
        _ => Err(ProviderError::Refused { provider, status, text }),
    }
}
