//! Writing items in their one form [RFC 8949 §4.2.1].

use super::{Head, Item, Major};

const FALSE: u64 = 20;
const NULL: u64 = 22;

/// A document being written.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// With room for a document of about this size.
    pub(crate) fn with_capacity(octets: usize) -> Self {
        Self(Vec::with_capacity(octets))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn null(&mut self) {
        Head::write(&mut self.0, Major::Simple, NULL);
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        Head::write(&mut self.0, Major::Simple, FALSE + u64::from(value));
    }

    pub(crate) fn unsigned(&mut self, number: impl Into<u64>) {
        Head::write(&mut self.0, Major::Unsigned, number.into());
    }

    pub(crate) fn integer(&mut self, number: i64) {
        match u64::try_from(number) {
            Ok(number) => Head::write(&mut self.0, Major::Unsigned, number),
            // −1−n for a negative n, which no bit pattern overflows.
            Err(_) => Head::write(&mut self.0, Major::Negative, !number as u64),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        Head::write(&mut self.0, Major::Bytes, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        Head::write(&mut self.0, Major::Text, text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// The head of an array; its items follow.
    pub(crate) fn array(&mut self, count: usize) {
        Head::write(&mut self.0, Major::Array, count as u64);
    }

    /// The head of a map; its entries follow, in bytewise order of their encoded keys.
    pub(crate) fn map(&mut self, count: usize) {
        Head::write(&mut self.0, Major::Map, count as u64);
    }

    /// The head of a tag; its item follows.
    pub(crate) fn tag(&mut self, tag: u64) {
        Head::write(&mut self.0, Major::Tag, tag);
    }

    pub(crate) fn item(&mut self, item: &Item) {
        self.0.extend_from_slice(item.as_bytes());
    }
}
