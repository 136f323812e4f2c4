//! Accepting connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::certified_domains;
use super::live::Live;

/// A peer that has not finished its handshake by then is no peer.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
const HEADER_LIMIT: Duration = Duration::from_secs(20);
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
    /// Binds.
    pub(crate) async fn bind(address: SocketAddr, tls: Arc<Live<ServerConfig>>, router: Router) -> anyhow::Result<Self> {
        let socket = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { socket, tls, router, serving: Arc::default() })
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
                    Ok((stream, _)) => {
                        let tls = TlsAcceptor::from(self.tls.current());
                        connections.spawn(serve_connection(stream, tls, self.router.clone(), stop.clone()));
                    }
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
    let service = TowerToHyperService::new(router.layer(Extension(connection)));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(hyper_util::rt::TokioTimer::new()).header_read_timeout(HEADER_LIMIT);
    builder.http2().timer(hyper_util::rt::TokioTimer::new()).max_concurrent_streams(100);
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.as_mut().await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
