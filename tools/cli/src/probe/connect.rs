//! TCP, TLS and one HTTP request, with everything seen on the way.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Whom we believe, and as whom we come.
#[derive(Clone)]
pub(crate) struct Trust {
    verifier: Arc<WebPkiServerVerifier>,
    credentials: Option<Arc<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>>,
}

/// Where to connect, and whom to expect there.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    /// The name that the certificate has to carry.
    pub(crate) tls_name: ServerName<'static>,
    /// The `Host` header.
    pub(crate) host: String,
}

/// What a handshake showed.
pub(crate) struct Handshake {
    pub(crate) certificate: Vec<u8>,
    /// Why the certificate is not believed.
    pub(crate) refused: Option<String>,
    pub(crate) version: String,
    /// The newest HTTP that the peer speaks with us.
    pub(crate) http: String,
}

/// An answer, read completely.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    /// How far the peer's clock is ahead of ours, ms.
    pub(crate) clock_ahead: Option<i64>,
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Trust {
    /// The system's roots, and configured ones; with a certificate where the other side wants one.
    pub(crate) fn new(roots: &[PathBuf], credentials: Option<(&Path, &Path)>) -> anyhow::Result<Self> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for file in roots {
            for certificate in certificates(file)? {
                store.add(certificate).with_context(|| format!("{} holds no usable root", file.display()))?;
            }
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build();
        let credentials = match credentials {
            Some((chain, key)) => Some(Arc::new((certificates(chain)?, private_key(key)?))),
            None => None,
        };
        Ok(Self { verifier: verifier.context("there is no root certificate at all")?, credentials })
    }

    fn config(&self, recorder: Arc<Recorder>, protocols: &[&[u8]]) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = builder.dangerous().with_custom_certificate_verifier(recorder);
        let mut config = match &self.credentials {
            Some(credentials) => builder.with_client_auth_cert(credentials.0.clone(), credentials.1.clone_key())?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }
}

/// The certificates of a PEM file.
pub(crate) fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
    read().map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))
}

/// The private key of a PEM file.
pub(crate) fn private_key(file: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))
}

/// Whether a key is that of a certificate.
pub(crate) fn keys_match(certificate: &Path, key: &Path) -> anyhow::Result<bool> {
    let key = rustls::crypto::ring::sign::any_supported_type(&private_key(key)?).with_context(|| key.display().to_string())?;
    match rustls::sign::CertifiedKey::new(certificates(certificate)?, key).keys_match() {
        Ok(()) => Ok(true),
        Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => Ok(false),
        Err(error) => Err(error).context("cannot compare key and certificate"),
    }
}

/// Lets a handshake finish whatever the certificate, and remembers what it would have said. Nothing is sent over a
/// connection that it would have refused.
#[derive(Debug)]
struct Recorder {
    verifier: Arc<WebPkiServerVerifier>,
    refused: Mutex<Option<String>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Err(error) = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// TCP alone.
pub(crate) async fn tcp(address: SocketAddr) -> Result<TcpStream, String> {
    match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(connected) => connected.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
    }
}

async fn tls(trust: &Trust, endpoint: &Endpoint, protocols: &[&[u8]]) -> Result<(TlsStream<TcpStream>, Option<String>), String> {
    let recorder = Arc::new(Recorder { verifier: trust.verifier.clone(), refused: Mutex::default() });
    let config = trust.config(recorder.clone(), protocols).map_err(|error| error.to_string())?;
    let stream = tcp(endpoint.address).await?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(endpoint.tls_name.clone(), stream);
    let stream = match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(connected) => connected.map_err(|error| error.to_string())?,
        Err(_) => return Err(format!("no TLS handshake in {} s", PATIENCE.as_secs())),
    };
    let refused = recorder.refused.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok((stream, refused))
}

/// A handshake that offers every HTTP we know.
pub(crate) async fn handshake(trust: &Trust, endpoint: &Endpoint) -> Result<Handshake, String> {
    let (stream, refused) = tls(trust, endpoint, &[b"h2", b"http/1.1"]).await?;
    let session = stream.get_ref().1;
    let certificate = session.peer_certificates().and_then(|chain| chain.first());
    Ok(Handshake {
        certificate: certificate.map(|certificate| certificate.to_vec()).ok_or("no certificate was shown")?,
        refused,
        version: session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
        http: match session.alpn_protocol() {
            Some(b"h2") => "HTTP/2".to_owned(),
            Some(b"http/1.1") => "HTTP/1.1".to_owned(),
            _ => "HTTP/1.1 (no ALPN)".to_owned(),
        },
    })
}

/// Gets a document.
pub(crate) async fn get(trust: &Trust, endpoint: &Endpoint, path: &str) -> Result<Answer, String> {
    let (stream, refused) = tls(trust, endpoint, &[b"http/1.1"]).await?;
    if let Some(why) = refused {
        return Err(why);
    }
    let request = Request::get(path).header(http::header::HOST, &endpoint.host).body(Full::new(Bytes::new()));
    let request = request.map_err(|error| error.to_string())?;
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let serving = tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT).collect().await.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
        serving.abort();
        anyhow::Ok(Answer { status: parts.status, body, clock_ahead: clock_ahead(&parts.headers) })
    };
    match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(answer) => answer.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
    }
}

fn clock_ahead(headers: &HeaderMap) -> Option<i64> {
    let date = httpdate::parse_http_date(headers.get(http::header::DATE)?.to_str().ok()?).ok()?;
    let date = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis() as i64;
    Some(date - crate::time::now())
}
