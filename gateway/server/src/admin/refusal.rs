//! How a command is refused: a status, and the reason as JSON.

use axum::Json;
use axum::response::{IntoResponse, Response};
use causeway_store::StoreError;
use http::StatusCode;
use serde_json::json;

/// Why a command is not carried out.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    /// There is nothing of that name.
    pub(super) fn not_found(why: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, why: why.into() }
    }

    /// Not as things are.
    pub(super) fn conflict(why: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, why: why.into() }
    }

    /// The question makes no sense.
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, why: why.into() }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a command failed");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, why: error.to_string() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.why }))).into_response()
    }
}
