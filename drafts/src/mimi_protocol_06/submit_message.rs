//! `submitMessage` [mimi-protocol-06 §5.4].

use super::Protocol;
use super::franking::Frank;
use super::message::{Message, MessageKind, expect_kind};
use crate::mimi_uri::UserUri;
use crate::structure::{choice, optional, structure};
use crate::{DecodeError, encode};

/// SubmitMessageRequest (§5.4).
#[derive(Clone, Debug, PartialEq)]
pub struct SubmitMessageRequest {
    /// MLS 1.0
    pub protocol: Protocol,
    /// A PrivateMessage with application data.
    pub app_message: Message,
    /// The sender, as its provider asserts it (P-044).
    pub sending_uri: UserUri,
}

structure!(SubmitMessageRequest { protocol, app_message as "appMessage", sending_uri as "sendingUri" });

impl SubmitMessageRequest {
    /// From a sealed message.
    ///
    /// # Errors
    /// If it is not application data in a PrivateMessage (P-043).
    pub fn new(message: &[u8], sending_uri: UserUri) -> Result<Self, DecodeError> {
        let app_message = Message::from_bytes(message)?;
        expect_kind(&app_message, MessageKind::Application, "P-043: not application data in a PrivateMessage")?;
        Ok(Self { protocol: Protocol::Mls10, app_message, sending_uri })
    }

    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}

/// SubmitMessageResponse (§5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitMessageResponse {
    /// MLS 1.0
    pub protocol: Protocol,
    /// The outcome.
    pub status: SubmitStatus,
}

/// SubmitResponseCode with what depends on it (§5.4). `accepted` and `success` are both 0 (G-19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitStatus {
    /// Taken.
    Success {
        /// When, ms.
        accepted_timestamp: u64,
        /// Where the room franks.
        frank: Option<Frank>,
    },
    /// Against the room's policy, or from a future epoch (P-047).
    NotAllowed,
    /// Sealed in an epoch that is over.
    EpochTooOld {
        /// The head's number.
        current_epoch: u64,
    },
}

choice!(SubmitStatus as "statusCode" {
    0 => Success { accepted_timestamp, frank[optional] },
    1 => NotAllowed,
    2 => EpochTooOld { current_epoch as "currentEpoch" },
});
structure!(SubmitMessageResponse { protocol, status[flat] });

impl SubmitMessageResponse {
    /// A response.
    pub fn new(status: SubmitStatus) -> Self {
        Self { protocol: Protocol::Mls10, status }
    }
}
