//! Why octets are not what they should be: what the gateway's decoders say, in one form.

use causeway_core::code::{self, Code, Coded};
use causeway_drafts::cbor::DocumentError;
use causeway_drafts::{DecodeError, Fault};

use super::reader::Stop;

/// What a decoder says, of octets whose number it does not know.
pub(super) struct Wrong {
    pub(super) code: Code,
    pub(super) why: String,
    pub(super) offset: Option<usize>,
}

impl Wrong {
    /// Against a rule about a whole that is well-formed.
    pub(super) fn rule(rule: &str) -> Self {
        Self { code: code::BODY_MALFORMED, why: rule.to_owned(), offset: None }
    }

    /// In octets that have so many others before them.
    pub(super) fn after(self, octets: usize) -> Self {
        Self { offset: self.offset.map(|offset| offset + octets), ..self }
    }

    /// With the reader's word on the place: where the decoder has none, or where it left a value to the MLS library, which
    /// says where it gave up.
    pub(super) fn located(self, stop: Option<Stop>) -> Self {
        let is_later = |stop: &Stop| self.offset.is_none_or(|offset| stop.offset < offset && !stop.is_short);
        match stop.filter(is_later) {
            Some(stop) => {
                let inside = if stop.place.is_empty() { String::new() } else { format!("{}: ", stop.place) };
                Self { why: format!("{}: {inside}{}", self.why, stop.why), offset: Some(stop.offset), ..self }
            }
            None => self,
        }
    }

    pub(super) fn of(self, octets: &[u8]) -> Refused {
        Refused { code: self.code, why: self.why, offset: self.offset, length: octets.len() }
    }
}

impl From<DecodeError> for Wrong {
    fn from(error: DecodeError) -> Self {
        let code = error.code();
        match error {
            DecodeError::Malformed(Fault { offset, path, reason }) => {
                let inside = if path.is_empty() { String::new() } else { format!("in {path}: ") };
                Self { code, why: format!("P-007: {inside}{reason}"), offset: Some(offset) }
            }
            DecodeError::Trailing { offset, length } => {
                Self { code, why: format!("P-007: {length} octets follow the structure"), offset: Some(offset) }
            }
            other => Self { code, why: other.to_string(), offset: None },
        }
    }
}

impl From<DocumentError> for Wrong {
    fn from(error: DocumentError) -> Self {
        let why = match error {
            DocumentError::Cbor(error) => error.kind.to_string(),
            DocumentError::Field { rule, field, expected, .. } => format!("{rule}: {field} is not {expected}"),
            DocumentError::Limit { rule, what, .. } => format!("{rule}: {what}"),
        };
        Self { code: code::MESSAGE_MALFORMED, why, offset: Some(error.offset()) }
    }
}

/// Why octets are not what they should be.
#[derive(Debug, thiserror::Error)]
#[error("{code} {why}{}", place(*offset, *length))]
pub(crate) struct Refused {
    pub(super) code: Code,
    pub(super) why: String,
    pub(super) offset: Option<usize>,
    pub(super) length: usize,
}

impl Refused {
    /// How much it was that kind: what is known and not supported, all of it.
    pub(super) fn read(&self) -> usize {
        let is_known =
            !matches!(self.code, code::BODY_MALFORMED | code::BODY_TRAILING | code::MESSAGE_MALFORMED | code::WIRE_FORMAT);
        self.offset.filter(|_| !is_known).unwrap_or(self.length)
    }
}

fn place(offset: Option<usize>, length: usize) -> String {
    offset.map_or_else(String::new, |offset| format!(" (octet {offset} of {length})"))
}
