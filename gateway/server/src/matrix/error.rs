//! What a homeserver is told when we refuse. The one place where refusals become Matrix errors.

use axum::Json;
use axum::response::{IntoResponse, Response};
use causeway_core::code::{self, Code, Coded, Fault};
use causeway_core::conversation::ConversationError;
use causeway_core::matrix::{PduError, Refused};
use http::StatusCode;
use serde_json::json;

use crate::http::BodyError;
use crate::node::NodeError;
use crate::telemetry::{self, Fate, Side};

/// Where our own code stands beside `errcode`.
const CODE_FIELD: &str = "dev.causeway.code";

/// An error answer [Matrix: API standards]: what was refused, as a code of ours and in words.
#[derive(Debug)]
pub(crate) struct MatrixError {
    code: Code,
    text: String,
}

impl MatrixError {
    /// A refusal. Status and Matrix' own error code follow from the code.
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// A room version that one side does not support.
    pub(crate) fn incompatible_room_version(version: &ruma::RoomVersionId) -> Self {
        Self::new(code::ROOM_VERSION, format!("room version {version} is not supported by both sides"))
    }

    /// Whether this is the refusal.
    pub(crate) fn is(&self, code: Code) -> bool {
        self.code == code
    }

    /// What is counted of an event that is refused like this.
    pub(crate) fn fate(&self) -> Fate {
        if self.answer().0.is_server_error() { Fate::Failed } else { Fate::Refused }
    }

    /// Something that should not happen.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::hidden(code::INTERNAL, error)
    }

    /// Our fault, or our database's: the peer learns no more than the code.
    fn hidden(code: Code, error: impl std::fmt::Display) -> Self {
        tracing::error!(%code, %error, "a request failed");
        Self::new(code, "internal error; try again")
    }

    /// The status, and the error code of the specification.
    fn answer(&self) -> (StatusCode, &'static str) {
        match self.code {
            code::REQUEST_MALFORMED | code::EVENT_MALFORMED | code::EVENT_REFERENCES => (StatusCode::BAD_REQUEST, "M_BAD_JSON"),
            code::BODY_NOT_JSON | code::BODY_CUT_OFF => (StatusCode::BAD_REQUEST, "M_NOT_JSON"),
            code::BODY_TOO_SLOW => (StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN"),
            code::BODY_ENCODED => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "M_NOT_JSON"),
            code::PATH_MALFORMED | code::TRANSACTION_TOO_LARGE | code::EVENT_NOT_AS_NAMED | code::EVENT_CONTEXT_MISSING => {
                (StatusCode::BAD_REQUEST, "M_INVALID_PARAM")
            }
            code::ROOM_VERSION => (StatusCode::BAD_REQUEST, "M_INCOMPATIBLE_ROOM_VERSION"),
            code::REQUEST_NOT_SIGNED | code::OWN_NAME_CLAIMED => (StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED"),
            code::NO_SUCH_ROOM | code::NO_SUCH_USER | code::NO_SUCH_ALIAS => (StatusCode::NOT_FOUND, "M_NOT_FOUND"),
            code::NO_SUCH_ENDPOINT => (StatusCode::NOT_FOUND, "M_UNRECOGNIZED"),
            code::WRONG_METHOD => (StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED"),
            code::ENTERING_ROOM => (StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN"),
            code::BODY_TOO_LARGE => (StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE"),
            code => match code.fault() {
                Fault::Peer | Fault::User => (StatusCode::FORBIDDEN, "M_FORBIDDEN"),
                Fault::Ours | Fault::Operator => (StatusCode::INTERNAL_SERVER_ERROR, "M_UNKNOWN"),
            },
        }
    }
}

impl std::fmt::Display for MatrixError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

impl IntoResponse for MatrixError {
    fn into_response(self) -> Response {
        let (status, errcode) = self.answer();
        tracing::info!(code = %self.code, errcode, text = self.text, "refused");
        telemetry::refused(Side::Matrix, self.code.to_string());
        let body = json!({ "errcode": errcode, "error": self.text, CODE_FIELD: self.code.to_string() });
        (status, Json(body)).into_response()
    }
}

impl From<BodyError> for MatrixError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(code::BODY_TOO_LARGE, "the body is too large"),
            BodyError::CutOff => Self::new(code::BODY_CUT_OFF, "the body was cut off"),
            BodyError::TooSlow => Self::new(code::BODY_TOO_SLOW, "the body did not arrive in time"),
            BodyError::Encoded => Self::new(code::BODY_ENCODED, "the body is compressed"),
        }
    }
}

impl From<NodeError> for MatrixError {
    fn from(error: NodeError) -> Self {
        match &error {
            NodeError::NoSuchRoom => Self::new(error.code(), "no such room here"),
            NodeError::ServerDenied(_)
            | NodeError::EnteringRoom
            | NodeError::Conversation(ConversationError::MatrixRefused(_) | ConversationError::NotAllowed { .. }) => {
                Self::new(error.code(), error.to_string())
            }
            other => Self::hidden(other.code(), other),
        }
    }
}

impl From<causeway_store::StoreError> for MatrixError {
    fn from(error: causeway_store::StoreError) -> Self {
        Self::hidden(error.code(), error)
    }
}

impl From<PduError> for MatrixError {
    fn from(error: PduError) -> Self {
        match &error {
            PduError::Version(version) => Self::incompatible_room_version(version),
            _ => Self::new(error.code(), error.to_string()),
        }
    }
}

impl From<Refused> for MatrixError {
    fn from(refused: Refused) -> Self {
        Self::new(refused.code(), refused.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_to_one_answer() {
        for (code, status, errcode) in [
            (code::REQUEST_NOT_SIGNED, 401, "M_UNAUTHORIZED"),
            (code::BODY_TOO_LARGE, 413, "M_TOO_LARGE"),
            (code::NO_SUCH_ENDPOINT, 404, "M_UNRECOGNIZED"),
            (code::NO_SUCH_ROOM, 404, "M_NOT_FOUND"),
            (code::EVENT_MALFORMED, 400, "M_BAD_JSON"),
            (code::EVENT_NOT_AS_NAMED, 400, "M_INVALID_PARAM"),
            (code::ROOM_VERSION, 400, "M_INCOMPATIBLE_ROOM_VERSION"),
            (code::EVENT_REJECTED, 403, "M_FORBIDDEN"),
            (code::MATRIX_REFUSED, 403, "M_FORBIDDEN"),
            (code::DATABASE, 500, "M_UNKNOWN"),
            (code::INTERNAL, 500, "M_UNKNOWN"),
        ] {
            let (found, named) = MatrixError::new(code, "").answer();
            assert_eq!((found.as_u16(), named), (status, errcode), "{code}");
        }
    }

    #[test]
    fn dmls_38_what_comes_before_our_join_is_stored_is_to_come_again() {
        let error = MatrixError::from(NodeError::EnteringRoom);
        assert_eq!(error.answer().0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error.text, "on the way into this room; send the event again");
        assert!(matches!(error.fate(), Fate::Failed), "the transaction is not acknowledged");
    }
}
