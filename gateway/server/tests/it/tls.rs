//! A client that looks at certificates.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::process::{Answer, answer};

pub(crate) type Connection = StreamOwned<ClientConnection, TcpStream>;

pub(crate) struct Client(Arc<ClientConfig>);

impl Client {
    /// One that trusts the roots in a file.
    pub(crate) fn new(roots: &Path) -> Self {
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(roots).unwrap() {
            store.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Self(Arc::new(builder.with_root_certificates(store).with_no_client_auth()))
    }

    pub(crate) fn connect(&self, address: SocketAddr, name: &'static str) -> Connection {
        let tls = ClientConnection::new(self.0.clone(), ServerName::try_from(name).unwrap()).unwrap();
        StreamOwned::new(tls, TcpStream::connect(address).unwrap())
    }
}

/// A request on a connection that stays open. The answer has to fit into what comes at once.
pub(crate) fn request(connection: &mut Connection, path: &str) -> Answer {
    write!(connection, "GET {path} HTTP/1.1\r\nHost: gateway.localhost\r\n\r\n").unwrap();
    let mut text = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while !text.windows(4).any(|window| window == b"\r\n\r\n") {
        let length = connection.read(&mut buffer).unwrap();
        assert!(length > 0, "the connection ended");
        text.extend_from_slice(&buffer[..length]);
    }
    answer(&String::from_utf8_lossy(&text))
}

/// The certificate that the other side has presented.
pub(crate) fn presented(connection: &mut Connection) -> Vec<u8> {
    request(connection, "/_matrix/federation/v1/version");
    connection.conn.peer_certificates().unwrap()[0].to_vec()
}
