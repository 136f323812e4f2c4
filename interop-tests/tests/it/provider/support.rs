//! Providers on loopback, and what a test does with them.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use interop_tests::certificates::{Authority, Issued};
use interop_tests::provider::Bound;
use interop_tests::provider::config::Config;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Several providers that trust each other.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) providers: Vec<Provider>,
    _folder: tempfile::TempDir,
}

/// One of them.
pub(crate) struct Provider {
    pub(crate) domain: String,
    pub(crate) mimi: SocketAddr,
    control: SocketAddr,
    /// What peers connect to.
    pub(crate) line: Line,
}

/// The line to a provider, which can be cut.
pub(crate) struct Line {
    address: SocketAddr,
    is_up: Arc<AtomicBool>,
}

impl Line {
    async fn lay(to: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_up = Arc::new(AtomicBool::new(true));
        let up = is_up.clone();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                if !up.load(Ordering::SeqCst) {
                    continue;
                }
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(to).await.unwrap();
                    tokio::io::copy_bidirectional(&mut from, &mut to).await
                });
            }
        });
        Self { address, is_up }
    }

    /// Nothing passes any more.
    pub(crate) fn cut(&self) {
        self.is_up.store(false, Ordering::SeqCst);
    }

    /// Everything passes again.
    pub(crate) fn mend(&self) {
        self.is_up.store(true, Ordering::SeqCst);
    }
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl World {
    pub(crate) async fn start(domains: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::generate();
        std::fs::write(folder.path().join("ca.pem"), authority.root_pem()).unwrap();
        let mut providers = Vec::new();
        for domain in domains {
            let mimi = free_port();
            let line = Line::lay(mimi).await;
            providers.push(Provider { domain: (*domain).to_owned(), mimi, control: free_port(), line });
        }
        for provider in &providers {
            let Issued { certificate_pem, private_key_pem } = authority.issue(&[&provider.domain]);
            write(folder.path(), &provider.domain, "pem", &certificate_pem);
            write(folder.path(), &provider.domain, "key", &private_key_pem);
            write(folder.path(), &provider.domain, "toml", &provider.configuration(&providers));
            let config = Config::load(&folder.path().join(format!("{}.toml", provider.domain))).unwrap();
            tokio::spawn(Bound::new(&config).await.unwrap().serve());
        }
        Self { authority, providers, _folder: folder }
    }

    pub(crate) fn pair(&self) -> (&Provider, &Provider) {
        (&self.providers[0], &self.providers[1])
    }

    /// Sends a request to a provider as whoever has this certificate.
    pub(crate) async fn raw(&self, to: &Provider, identity: Option<Issued>, request: Request<Full<Bytes>>) -> StatusCode {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.root_pem().as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let tls = match identity {
            None => builder.with_no_client_auth(),
            Some(issued) => {
                let chain = CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes()).collect::<Result<_, _>>().unwrap();
                let key = PrivateKeyDer::from_pem_slice(issued.private_key_pem.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let stream = TcpStream::connect(to.mimi).await.unwrap();
        let name = ServerName::try_from(to.domain.clone()).unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
        exchange(stream, request).await.0
    }
}

fn write(folder: &Path, domain: &str, extension: &str, content: &str) {
    std::fs::write(folder.join(format!("{domain}.{extension}")), content).unwrap();
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> (StatusCode, Bytes) {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

impl Provider {
    fn configuration(&self, all: &[Provider]) -> String {
        let mut text = format!(
            "domain = \"{0}\"\nlisten = \"{1}\"\ncontrol = \"{2}\"\ncertificate = \"{0}.pem\"\nprivate_key = \"{0}.key\"\n\
             trusted_roots = [\"ca.pem\"]\n",
            self.domain, self.mimi, self.control
        );
        for peer in all.iter().filter(|peer| peer.domain != self.domain) {
            text += &format!("[peers.\"{}\"]\naddress = \"{}\"\n", peer.domain, peer.line.address);
        }
        text
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let stream = TcpStream::connect(self.control).await.unwrap();
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.control.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .unwrap();
        let (status, body) = exchange(stream, request).await;
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))))
    }

    /// Does something that has to succeed.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, Some(body.clone())).await;
        assert_eq!(status, StatusCode::OK, "{path} {body}: {answer}");
        answer
    }

    /// Does something that has to fail, and returns the code.
    pub(crate) async fn refused(&self, path: &str, body: Value) -> String {
        let (status, answer) = self.call("POST", path, Some(body.clone())).await;
        assert_ne!(status, StatusCode::OK, "{path} {body}: {answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    pub(crate) async fn user(&self, user: &str, devices: &[&str]) -> String {
        let answer = self.post("/users", json!({ "user": user, "devices": devices })).await;
        answer["user_uri"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn room(&self, room: &str, device: &str) -> Value {
        let rooms = self.get(&format!("/rooms?device={device}")).await;
        rooms.as_array().unwrap().iter().find(|known| known["room"] == room).cloned().unwrap_or(Value::Null)
    }

    /// Waits until a device sees a room in some state.
    pub(crate) async fn until(&self, room: &str, device: &str, what: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let seen = self.room(room, device).await;
            if what(&seen) {
                return seen;
            }
            assert!(began.elapsed() < Duration::from_secs(15), "{device} still sees {seen}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Says something and returns its id.
    pub(crate) async fn say(&self, room: &str, by: &str, kind: &str, text: &str, target: Option<&str>) -> String {
        let body = json!({ "room": room, "by": by, "kind": kind, "text": text, "target": target, "in_reply_to": null });
        self.post("/messages", body).await["message_id"].as_str().unwrap().to_owned()
    }

    /// Waits until a device has a message, and returns it.
    pub(crate) async fn heard(&self, room: &str, device: &str, id: &str) -> Value {
        let began = Instant::now();
        loop {
            let (_, messages) = self.call("GET", &format!("/messages?room={room}&device={device}"), None).await;
            let found = messages.as_array().and_then(|all| all.iter().find(|message| message["message_id"] == id).cloned());
            if let Some(found) = found {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(15), "{device} has only {messages}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Lets `target`, a user here, agree to what `requester` asks.
    pub(crate) async fn grant(&self, requester: &str, target: &str) {
        self.post("/consents", json!({ "operation": "grant", "requester": requester, "target": target, "room": null })).await;
    }
}

/// A club of carol's at the first provider, with dora of the second in it; two devices each.
pub(crate) async fn club(world: &World) -> (String, String, String) {
    let (a, b) = world.pair();
    let carol = a.user("carol", &["phone", "laptop"]).await;
    let dora = b.user("dora", &["phone", "tablet"]).await;
    let room = a.post("/rooms", json!({ "id": "club", "by": "carol/phone", "name": "Club" })).await["room"].clone();
    let room = room.as_str().unwrap().to_owned();
    b.grant(&carol, &dora).await;
    a.post("/rooms/add", json!({ "room": room, "by": "carol/phone", "user_uri": dora, "role": "member" })).await;
    for device in ["dora/phone", "dora/tablet"] {
        b.until(&room, device, |seen| seen["active"] == true).await;
    }
    (room, carol, dora)
}
