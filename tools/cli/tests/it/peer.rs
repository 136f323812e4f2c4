//! A peer that answers HTTPS with fixed documents.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::setup::Issued;

/// What a peer answers.
#[derive(Clone)]
pub(crate) struct Behaviour {
    /// Paths and documents; others are 404.
    pub(crate) documents: Vec<(String, String)>,
    /// By so many seconds its clock is ahead.
    pub(crate) clock_ahead: i64,
}

impl Behaviour {
    /// A provider's.
    pub(crate) fn provider(domain: &str) -> Self {
        let directory =
            causeway_drafts::mimi_protocol_06::directory::Directory::at(&format!("https://{domain}"), vec!["pem".to_owned()]);
        let path = causeway_drafts::mimi_protocol_06::directory::WELL_KNOWN.to_owned();
        Self { documents: vec![(path, serde_json::to_string(&directory).unwrap())], clock_ahead: 0 }
    }
}

/// Listens on loopback for as long as the test's runtime lives.
pub(crate) async fn listen(issued: &Issued, behaviour: Behaviour) -> SocketAddr {
    listen_at(0, issued, behaviour).await
}

/// Listens on a port of loopback.
pub(crate) async fn listen_at(port: u16, issued: &Issued, behaviour: Behaviour) -> SocketAddr {
    let chain = CertificateDer::pem_slice_iter(issued.certificate.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let mut config =
        builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), behaviour.clone()));
        }
    });
    address
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, behaviour: Behaviour) -> Option<()> {
    let mut stream = acceptor.accept(stream).await.ok()?;
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await.ok()? {
            0 => return None,
            length => request.extend_from_slice(&chunk[..length]),
        }
    }
    let request = String::from_utf8(request).ok()?;
    let path = request.split(' ').nth(1)?;
    let now = SystemTime::now();
    let offset = Duration::from_secs(behaviour.clock_ahead.unsigned_abs());
    let date = httpdate::fmt_http_date(if behaviour.clock_ahead < 0 { now - offset } else { now + offset });
    let found = behaviour.documents.iter().find(|(known, _)| known == path);
    let (status, body) = found.map_or(("404 Not Found", ""), |(_, body)| ("200 OK", body.as_str()));
    let answer = format!("HTTP/1.1 {status}\r\ndate: {date}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
