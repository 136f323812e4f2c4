//! Requests to peers. TCP address, TLS name and `Host` are separate things in both federations (delegation, SRV,
//! configured addresses), so a connection is made for an [`Endpoint`] instead of a URL's authority.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use causeway_core::code::{self, Code, Coded};
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::live::Live;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Longer than any peer should need for one of our requests; shorter than an outbox lease.
const REQUEST_LIMIT: Duration = Duration::from_secs(45);
/// The largest answer read: the state of a room with some ten thousand members.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// The largest refusal read: nobody has more to say than this.
const REFUSAL_LIMIT: usize = 64 * 1024;
/// Clients kept; beyond that all are dropped and made again as needed.
const MAX_CLIENTS: usize = 1024;

/// Where to connect, and whom to expect there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint {
    /// TCP.
    pub(crate) address: SocketAddr,
    /// The name that the certificate has to carry.
    pub(crate) tls_name: ServerName<'static>,
    /// The `Host` header.
    pub(crate) host: String,
}

/// An answer, read completely.
pub(crate) struct Response {
    /// Status.
    pub(crate) status: StatusCode,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// Body.
    pub(crate) body: Bytes,
}

impl Response {
    /// `Retry-After` in seconds, as ms.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        let seconds = self.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
        Some(seconds.min(86_400) * 1000)
    }
}

/// Why there is no answer. Trying again later may help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The name leads nowhere.
    #[error("cannot find {name}: {why}")]
    Discovery {
        /// The peer.
        name: String,
        /// The reason.
        why: String,
    },
    /// No connection, or it broke.
    #[error("{name} does not answer: {why}")]
    Connection {
        /// The peer.
        name: String,
        /// The reason.
        why: String,
    },
    /// Nothing came in time.
    #[error("{0} did not answer in time")]
    TimedOut(String),
}

impl Coded for HttpError {
    fn code(&self) -> Code {
        match self {
            Self::Discovery { .. } => code::PEER_NOT_FOUND,
            Self::Connection { .. } => code::PEER_UNREACHABLE,
            Self::TimedOut(_) => code::PEER_TIMED_OUT,
        }
    }
}

/// Clients by endpoint, with their kept-alive connections.
pub(crate) struct Pool {
    tls: Live<ClientConfig>,
    clients: Mutex<HashMap<Endpoint, Client<Connector, Full<Bytes>>>>,
}

impl Pool {
    /// An empty pool.
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls: Live::new(tls), clients: Mutex::default() }
    }

    /// New connections are made with another certificate and other roots. Requests under way end as they began.
    pub(crate) fn replace(&self, tls: Arc<ClientConfig>) {
        self.tls.replace(tls);
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn client(&self, endpoint: &Endpoint) -> Client<Connector, Full<Bytes>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        let make = || {
            let connector = Connector { endpoint: endpoint.clone(), tls: self.tls.current() };
            Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(30)).build(connector)
        };
        clients.entry(endpoint.clone()).or_insert_with(make).clone()
    }

    /// Sends a request whose URI is a path; authority and `Host` are the endpoint's.
    pub(crate) async fn send(&self, endpoint: &Endpoint, request: http::Request<Vec<u8>>) -> Result<Response, HttpError> {
        self.send_within(endpoint, request, (ANSWER_LIMIT, REQUEST_LIMIT)).await
    }

    /// The same, for an answer of at most so many octets, in at most so much time.
    pub(crate) async fn send_within(
        &self,
        endpoint: &Endpoint,
        request: http::Request<Vec<u8>>,
        (octets, time): (usize, Duration),
    ) -> Result<Response, HttpError> {
        let failed = |why: String| HttpError::Connection { name: endpoint.host.clone(), why };
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("https://{}{path}", endpoint.host).parse::<Uri>().map_err(|error| failed(error.to_string()))?;
        let host = endpoint.host.parse().map_err(|_| failed("not a host name".to_owned()))?;
        parts.headers.insert(http::header::HOST, host);
        let request = http::Request::from_parts(parts, Full::new(Bytes::from(body)));
        let exchange = async {
            let answer = self.client(endpoint).request(request).await.map_err(|error| failed(causes(&error)))?;
            let (parts, body) = answer.into_parts();
            let limit = if parts.status.is_success() { octets } else { REFUSAL_LIMIT };
            let body = Limited::new(body, limit).collect().await.map_err(|error| failed(error.to_string()))?;
            Ok(Response { status: parts.status, headers: parts.headers, body: body.to_bytes() })
        };
        match tokio::time::timeout(time, exchange).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::TimedOut(endpoint.host.clone())),
        }
    }
}

