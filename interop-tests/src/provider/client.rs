//! Requests to other providers.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use causeway_drafts::mimi_protocol_06::BODY_MEDIA_TYPE;
use causeway_drafts::mimi_protocol_06::directory::{Directory, WELL_KNOWN, expand};
use causeway_drafts::mimi_uri::ProviderDomain;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::error::{Error, Result};

/// No body of a peer is larger.
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// A peer's answer.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u64>,
    /// The body.
    pub(crate) body: Bytes,
}

/// The client side of a provider.
pub(crate) struct PeerClient {
    domain: ProviderDomain,
    tls: TlsConnector,
    addresses: BTreeMap<ProviderDomain, String>,
    directories: Mutex<HashMap<ProviderDomain, Arc<Directory>>>,
}

impl PeerClient {
    /// A client that speaks for `domain`.
    pub(crate) fn new(domain: ProviderDomain, tls: Arc<ClientConfig>, addresses: BTreeMap<ProviderDomain, String>) -> Self {
        Self { domain, tls: tls.into(), addresses, directories: Mutex::default() }
    }

    /// The directory of a peer, fetched once (P-017).
    ///
    /// # Errors
    /// If the peer cannot be reached or its directory not be read.
    pub(crate) async fn directory(&self, peer: &ProviderDomain) -> Result<Arc<Directory>> {
        let known = self.directories.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned();
        if let Some(directory) = known {
            return Ok(directory);
        }
        let answer = self.send(peer, Method::GET, &format!("https://{peer}{WELL_KNOWN}"), Bytes::new()).await?;
        let unusable = |why: String| Error::Unreachable(format!("the directory of {peer} is unusable: {why}"));
        if answer.status != StatusCode::OK {
            return Err(unusable(answer.status.to_string()));
        }
        let directory: Directory = serde_json::from_slice(&answer.body).map_err(|error| unusable(error.to_string()))?;
        let directory = Arc::new(directory);
        self.directories.lock().unwrap_or_else(PoisonError::into_inner).insert(peer.clone(), directory.clone());
        Ok(directory)
    }

    /// Posts a body to one of a peer's endpoints.
    ///
    /// # Errors
    /// If the peer cannot be reached.
    pub(crate) async fn post(
        &self,
        peer: &ProviderDomain,
        template: impl Fn(&Directory) -> &str,
        variable: impl Fn(&str) -> String,
        body: Vec<u8>,
    ) -> Result<Answer> {
        let directory = self.directory(peer).await?;
        let template = template(&directory);
        let url = expand(template, &variable(template));
        self.send(peer, Method::POST, &url, body.into()).await
    }

    async fn send(&self, peer: &ProviderDomain, method: Method, url: &str, body: Bytes) -> Result<Answer> {
        match tokio::time::timeout(PATIENCE, self.exchange(peer, method, url, body)).await {
            Ok(answer) => answer.map_err(|error| Error::Unreachable(format!("{peer}: {error:#}"))),
            Err(_) => Err(Error::Unreachable(format!("{peer} does not answer"))),
        }
    }

    async fn exchange(&self, peer: &ProviderDomain, method: Method, url: &str, body: Bytes) -> anyhow::Result<Answer> {
        let url = Url::parse(url)?;
        anyhow::ensure!(url.scheme() == "https", "endpoints are https");
        let host = url.host_str().unwrap_or_default().to_owned();
        let address = match self.addresses.get(peer) {
            Some(address) => address.clone(),
            None => format!("{host}:{}", url.port_or_known_default().unwrap_or(443)),
        };
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(ServerName::try_from(host)?, stream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(url.path())
            .header(header::HOST, peer.as_str())
            .header(header::FROM, format!("mimi@{}", self.domain))
            .header(header::CONTENT_TYPE, BODY_MEDIA_TYPE)
            .body(Full::new(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(anyhow::Error::from_boxed)?;
        connection.abort();
        Ok(Answer { status, retry_after, body: body.to_bytes() })
    }
}
