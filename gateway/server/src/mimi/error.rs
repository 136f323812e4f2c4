//! What a provider is told when we refuse on the level of HTTP (G-08). What the protocol has codes for is answered
//! with 200 and the code. The one place where refusals become HTTP answers of the MIMI side.

use axum::response::{IntoResponse, Response};
use causeway_drafts::DecodeError;
use http::StatusCode;

use crate::http::BodyError;
use crate::node::NodeError;

/// An error answer: a status, and a line of text.
#[derive(Debug)]
pub(crate) struct MimiError {
    status: StatusCode,
    text: String,
}

impl MimiError {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// The body or the path is malformed.
    pub(crate) fn malformed(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// The sender is not who it says, or may not speak about this.
    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    /// No such room, or none for the sender.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// The request is for another provider (P-003).
    pub(crate) fn misdirected(text: impl Into<String>) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, text)
    }

    /// The body is too large.
    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
    }

    /// An endpoint that the directory has to name, but that is not there yet.
    pub(crate) fn not_implemented(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, text)
    }

    /// Another provider, which we asked on behalf of this one, does not answer.
    pub(crate) fn bad_gateway(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, text)
    }

    /// Our fault, or our database's.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error; try again")
    }
}

impl IntoResponse for MimiError {
    fn into_response(self) -> Response {
        tracing::info!(status = self.status.as_u16(), text = self.text, "refused");
        (self.status, self.text).into_response()
    }
}

impl From<DecodeError> for MimiError {
    fn from(error: DecodeError) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<BodyError> for MimiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::too_large(),
            BodyError::CutOff => Self::malformed("the body was cut off"),
            BodyError::TooSlow => Self::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
            BodyError::Encoded => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is compressed"),
        }
    }
}

impl From<NodeError> for MimiError {
    fn from(error: NodeError) -> Self {
        use causeway_core::conversation::ConversationError;
        use causeway_mls::MlsError;
        match error {
            NodeError::NoSuchRoom => Self::not_found("no such room here"),
            NodeError::Conversation(error) => match &error {
                ConversationError::Malformed(_) | ConversationError::Mls(MlsError::Malformed(_) | MlsError::Invalid(_)) => {
                    Self::malformed(error.to_string())
                }
                ConversationError::NotAllowed { .. } | ConversationError::Mls(MlsError::NotAllowed(_) | MlsError::CredentialRefused(_)) => {
                    Self::forbidden(error.to_string())
                }
                _ => Self::internal(error),
            },
            other => Self::internal(other),
        }
    }
}

impl From<causeway_store::StoreError> for MimiError {
    fn from(error: causeway_store::StoreError) -> Self {
        Self::internal(error)
    }
}
