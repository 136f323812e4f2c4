//! draft-mahy-mimi-message-status-01: reports of what became of messages, an individual draft.
//!
//! # On the wire
//!
//! An array of pairs, CBOR (§4). The draft says nothing of the form. Here it is the one of MIMI content, whose restrictions
//! [mimi-content-09 §6] every encoder of message ids has to know anyway: [`crate::cbor::validate`] looks at the bytes first.
//!
//! # What is not decided here
//!
//! Which transitions between states have a meaning is the implementer's decision (§3), and so is whether a room may have
//! reports at all. An id is any 32 octets, because reports may be about messages of other formats (§1).

use crate::cbor::{DocumentError, Reader, Writer};
use crate::mimi_content_09::MessageId;

/// The media type of a report (§3).
pub const MEDIA_TYPE: &str = "application/mimi-message-status";

/// What a member says of messages in its room (§4, C-079).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageStatusReport {
    /// In the sender's order; a message may stand in it more than once.
    pub statuses: Vec<PerMessageStatus>,
}

/// What became of a message (§4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerMessageStatus {
    /// The message.
    pub message_id: MessageId,
    /// Its state now.
    pub status: MessageStatus,
}

/// A state; values from 7 are unknown and kept (§4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageStatus(pub u8);

impl MessageStatus {
    /// Not read yet.
    pub const UNREAD: Self = Self(0);
    /// A client has it.
    pub const DELIVERED: Self = Self(1);
    /// Read.
    pub const READ: Self = Self(2);
    /// It expired, read or not.
    pub const EXPIRED: Self = Self(3);
    /// Deleted, here or by somebody who may.
    pub const DELETED: Self = Self(4);
    /// Hidden by the client.
    pub const HIDDEN: Self = Self(5);
    /// Its id is known, but it could not be received.
    pub const ERROR: Self = Self(6);
}

impl MessageStatusReport {
    /// Decodes a report.
    ///
    /// # Errors
    /// The first thing that is wrong, and the byte at which it is.
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        const RULE: &str = "C-079";
        let mut reader = Reader::new(bytes)?;
        let count = reader.array((RULE, "the report"))?;
        let mut status = || {
            reader.array_of(2, (RULE, "an entry"), "[messageId, status]")?;
            let message_id = MessageId::from_bytes(reader.octets((RULE, "messageId"), "32 octets")?);
            Ok(PerMessageStatus { message_id, status: MessageStatus(reader.unsigned((RULE, "status"))?) })
        };
        Ok(Self { statuses: (0..count).map(|_| status()).collect::<Result<_, DocumentError>>()? })
    }

    /// The report, deterministically encoded.
    pub fn encode(&self) -> Vec<u8> {
        /// Octets of an entry whose status has a name.
        const ENTRY: usize = 36;
        let mut writer = Writer::with_capacity(9 + ENTRY * self.statuses.len());
        writer.array(self.statuses.len());
        for entry in &self.statuses {
            writer.array(2);
            writer.bytes(entry.message_id.as_bytes());
            writer.unsigned(entry.status.0);
        }
        writer.into_bytes()
    }
}
