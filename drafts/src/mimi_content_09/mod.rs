//! draft-ietf-mimi-content-09 (wire-identical to -08): the container `application/mimi-content`.

mod cbor;
mod decode;
mod encode;
mod message_id;
mod validate;

use std::collections::BTreeMap;

pub use decode::ContentError;
pub use message_id::{MessageId, message_id};
pub use serde_cbor::Value;
pub use validate::{CborError, CborErrorKind};

/// A MIMI message [mimi-content-09 §4.1].
#[derive(Clone, Debug, PartialEq)]
pub struct MimiContent {
    /// Fresh randomness (C-005).
    pub salt: [u8; 16],
    /// The first version of the message that this edits or deletes (C-007).
    pub replaces: Option<MessageId>,
    /// Label of a thread; empty for none (C-008).
    pub topic_id: Vec<u8>,
    /// When it goes (C-009).
    pub expires: Option<Expiration>,
    /// The version of a message that this answers.
    pub in_reply_to: Option<MessageId>,
    /// `mimiExtensions`.
    pub extensions: Extensions,
    /// The body.
    pub nested_part: NestedPart,
}

/// Expiration [mimi-content-09 §4.1].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiration {
    /// Seconds after reading, instead of UNIX seconds.
    pub relative: bool,
    /// Seconds.
    pub time: u32,
}

/// The key of an extension [mimi-content-09 §4.3].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExtensionKey {
    /// Registered, or private where negative.
    Int(i64),
    /// Private.
    Text(String),
}

/// The extensions of a message; encoded in RFC 8949 §4.2.1 order, whatever the order here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extensions(pub BTreeMap<ExtensionKey, Value>);

/// Extension key of the sender's user URI.
pub const SENDER_URI: i64 = 1;
/// Extension key of the room's URI.
pub const ROOM_URI: i64 = 2;

impl Extensions {
    /// What franking needs: the message's own names (P-052).
    pub fn with_sender_and_room(sender: &str, room: &str) -> Self {
        Self(BTreeMap::from([
            (ExtensionKey::Int(SENDER_URI), Value::Text(sender.to_owned())),
            (ExtensionKey::Int(ROOM_URI), Value::Text(room.to_owned())),
        ]))
    }

    fn text(&self, key: i64) -> Option<&str> {
        match self.0.get(&ExtensionKey::Int(key)) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// What a part is for [mimi-content-09 §4.4]. Unknown values render (C-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disposition(pub u8);

impl Disposition {
    /// Text to show.
    pub const RENDER: Self = Self(1);
    /// A reaction.
    pub const REACTION: Self = Self(2);
    /// A profile.
    pub const PROFILE: Self = Self(3);
    /// In the text.
    pub const INLINE: Self = Self(4);
    /// An icon.
    pub const ICON: Self = Self(5);
    /// To download.
    pub const ATTACHMENT: Self = Self(6);
    /// A conference.
    pub const SESSION: Self = Self(7);
    /// A preview.
    pub const PREVIEW: Self = Self(8);
}

/// A part [mimi-content-09 §4.4].
#[derive(Clone, Debug, PartialEq)]
pub struct NestedPart {
    /// What it is for.
    pub disposition: Disposition,
    /// BCP 47 tags, or empty.
    pub language: String,
    /// What it holds.
    pub body: PartBody,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq)]
pub enum PartBody {
    /// Nothing: deletes what is replaced.
    Null,
    /// Content in the message.
    Single {
        /// Its media type.
        content_type: String,
        /// The content.
        content: Vec<u8>,
    },
    /// Content elsewhere.
    External(Box<ExternalPart>),
    /// Several parts.
    Multi {
        /// How they belong together.
        semantics: PartSemantics,
        /// At least two (C-018).
        parts: Vec<NestedPart>,
    },
}

/// Content at a URL [mimi-content-09 §4.5].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalPart {
    /// Its media type.
    pub content_type: String,
    /// Where it is.
    pub url: String,
    /// UNIX seconds; 0 for never.
    pub expires: u32,
    /// Octets; 0 for unknown.
    pub size: u64,
    /// IANA AEAD number; 0 for none.
    pub enc_alg: u16,
    /// AEAD key.
    pub key: Vec<u8>,
    /// AEAD nonce.
    pub nonce: Vec<u8>,
    /// AEAD additional data.
    pub aad: Vec<u8>,
    /// IANA named information hash; 0 for none.
    pub hash_alg: u8,
    /// Hash of the bytes at the URL.
    pub content_hash: Vec<u8>,
    /// For those who cannot see it.
    pub description: String,
    /// A name to save it under.
    pub filename: String,
}

/// PartSemantics [mimi-content-09 §4.4].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartSemantics {
    /// Exactly one is processed.
    ChooseOne = 0,
    /// All or none.
    SingleUnit = 1,
    /// As many as possible.
    ProcessAll = 2,
}

impl NestedPart {
    /// A text to render.
    pub fn text(content_type: &str, text: &str) -> Self {
        Self::single(Disposition::RENDER, content_type, text.as_bytes().to_vec())
    }

    /// Content in the message.
    pub fn single(disposition: Disposition, content_type: &str, content: Vec<u8>) -> Self {
        let body = PartBody::Single { content_type: content_type.to_owned(), content };
        Self { disposition, language: String::new(), body }
    }

    /// Deletes what is replaced.
    pub fn null(disposition: Disposition) -> Self {
        Self { disposition, language: String::new(), body: PartBody::Null }
    }
}

impl MimiContent {
    /// The sender, if the message names it (extension 1).
    pub fn sender_uri(&self) -> Option<&str> {
        self.extensions.text(SENDER_URI)
    }

    /// The room, if the message names it (extension 2).
    pub fn room_uri(&self) -> Option<&str> {
        self.extensions.text(ROOM_URI)
    }
}
