//! What a provider is told when we refuse on the level of HTTP (G-08). What the protocol has codes for is answered
//! with 200 and the code. The one place where refusals become HTTP answers of the MIMI side.

use axum::response::{IntoResponse, Response};
use causeway_core::code::{self, Code, Coded, Fault};
use causeway_core::conversation::ConversationError;
use causeway_drafts::DecodeError;
use causeway_mls::MlsError;
use http::StatusCode;

use crate::http::BodyError;
use crate::node::NodeError;
use crate::telemetry::{self, Side};

/// An error answer: a status, and a line of text that begins with the code.
#[derive(Debug)]
pub(crate) struct MimiError {
    code: Code,
    text: String,
}

impl MimiError {
    /// A refusal. The status follows from the code.
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Our fault, or our database's: the peer learns no more than the code.
    fn hidden(code: Code, error: impl std::fmt::Display) -> Self {
        tracing::error!(%code, %error, "a request failed");
        Self::new(code, "internal error; try again")
    }

    fn status(&self) -> StatusCode {
        match self.code {
            code::HOST_MALFORMED
            | code::FROM_MALFORMED
            | code::BODY_CUT_OFF
            | code::PATH_MALFORMED
            | code::BODY_MALFORMED
            | code::BODY_TRAILING
            | code::SEMI_PRIVATE_MESSAGE
            | code::WIRE_FORMAT
            | code::PARTIAL_GROUP_INFO
            | code::RATCHET_TREE_FORM
            | code::UNEXPECTED_MESSAGE
            | code::MESSAGE_MALFORMED
            | code::USER_NOT_AS_NAMED
            | code::WRONG_CONSENT_ENDPOINT
            | code::MLS_MALFORMED
            | code::MLS_INVALID => StatusCode::BAD_REQUEST,
            code::HOST_NOT_SERVED => StatusCode::MISDIRECTED_REQUEST,
            code::NO_SUCH_ROOM | code::NO_SUCH_USER | code::NO_SUCH_ENDPOINT => StatusCode::NOT_FOUND,
            code::BODY_TOO_SLOW => StatusCode::REQUEST_TIMEOUT,
            code::BODY_ENCODED => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code::BODY_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
            code::NOT_IMPLEMENTED => StatusCode::NOT_IMPLEMENTED,
            code::RELAY_FAILED => StatusCode::BAD_GATEWAY,
            // Not the sender's fault, or not any more when it comes again: the provider's roots could not be had, the
            // commit is under way, the Matrix room would not have it.
            code::UNKNOWN_PROVIDER
            | code::WRONG_EPOCH
            | code::EPOCH_TOO_OLD
            | code::EPOCH_AHEAD
            | code::OWN_MESSAGE
            | code::MATRIX_REFUSED => StatusCode::INTERNAL_SERVER_ERROR,
            code => match code.fault() {
                Fault::Peer | Fault::User => StatusCode::FORBIDDEN,
                Fault::Ours | Fault::Operator => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }
}

impl IntoResponse for MimiError {
    fn into_response(self) -> Response {
        let status = self.status();
        tracing::info!(code = %self.code, status = status.as_u16(), text = self.text, "refused");
        telemetry::refused(Side::Mimi, self.code.to_string());
        (status, self.code.with(self.text)).into_response()
    }
}

impl From<DecodeError> for MimiError {
    fn from(error: DecodeError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<BodyError> for MimiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(code::BODY_TOO_LARGE, "the body is too large"),
            BodyError::CutOff => Self::new(code::BODY_CUT_OFF, "the body was cut off"),
            BodyError::TooSlow => Self::new(code::BODY_TOO_SLOW, "the body did not arrive in time"),
            BodyError::Encoded => Self::new(code::BODY_ENCODED, "the body is compressed"),
        }
    }
}

impl From<NodeError> for MimiError {
    fn from(error: NodeError) -> Self {
        let code = error.code();
        match &error {
            NodeError::NoSuchRoom => Self::new(code, "no such room here"),
            NodeError::Conversation(
                ConversationError::Malformed(_)
                | ConversationError::Unsupported(_)
                | ConversationError::NotAllowed { .. }
                | ConversationError::Mls(
                    MlsError::Malformed(_) | MlsError::Invalid(_) | MlsError::NotAllowed(_) | MlsError::CredentialRefused(_),
                ),
            ) => Self::new(code, error.to_string()),
            _ => Self::hidden(code, error),
        }
    }
}

impl From<causeway_store::StoreError> for MimiError {
    fn from(error: causeway_store::StoreError) -> Self {
        Self::hidden(error.code(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_to_one_status() {
        for (code, status) in [
            (code::BODY_TRAILING, 400),
            (code::CERTIFICATE_NAMES_ANOTHER, 403),
            (code::ROOM_POLICY, 403),
            (code::NO_SUCH_ROOM, 404),
            (code::BODY_TOO_LARGE, 413),
            (code::HOST_NOT_SERVED, 421),
            (code::DOES_NOT_OPEN, 500),
            (code::NOT_IMPLEMENTED, 501),
            (code::RELAY_FAILED, 502),
        ] {
            assert_eq!(MimiError::new(code, "").status().as_u16(), status, "{code}");
        }
    }
}
