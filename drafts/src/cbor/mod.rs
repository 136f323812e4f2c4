//! Deterministic CBOR [RFC 8949 §4.2.1] within the data model of MIMI [mimi-content-09 §6].
//!
//! # One form of everything
//!
//! [`validate`] looks at bytes before anything else does, and allocates nothing. What it lets pass is one item, each of
//! whose parts has one possible form; a decoder for a document type then reads the same bytes again, field by field.
//! Whoever encodes what such a decoder returned gets the same bytes.
//!
//! | refused | RFC 8949, mimi-content-09 | error |
//! |---|---|---|
//! | a head or a float that has a shorter form | §4.2.1, §6.1 | [`CborErrorKind::NotShortest`] |
//! | a bignum that fits an integer, or has leading zeros | §3.4.3, §6.1 | [`CborErrorKind::Bignum`] |
//! | indefinite lengths | §4.2.1, §6.1 | [`CborErrorKind::Indefinite`] |
//! | map keys out of order, or twice | §4.2.1, §6.1 and §4.3 | [`CborErrorKind::Unsorted`], [`CborErrorKind::DuplicateKey`] |
//! | map keys other than integers within ±(2^53−1), text and bytes | §6.2 | [`CborErrorKind::KeyType`], [`CborErrorKind::KeyRange`] |
//! | a NaN other than 0xF97E00 | §6.2 | [`CborErrorKind::Nan`] |
//! | text that is not UTF-8 | §6.2 | [`CborErrorKind::Utf8`] |
//! | items nested deeper than any document has them | §6.3 | [`CborErrorKind::TooDeep`] |
//! | lengths that promise more than follows, missing and excess bytes | §3, §5.1 | [`CborErrorKind::TooLong`], [`CborErrorKind::Truncated`], [`CborErrorKind::Trailing`] |

mod error;
mod head;
mod reader;
mod validate;
mod writer;

pub use error::{CborError, CborErrorKind, DocumentError};
pub(crate) use head::{Head, Major};
pub(crate) use reader::{Reader, too_much, wrong};
pub use validate::validate;
pub(crate) use writer::Writer;

/// An item [RFC 8949 §3] that nobody here reads: the bytes of it, as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct Item(Vec<u8>);

impl Item {
    /// Takes the encoding of one item.
    ///
    /// # Errors
    /// If [`validate`] refuses it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CborError> {
        validate(bytes)?;
        Ok(Self(bytes.to_vec()))
    }

    /// From a part of what was validated as a whole.
    pub(crate) fn of_validated(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({})", hex::encode(&self.0))
    }
}
