//! What the crate makes of an encoding, in the words of the vectors.

use causeway_drafts::{decode_exact, encode};
use serde_json::Value;
use tls_codec::{Deserialize, Serialize};

use super::files::Expected;

/// An encoding that was accepted.
#[derive(Debug)]
pub(super) struct Decoded {
    /// By the draft's names.
    pub(super) fields: Value,
    /// Encoded again.
    pub(super) octets: Vec<u8>,
}

/// An encoding that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    /// The class of the vectors' error.
    pub(super) class: &'static str,
    /// The rules that the error names, the general ones first.
    pub(super) rules: Vec<String>,
    /// The octet that the error names.
    pub(super) offset: Option<u64>,
    /// The error.
    pub(super) text: String,
}

pub(super) type Verdict = Result<Decoded, Refused>;

/// By the words of the errors, of which the first that fits counts.
const CLASSES: &[(&str, &str)] = &[
    ("bytes follow", "trailing"),
    ("more follow", "trailing"),
    ("ends inside of it", "truncated"),
    ("is cut off", "truncated"),
    ("longer than the rest", "truncated"),
    ("the length of a vector", "bad-length"),
    ("of a vector is not in its shortest form", "bad-length"),
    ("not in the shortest form", "not-shortest"),
    ("preferred form", "not-shortest"),
    ("indefinite length", "indefinite"),
    ("reserved encoding", "reserved"),
    ("not in bytewise order", "unsorted"),
    ("stands twice", "duplicate"),
    ("neither integer, text nor bytes", "key-type"),
    ("NaN is not", "nan"),
    ("not UTF-8", "bad-text"),
    ("NUL in a string", "bad-text"),
    ("G-07", "bad-uri"),
    ("not a URI", "bad-uri"),
    ("none of the values", "unknown-value"),
    ("protocol version is not", "unknown-value"),
    ("Trying to decode Option", "unknown-value"),
    ("duplicate entries", "duplicate"),
    ("duplicate component id", "duplicate"),
    ("not in order", "unsorted"),
    ("not sorted", "unsorted"),
    ("the list is empty", "rule"),
    ("no presence octet", "unknown-value"),
    ("wire format", "unknown-value"),
    ("P-037", "wrong-message"),
    ("P-043", "wrong-message"),
    ("G-18", "wrong-message"),
    ("nested too deep", "limit"),
    ("deeper than", "limit"),
    ("is longer than", "limit"),
    ("more than 1024 parts", "limit"),
];

/// Words of the MLS library, which says where it gave up, not what was wrong there.
const MLS_LIBRARY: &[&str] =
    &["protocol version is not", "Trying to decode Option", "duplicate entries", "entries not in order", "SafeAAD"];

impl Refused {
    /// From an error.
    pub(super) fn new(error: impl ToString) -> Self {
        let text = error.to_string();
        let class = CLASSES.iter().find(|(words, _)| text.contains(words)).map_or("", |(_, class)| class);
        let is_exact = !MLS_LIBRARY.iter().any(|words| text.contains(words));
        let offset = text
            .split_once("at byte ")
            .filter(|_| is_exact)
            .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        Self { class, rules: rules(&text), offset, text }
    }

    /// A rule about a whole that is well-formed.
    pub(super) fn rule(rule: &str) -> Self {
        Self { class: "rule", ..Self::new(rule) }
    }

    /// A document that is well-formed, and not what the schema says, unless its words say something more exact.
    pub(super) fn document(error: impl ToString) -> Self {
        let refused = Self::new(error);
        if refused.class.is_empty() { Self { class: "schema", ..refused } } else { refused }
    }

    /// Whether this is the error that is expected. P-007 alone stands for all that is not well-formed.
    pub(super) fn agrees_with(&self, expected: Expected<'_>) -> bool {
        let class = self.class == expected.class;
        let rule = self.text.contains(&format!("{}:", expected.rule)) || self.rules.last().is_some_and(|rule| rule == "P-007");
        let offset = expected.offset.is_none() || self.offset.is_none() || self.offset == expected.offset;
        class && rule && offset
    }
}

/// The ids of rules in a text: a letter, a hyphen, digits.
fn rules(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_rule = |word: &&str| {
        let Some((letter, digits)) = word.split_once('-') else { return false };
        letter.len() == 1 && digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    words.filter(is_rule).map(str::to_owned).collect()
}

/// A structure in TLS presentation language.
pub(super) fn tls<T: Deserialize + Serialize>(octets: &[u8], fields: impl FnOnce(&T) -> Value) -> Verdict {
    tls_valid(octets, fields, |_| Ok(()))
}

/// The same, with rules of its own.
pub(super) fn tls_valid<T: Deserialize + Serialize>(
    octets: &[u8],
    fields: impl FnOnce(&T) -> Value,
    validate: impl FnOnce(&T) -> Result<(), &'static str>,
) -> Verdict {
    let value: T = decode_exact(octets).map_err(Refused::new)?;
    validate(&value).map_err(Refused::rule)?;
    Ok(Decoded { fields: fields(&value), octets: encode(&value) })
}
