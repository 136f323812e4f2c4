//! The operator's listener: health and metrics for everybody who reaches it, the rest for whoever has the token.

mod command;
mod hardening;
mod health;
mod hub;
mod parked_replay;
mod queue_drop;
mod queue_retry;
mod recovery;
mod refusal;
mod reload;
mod retention;
mod status;
mod token;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::certificates::Certificates;
use crate::http::Serving;
use crate::node::Node;
use crate::telemetry;
use token::Token;

/// Requests under way have so long to finish when the process stops.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// What the listener shows and does.
pub(crate) struct Admin {
    /// The gateway.
    pub(crate) node: Arc<Node>,
    /// The certificates in use.
    pub(crate) certificates: Arc<Certificates>,
    /// The recorded metrics.
    pub(crate) metrics: PrometheusHandle,
    /// The other listeners, by name.
    pub(crate) listeners: Vec<(&'static str, Arc<Serving>)>,
    token: Token,
    began: Instant,
}

impl Admin {
    /// Over its parts. The token is made if it is not there yet.
    ///
    /// # Errors
    /// If the token can neither be read nor made.
    pub(crate) fn new(
        (node, certificates): (Arc<Node>, Arc<Certificates>),
        metrics: PrometheusHandle,
        listeners: Vec<(&'static str, Arc<Serving>)>,
        token: &Path,
    ) -> anyhow::Result<Self> {
        Ok(Self { node, certificates, metrics, listeners, token: Token::read_or_make(token)?, began: Instant::now() })
    }
}

/// The bound port.
pub(crate) struct AdminListener {
    socket: TcpListener,
    router: Router,
}

impl AdminListener {
    /// Binds.
    ///
    /// # Errors
    /// If the port is taken.
    pub(crate) async fn bind(address: SocketAddr, admin: Admin) -> anyhow::Result<Self> {
        let socket = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { socket, router: router(Arc::new(admin)) })
    }

    /// Serves until `stop`, then lets requests under way finish.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let serving = axum::serve(self.socket, self.router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let late = async {
            stop.cancelled().await;
            tokio::time::sleep(DRAIN_LIMIT).await;
        };
        tokio::select! {
            ended = serving => if let Err(error) = ended { tracing::error!(%error, "the admin listener ended") },
            () = late => {}
        }
    }
}

fn router(admin: Arc<Admin>) -> Router {
    let guarded = Router::new()
        .route("/admin/v1/status", get(status::handler))
        .route("/admin/v1/certificates/reload", post(reload::handler))
        .route("/admin/v1/queue/retry", post(queue_retry::handler))
        .route("/admin/v1/queue/drop", post(queue_drop::handler))
        .route("/admin/v1/rooms/hub_lost", post(hub::lost))
        .route("/admin/v1/rooms/hub_back", post(hub::back))
        .route("/admin/v1/rooms/order_by_room", post(hub::by_room))
        .route("/admin/v1/rooms/override", post(recovery::override_anchor))
        .route("/admin/v1/rooms/expel", post(recovery::expel))
        .route("/admin/v1/rooms/begin_anew", post(recovery::begin_anew))
        .route("/admin/v1/rooms/retention", post(retention::handler))
        .route("/admin/v1/rooms/hardening", post(hardening::handler))
        .route("/admin/v1/parked/replay", post(parked_replay::handler))
        .layer(from_fn_with_state(admin.clone(), token::required));
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics))
        .merge(guarded)
        .with_state(admin)
}

/// `GET /metrics`
async fn metrics(State(admin): State<Arc<Admin>>) -> ([(&'static str, &'static str); 1], String) {
    telemetry::scrape(&admin.node.store).await;
    ([("content-type", "text/plain; version=0.0.4")], admin.metrics.render())
}