/// An error with everything below it: hyper's own message only says «client error».
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Connects to one endpoint, whatever the URI says.
#[derive(Clone)]
struct Connector {
    endpoint: Endpoint,
    tls: Arc<ClientConfig>,
}

type TlsStream = tokio_rustls::client::TlsStream<TcpStream>;

/// A TLS connection as hyper wants it.
struct Stream(TokioIo<TlsStream>);

impl tower::Service<Uri> for Connector {
    type Response = Stream;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { endpoint, tls } = self.clone();
        Box::pin(async move {
            let connect = async {
                let stream = TcpStream::connect(endpoint.address).await?;
                stream.set_nodelay(true)?;
                TlsConnector::from(tls).connect(endpoint.tls_name, stream).await
            };
            let stream = tokio::time::timeout(CONNECT_LIMIT, connect).await??;
            Ok(Stream(TokioIo::new(stream)))
        })
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: hyper::rt::ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    type Accepted = tokio_rustls::server::TlsStream<TcpStream>;

    /// A pool, and a peer that meets one connection like this once a request's head has come.
    async fn peer<F>(meet: fn(Accepted) -> F) -> (Pool, Endpoint, tokio::task::JoinHandle<()>)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let made = rcgen::generate_simple_self_signed(["peer.test".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let certificate = made.cert.der().clone();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let server = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = TlsAcceptor::from(Arc::new(server)).accept(stream).await.unwrap();
            let mut head = [0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            assert!(read > 0);
            meet(stream).await;
        });
        let endpoint = Endpoint { address, tls_name: "peer.test".try_into().unwrap(), host: "peer.test".to_owned() };
        (Pool::new(Arc::new(client)), endpoint, serving)
    }

    fn request() -> http::Request<Vec<u8>> {
        http::Request::put("/large").body(vec![b'x'; 32 << 20]).unwrap()
    }

    /// What is said before all of the request is there counts as what was said.
    #[tokio::test]
    async fn h38_an_answer_before_the_requests_end_is_an_answer() {
        let (pool, endpoint, serving) = peer(|mut stream| async move {
            let answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            // The rest is not read; at last the other end closes.
            tokio::time::timeout(Duration::from_secs(30), std::future::pending::<()>()).await.unwrap_or_default();
        })
        .await;
        let answer = pool.send(&endpoint, request()).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.retry_after(), answer.body.as_ref()), (429, Some(7000), b"{}".as_slice()));
        serving.abort();
    }

    /// What breaks off without a word may be tried again.
    #[tokio::test]
    async fn h38_a_reset_before_any_answer_is_no_answer() {
        let (pool, endpoint, _serving) = peer(|stream| async move {
            // What has come and was not read makes the system reset the connection.
            drop(stream);
        })
        .await;
        let failed = pool.send(&endpoint, request()).await;
        assert!(matches!(failed, Err(HttpError::Connection { .. })));
    }

    #[tokio::test]
    async fn s11_an_answer_that_is_too_large_or_too_late_is_none() {
        let request = || http::Request::get("/").body(Vec::new()).unwrap();
        let (pool, endpoint, serving) = peer(|mut stream| async move {
            let answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n".as_slice(), &[b'x'; 1025]].concat();
            stream.write_all(&answer).await.unwrap();
            stream.flush().await.unwrap();
        })
        .await;
        let failed = pool.send_within(&endpoint, request(), (1024, REQUEST_LIMIT)).await;
        assert!(matches!(failed, Err(HttpError::Connection { .. })));
        serving.await.unwrap();
        let (pool, endpoint, serving) = peer(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
        let failed = pool.send_within(&endpoint, request(), (1024, Duration::from_millis(100))).await;
        assert!(matches!(failed, Err(HttpError::TimedOut(_))));
        serving.abort();
    }

    #[tokio::test]
    async fn h37_a_refusal_without_end_is_not_read_to_its_end() {
        let (pool, endpoint, serving) = peer(|mut stream| async move {
            let head = format!("HTTP/1.1 502 Bad Gateway\r\nContent-Length: {}\r\n\r\n", 1 << 30);
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut written = 0;
            while stream.write_all(&[b'x'; 16 * 1024]).await.is_ok() && stream.flush().await.is_ok() {
                written += 16 * 1024;
            }
            assert!(written < 64 << 20, "{written}");
        })
        .await;
        let request = http::Request::get("/").body(Vec::new()).unwrap();
        assert!(matches!(pool.send(&endpoint, request).await, Err(HttpError::Connection { .. })));
        serving.await.unwrap();
    }
}
