//! What somebody says, and how it has to look on either side.

use crate::control::Message;
use crate::matrix::sync::Event;
use crate::transcript::LineNumber;

/// One message by its names on both sides; a side that has not seen it yet has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Its Matrix event id.
    pub event: String,
    /// Its MIMI message id, hex.
    pub message: String,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Plain text.
    Plain(String),
    /// Text with markup. The pieces have to be there: of Matrix HTML on the one side, of GFM-MIMI on the other.
    Formatted {
        /// What was sent.
        source: String,
        /// Pieces of the HTML.
        html: &'static [&'static str],
        /// Pieces of the markdown.
        markdown: &'static [&'static str],
    },
    /// An answer to a message.
    Reply(String, Ids),
    /// A reaction to a message.
    Reaction(String, Ids),
    /// A new text for a message.
    Edit(String, Ids),
    /// A message is deleted.
    Deletion(Ids),
    /// Something that the other side learns of by one line with these words.
    Mentioned(String),
}

/// A message that was sent on one side, and maybe seen on the other.
#[derive(Clone, Debug)]
pub struct Utterance {
    /// Its names.
    pub ids: Ids,
    /// What was said.
    pub said: Said,
    /// The speaker's Matrix user id (a ghost's, for MIMI users).
    pub matrix_sender: String,
    /// The speaker's MIMI URI (a puppet's, for Matrix users).
    pub mimi_sender: String,
    /// Its line in the transcript.
    pub line: LineNumber,
}

impl Said {
    /// As the transcript shows it.
    pub fn shown(&self) -> String {
        match self {
            Self::Plain(text) | Self::Mentioned(text) => text.clone(),
            Self::Formatted { source, .. } => source.clone(),
            Self::Reply(text, _) => format!("↪ {text}"),
            Self::Reaction(key, _) => format!("reacts {key}"),
            Self::Edit(text, _) => format!("edits: {text}"),
            Self::Deletion(_) => "deletes".to_owned(),
        }
    }

    fn is_message(&self, message: &Message) -> bool {
        let about = |id: &Option<String>, ids: &Ids| id.as_deref() == Some(ids.message.as_str());
        let first = message.replaces.is_none() && message.disposition != "reaction" && !message.deleted;
        match self {
            Self::Plain(text) => {
                let plain = message.media_type.starts_with("text/plain");
                first && plain && message.text == *text && message.in_reply_to.is_none()
            }
            Self::Formatted { markdown, .. } => {
                first
                    && message.media_type.starts_with("text/markdown")
                    && markdown.iter().all(|piece| message.text.contains(piece))
            }
            Self::Reply(text, to) => first && message.text == *text && about(&message.in_reply_to, to),
            Self::Reaction(key, to) => message.disposition == "reaction" && message.text == *key && about(&message.in_reply_to, to),
            Self::Edit(text, of) => about(&message.replaces, of) && message.text == *text,
            Self::Deletion(of) => {
                (message.message_id == of.message && message.deleted) || (about(&message.replaces, of) && message.text.is_empty())
            }
            Self::Mentioned(words) => first && message.text.contains(words.as_str()),
        }
    }

    fn is_event(&self, event: &Event) -> bool {
        let is_message = event.kind() == "m.room.message";
        let replaces = event.relates_to("m.replace");
        let first = is_message && replaces.is_none();
        match self {
            Self::Plain(text) => first && event.body() == text && event.in_reply_to().is_empty(),
            Self::Formatted { html, .. } => first && html.iter().all(|piece| event.html().contains(piece)),
            Self::Reply(text, to) => first && event.body() == text && event.in_reply_to() == to.event,
            Self::Reaction(key, to) => {
                let relates = &event.content()["m.relates_to"];
                event.kind() == "m.reaction" && relates["event_id"] == to.event.as_str() && relates["key"] == key.as_str()
            }
            Self::Edit(text, of) => {
                is_message && replaces == Some(of.event.as_str()) && event.content()["m.new_content"]["body"] == text.as_str()
            }
            Self::Deletion(of) => event.kind() == "m.room.redaction" && event.redacts() == of.event,
            Self::Mentioned(words) => first && event.body().contains(words.as_str()),
        }
    }
}

impl Utterance {
    /// Whether a MIMI client's message is this.
    pub fn matches_message(&self, message: &Message) -> bool {
        let is_same = message.sender == self.mimi_sender || matches!(self.said, Said::Deletion(_));
        is_same && self.said.is_message(message)
    }

    /// Whether a Matrix client's event is this.
    pub fn matches_event(&self, event: &Event) -> bool {
        event.sender() == self.matrix_sender && self.said.is_event(event)
    }
}
