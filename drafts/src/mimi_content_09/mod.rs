//! draft-ietf-mimi-content-09: the container `application/mimi-content`, as CBOR.
//!
//! # Reading a message
//!
//! ```
//! use causeway_drafts::mimi_content_09::{MimiContent, PartBody, message_id};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let received = hex::decode(
//!     "87505eed9406c2545547ab6f09f20a18b003f640f6f6a10178186d696d693a2f2f612e6578616d706c652f752f616c696365850160016a74\
//!      6578742f706c61696e426869",
//! )?;
//! let content = MimiContent::decode(&received)?;
//! assert_eq!(content.sender_uri(), Some("mimi://a.example/u/alice"));
//! assert!(matches!(content.nested_part.body, PartBody::Single { .. }));
//! // Ids are made of what was received, never of what was encoded again.
//! let id = message_id("mimi://a.example/u/alice", "mimi://a.example/r/club", &received, &content.salt);
//! assert_eq!(id.as_bytes()[0], 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What is refused
//!
//! First [`crate::cbor::validate`] looks at the bytes (§6.1, §6.2), then [`MimiContent::decode`] at the fields (§4, §6.3), and
//! at those limits of §9.1 that need no clock and no room: the hash algorithm of ids, the length of a topic, how many parts
//! there are, and how deep. An error names its rule and the byte. What §9.1 says to keep is kept: unknown dispositions,
//! media types, languages and extensions.
//!
//! # Versions
//!
//! | rule | -07 | -08 | -09 |
//! |---|---|---|---|
//! | the wire (§4, CDDL of Appendix A) | the same | the same | the same |
//! | values of extensions | below 4096 octets | of any length | of any length |
//! | deterministic encoding, data model and depth (§6) | said of nothing | C-040 to C-050 | C-040 to C-050 |
//! | message ids (§3.3) | without lengths | with lengths, C-001 | as in -08, and the lengths are octets, C-003 |
//!
//! So a message of -08 is one of -09, with the same id: the folder is called after the newest. A message of -07 that is
//! encoded deterministically decodes, but had another id: who mixes versions loses every relation. [`DRAFTS`] are those
//! that this module is right for.

mod decode;
mod encode;
mod extensions;
mod message_id;
mod parts;

pub use decode::{MAX_PART_LEVELS, MAX_PARTS, MAX_TOPIC};
pub use extensions::{Extension, ExtensionKey, Extensions, ROOM_URI, SENDER_URI, UnknownExtension};
pub use message_id::{MessageId, message_id};

/// The drafts whose wire (Appendix A) and whose ids (§3.3) are these.
pub const DRAFTS: [&str; 2] = ["draft-ietf-mimi-content-08", "draft-ietf-mimi-content-09"];

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

/// What a part is for [mimi-content-09 §4.4]. Unknown values render (C-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disposition(pub u8);

impl Disposition {
    /// Nothing said.
    pub const UNSPECIFIED: Self = Self(0);
    /// To show, by local policy.
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

/// What a part holds (§4.4).
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
    /// Of `content_hash`.
    pub hash_alg: HashAlgorithm,
    /// Hash of the bytes at the URL.
    pub content_hash: Vec<u8>,
    /// For those who cannot see it.
    pub description: String,
    /// A name to save it under.
    pub filename: String,
}

/// A hash algorithm [IANA Named Information Hash Algorithm Registry, RFC 6920 §9.4]; unknown ones are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashAlgorithm(pub u8);

impl HashAlgorithm {
    /// No hash: the registry reserves 0.
    pub const NONE: Self = Self(0);
    /// SHA-256, whole. The first octet of every message id (C-002).
    pub const SHA_256: Self = Self(1);
    /// SHA-384
    pub const SHA_384: Self = Self(7);
    /// SHA-512
    pub const SHA_512: Self = Self(8);

    /// How many octets a hash has, where the registry says so: whole hashes, and those truncated to 128, 120, 96, 64 and 32
    /// bits.
    pub fn octets(self) -> Option<usize> {
        match self.0 {
            1 | 10 => Some(32),
            2 => Some(16),
            3 => Some(15),
            4 => Some(12),
            5 => Some(8),
            6 => Some(4),
            7 | 11 => Some(48),
            8 | 12 => Some(64),
            9 => Some(28),
            _ => None,
        }
    }
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
        match self.extensions.get(&ExtensionKey::Int(SENDER_URI)) {
            Some(Extension::SenderUri(uri)) => Some(uri),
            _ => None,
        }
    }

    /// The room, if the message names it (extension 2).
    pub fn room_uri(&self) -> Option<&str> {
        match self.extensions.get(&ExtensionKey::Int(ROOM_URI)) {
            Some(Extension::RoomUri(uri)) => Some(uri),
            _ => None,
        }
    }
}
