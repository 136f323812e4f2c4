//! Messages from one side to the other: pure functions, with what was lost as a value.

mod gfm_to_html;
mod html_to_gfm;
mod matrix_to_mimi;
mod mimi_to_matrix;
mod plain_text;

use causeway_drafts::mimi_content_09::{Extensions, MessageId, NestedPart};
use causeway_drafts::mimi_uri::UserUri;
use ruma::{EventId, OwnedEventId, OwnedUserId, UserId};
use serde_json::{Map, Value};

pub use gfm_to_html::gfm_to_html;
pub use html_to_gfm::{Converted, html_to_gfm};
pub use matrix_to_mimi::{Refused, matrix_to_mimi};
pub use mimi_to_matrix::mimi_to_matrix;

use crate::loss::Loss;

/// GFM-MIMI, the markup of MIMI [mimi-content-09 §7.1.1].
pub const GFM_MIMI: &str = "text/markdown;variant=GFM-MIMI";
/// Plain text.
pub const PLAIN_TEXT: &str = "text/plain;charset=utf-8";
/// Text beyond so many octets is not carried: a Matrix event has at most 65,536 octets in all (G-45).
pub const MAX_TEXT_OCTETS: usize = 32 * 1024;

/// What a sender wrote, short enough and plain enough for a line of ours.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(100).collect()
}

/// A translation, with what it lost.
#[derive(Clone, Debug)]
pub struct Translation<T> {
    /// What was carried.
    pub value: T,
    /// What was not.
    pub losses: Vec<Loss>,
}

/// A room event of Matrix.
pub struct MatrixMessage<'a> {
    /// Its id.
    pub event_id: &'a EventId,
    /// Its type.
    pub event_type: &'a str,
    /// Its sender.
    pub sender: &'a UserId,
    /// Its content.
    pub content: &'a Value,
    /// What it redacts.
    pub redacts: Option<&'a OwnedEventId>,
}

/// A MIMI message but for salt, names and expiry.
#[derive(Clone, Debug, PartialEq)]
pub struct MimiDraft {
    /// The first version that it edits or deletes.
    pub replaces: Option<MessageId>,
    /// What it answers.
    pub in_reply_to: Option<MessageId>,
    /// Its thread.
    pub topic_id: Vec<u8>,
    /// Further extensions.
    pub extensions: Extensions,
    /// Its body.
    pub nested_part: NestedPart,
}

impl MimiDraft {
    fn of(nested_part: NestedPart) -> Self {
        Self { replaces: None, in_reply_to: None, topic_id: Vec::new(), extensions: Extensions::default(), nested_part }
    }

    /// Plain text.
    pub fn plain_text(text: &str) -> Self {
        Self::of(NestedPart::text(PLAIN_TEXT, text))
    }
}

/// An event for the Matrix room.
#[derive(Clone, Debug, PartialEq)]
pub enum MatrixDraft {
    /// A room event.
    Event {
        /// Its type.
        event_type: String,
        /// Its content.
        content: Map<String, Value>,
    },
    /// A redaction.
    Redact {
        /// Of this event.
        event_id: OwnedEventId,
        /// Why.
        reason: Option<String>,
    },
}

/// A MIMI message that a Matrix event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRef {
    /// The newest version (C-012).
    pub id: MessageId,
    /// The first version (C-035).
    pub first: MessageId,
    /// A reaction.
    pub is_reaction: bool,
    /// A later version of another event's message, not a message of its own.
    pub is_edit: bool,
}

/// A Matrix event that a MIMI message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRef {
    /// The original event, which edits and replies refer to.
    pub event_id: OwnedEventId,
    /// Who sent it.
    pub sender: OwnedUserId,
}

/// What a translation has to know of the conversation.
pub trait Links {
    /// The message that an event is.
    fn message_of(&self, event: &EventId) -> Option<MessageRef>;
    /// The event that a message (any version) is.
    fn event_of(&self, message: &MessageId) -> Option<EventRef>;
    /// All events that a message is: one a part, for messages of several parts.
    fn events_of(&self, message: &MessageId) -> Vec<EventRef> {
        self.event_of(message).into_iter().collect()
    }
    /// The MIMI user of a Matrix user.
    fn mimi_user(&self, user: &UserId) -> Option<UserUri>;
    /// The Matrix user of a MIMI user.
    fn matrix_user(&self, user: &UserUri) -> Option<OwnedUserId>;
    /// How a Matrix user is called in the room.
    fn display_name(&self, user: &UserId) -> Option<String>;
}
