//! What a homeserver is told when we refuse. The one place where refusals become Matrix errors.

use axum::Json;
use axum::response::{IntoResponse, Response};
use causeway_core::conversation::ConversationError;
use causeway_core::matrix::{PduError, Refused};
use http::StatusCode;
use serde_json::json;

use crate::node::NodeError;

/// An error answer [Matrix: API standards].
#[derive(Debug)]
pub(crate) struct MatrixError {
    status: StatusCode,
    code: &'static str,
    text: String,
}

impl MatrixError {
    fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into() }
    }

    /// The request is not what the specification says.
    pub(crate) fn bad_json(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "M_BAD_JSON", text)
    }

    /// The request's body is no JSON at all.
    pub(crate) fn not_json(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "M_NOT_JSON", text)
    }

    /// A parameter has a value that makes no sense here.
    pub(crate) fn invalid_param(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "M_INVALID_PARAM", text)
    }

    /// The request is not signed by whom it says.
    pub(crate) fn unauthorized(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED", text)
    }

    /// A rule forbids it.
    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "M_FORBIDDEN", text)
    }

    /// There is no such thing, or none for the requester.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "M_NOT_FOUND", text)
    }

    /// No such endpoint.
    pub(crate) fn unrecognized() -> Self {
        Self::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "no such endpoint")
    }

    /// The endpoint has other methods.
    pub(crate) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED", "no such method here")
    }

    /// The body is larger than anything that is allowed.
    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", "the body is too large")
    }

    /// A room version that one side does not support.
    pub(crate) fn incompatible_room_version(version: &ruma::RoomVersionId) -> Self {
        let text = format!("room version {version} is not supported by both sides");
        Self::new(StatusCode::BAD_REQUEST, "M_INCOMPATIBLE_ROOM_VERSION", text)
    }

    /// Our fault, or our database's.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN", "internal error; try again")
    }
}

impl std::fmt::Display for MatrixError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

impl IntoResponse for MatrixError {
    fn into_response(self) -> Response {
        tracing::debug!(code = self.code, text = self.text, "refused");
        (self.status, Json(json!({ "errcode": self.code, "error": self.text }))).into_response()
    }
}

impl From<NodeError> for MatrixError {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::NoSuchRoom => Self::not_found("no such room here"),
            NodeError::Conversation(ConversationError::MatrixRefused(why)) => Self::forbidden(why),
            NodeError::Conversation(ConversationError::NotAllowed { rule, why }) => Self::forbidden(format!("{rule}: {why}")),
            other => Self::internal(other),
        }
    }
}

impl From<causeway_store::StoreError> for MatrixError {
    fn from(error: causeway_store::StoreError) -> Self {
        Self::internal(error)
    }
}

impl From<PduError> for MatrixError {
    fn from(error: PduError) -> Self {
        match &error {
            PduError::Version(version) => Self::incompatible_room_version(version),
            PduError::Signature(_) => Self::forbidden(error.to_string()),
            PduError::Format(_) | PduError::References => Self::bad_json(error.to_string()),
        }
    }
}

impl From<Refused> for MatrixError {
    fn from(refused: Refused) -> Self {
        Self::forbidden(refused.to_string())
    }
}
