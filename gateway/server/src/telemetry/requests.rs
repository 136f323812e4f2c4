//! Requests: each in a span of its own, counted and timed.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tracing::Instrument;
use tracing::field::Empty;

use super::names::{REFUSALS, REQUEST_TIME, REQUESTS};

/// Which federation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Homeservers.
    Matrix,
    /// Providers.
    Mimi,
}

impl Side {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Mimi => "mimi",
        }
    }
}

/// Observes all requests to a router.
pub(crate) fn observe(router: Router, side: Side) -> Router {
    router.layer(from_fn(move |request, next| one(side, request, next)))
}

async fn one(side: Side, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let path = request.extensions().get::<MatchedPath>();
    let endpoint = path.map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", side = side.as_str(), endpoint, peer = Empty, code = Empty);
    let answer = next.run(request).instrument(span).await;
    let status = answer.status().as_u16().to_string();
    metrics::histogram!(REQUEST_TIME, "side" => side.as_str(), "endpoint" => endpoint.clone()).record(began.elapsed());
    metrics::counter!(REQUESTS, "side" => side.as_str(), "endpoint" => endpoint, "status" => status).increment(1);
    answer
}

/// A peer is refused, with a code.
pub(crate) fn refused(side: Side, code: impl Into<String>) {
    metrics::counter!(REFUSALS, "side" => side.as_str(), "code" => code.into()).increment(1);
}
