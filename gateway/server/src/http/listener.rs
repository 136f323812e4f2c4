//! Accepting connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::{Extension, Router};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::certified_domains;
use super::crowd::Crowd;
use super::live::Live;
use super::metered::{Metered, Useless};
use super::outflow::watched;

/// A peer that has not finished its handshake by then is no peer.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
const HEADER_LIMIT: Duration = Duration::from_secs(20);
/// HTTP/2: the size of a request's headers, decoded.
const HEADER_LIST_LIMIT: u32 = 16 * 1024;
/// HTTP/2: a peer that answers no PING for so long is gone.
const ALIVE_LIMIT: Duration = Duration::from_secs(20);
/// Requests under way have so long to finish when the process stops.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// What is known of the other end of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    /// The domains that its client certificate names; none without one.
    pub(crate) client_domains: Option<Arc<Vec<String>>>,
}

/// A bound port.
pub(crate) struct Listener {
    socket: TcpListener,
    tls: Arc<Live<ServerConfig>>,
    router: Router,
    crowd: Arc<Crowd>,
    serving: Arc<Serving>,
}

/// Whether a port is served.
#[derive(Default)]
pub(crate) struct Serving(AtomicBool);

impl Serving {
    /// Whether it is.
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Listener {
    /// Binds an address, to which as many connections may be open from each other one.
    pub(crate) async fn bind(
        (address, per_address): (SocketAddr, usize),
        tls: Arc<Live<ServerConfig>>,
        router: Router,
    ) -> anyhow::Result<Self> {
        let socket = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { socket, tls, router, crowd: Crowd::new(per_address), serving: Arc::default() })
    }

    /// Tells whether it is served.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.serving.clone()
    }

    /// Serves until `stop`, then lets requests under way finish.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let connections = TaskTracker::new();
        self.serving.0.store(true, Ordering::Relaxed);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, from)) => match self.crowd.admit(from.ip()) {
                        Some(seat) => {
                            let tls = TlsAcceptor::from(self.tls.current());
                            let serving = serve_connection(stream, tls, self.router.clone(), stop.clone());
                            connections.spawn(async move {
                                serving.await;
                                drop(seat);
                            });
                        }
                        None => tracing::debug!(address = %from.ip(), "too many connections from one address"),
                    },
                    Err(error) => {
                        // Out of file descriptors, most likely: give others the time to close some.
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        // Or else the system goes on accepting what nobody would answer.
        drop(self.socket);
        self.serving.0.store(false, Ordering::Relaxed);
        connections.close();
        if tokio::time::timeout(DRAIN_LIMIT, connections.wait()).await.is_err() {
            tracing::warn!("connections were cut off when the process stopped");
        }
    }
}

async fn serve_connection(stream: TcpStream, tls: TlsAcceptor, router: Router, stop: CancellationToken) {
    let stream = match tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => return tracing::debug!("TLS handshake took too long"),
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let connection = Connection { client_domains: certificate.map(|certificate| Arc::new(certified_domains(certificate))) };
    let (useless, cut) = (Useless::default(), CancellationToken::new());
    let router = router.layer(Extension(connection)).layer(from_fn_with_state((useless.clone(), cut.clone()), watch));
    let builder = builder();
    let serving = builder.serve_connection(TokioIo::new(Metered::new(stream, useless)), TowerToHyperService::new(router));
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.as_mut().await
        }
        () = cut.cancelled() => return tracing::debug!("a peer does not take an answer: its connection is closed"),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Both protocols, with limits on what a peer may ask of a connection before it asks for anything.
fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_LIMIT);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).max_concurrent_streams(100).max_header_list_size(HEADER_LIST_LIMIT);
    http2.keep_alive_interval(ALIVE_LIMIT).keep_alive_timeout(ALIVE_LIMIT);
    builder
}

/// Watches what comes of a request: of its octets, and of a large answer.
async fn watch(State((useless, cut)): State<(Useless, CancellationToken)>, request: Request, next: Next) -> Response {
    useless.forgive();
    let body = move |body: Body| {
        Body::new(body.map_frame(move |frame| {
            if frame.data_ref().is_some_and(|data| !data.is_empty()) {
                useless.forgive();
            }
            frame
        }))
    };
    watched(next.run(request.map(body)).await, &cut)
}
