//! HTTPS on loopback as a peer speaks it: any certificate, any header, any bytes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificates::Issued;

/// Longer than any honest answer takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A client; every request gets a connection of its own.
#[derive(Clone)]
pub struct Https {
    tls: Arc<ClientConfig>,
}

/// An open connection; dropping it closes it.
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    connection: AbortHandle,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Line {
    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// If there is none.
    pub async fn send(&mut self, request: Request<Vec<u8>>) -> Result<Answer> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request.map(|body| Full::new(Bytes::from(body)))).await?;
        let (parts, body) = response.into_parts();
        Ok(Answer { status: parts.status, headers: parts.headers, body: body.collect().await?.to_bytes() })
    }
}

/// An answer, read completely.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null if it is something else.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Https {
    /// A client that trusts a root (PEM), and shows a certificate if it has one.
    ///
    /// # Errors
    /// If the root or the certificate cannot be used.
    pub fn new(root_pem: &str, identity: Option<&Issued>) -> Result<Self> {
        Self::of_versions(root_pem, identity, rustls::DEFAULT_VERSIONS)
    }

    /// A client that knows these versions of TLS only.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_versions(root_pem: &str, identity: Option<&Issued>, versions: &[&'static SupportedProtocolVersion]) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(root_pem.as_bytes())?)?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)?
            .with_root_certificates(roots);
        let tls = match identity {
            None => builder.with_no_client_auth(),
            Some(issued) => {
                let (chain, key) = parts(issued)?;
                builder.with_client_auth_cert(chain, key)?
            }
        };
        Ok(Self { tls: Arc::new(tls) })
    }

    /// The same client after a change of its TLS configuration (versions, ALPN).
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        let mut tls = ClientConfig::clone(&self.tls);
        change(&mut tls);
        Self { tls: Arc::new(tls) }
    }

    /// Its TLS configuration.
    pub fn config(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// A TLS connection to a port of this machine, whose certificate has to carry `name`.
    ///
    /// # Errors
    /// If there is no connection, or the handshake fails.
    pub async fn connect(&self, port: u16, name: &str) -> Result<TlsStream<TcpStream>> {
        self.over(TcpStream::connect(("127.0.0.1", port)).await?, name).await
    }

    /// The same over a TCP connection that is there.
    ///
    /// # Errors
    /// If the handshake fails.
    pub async fn over(&self, stream: TcpStream, name: &str) -> Result<TlsStream<TcpStream>> {
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(name.to_owned())?;
        Ok(TlsConnector::from(self.tls.clone()).connect(name, stream).await?)
    }

    /// A connection that stays open for many requests.
    ///
    /// # Errors
    /// If there is none.
    pub async fn line(&self, port: u16, name: &str) -> Result<Line> {
        let stream = self.connect(port, name).await?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        Ok(Line { sender, connection: tokio::spawn(connection).abort_handle() })
    }

    /// Sends a request on a connection of its own and reads the answer.
    ///
    /// # Errors
    /// If there is none.
    pub async fn send(&self, port: u16, name: &str, request: Request<Vec<u8>>) -> Result<Answer> {
        let exchange = async { self.line(port, name).await?.send(request).await };
        tokio::time::timeout(LIMIT, exchange).await.map_err(|_| anyhow!("port {port} did not answer in time"))?
    }

    /// Writes bytes, and reads until the other side closes.
    ///
    /// # Errors
    /// If the handshake fails. A connection that breaks later gives what was read until then.
    pub async fn raw(&self, port: u16, name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        let exchange = async {
            let mut stream = self.connect(port, name).await?;
            let mut read = Vec::new();
            if stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() {
                stream.read_to_end(&mut read).await.map(|_| ()).unwrap_or_default();
            }
            anyhow::Ok(read)
        };
        tokio::time::timeout(LIMIT, exchange).await.map_err(|_| anyhow!("port {port} did not close in time"))?
    }
}

fn parts(issued: &Issued) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(issued.private_key_pem.as_bytes()).context("a private key")?;
    Ok((chain, key))
}

/// The TLS side of a server with this certificate.
///
/// # Errors
/// If the certificate cannot be used.
pub fn server_config(issued: &Issued) -> Result<Arc<ServerConfig>> {
    let (chain, key) = parts(issued)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
