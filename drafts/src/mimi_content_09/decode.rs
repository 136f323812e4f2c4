//! Strict decoding: exactly what the draft allows.

use std::collections::BTreeMap;

use serde_cbor::Value;

use super::validate::{CborError, validate};
use super::{
    Disposition, Expiration, ExtensionKey, Extensions, ExternalPart, MessageId, MimiContent, NestedPart, PartBody, PartSemantics,
    ROOM_URI, SENDER_URI,
};

/// Levels of NestedPart, the root included (C-049, G-46).
const MAX_LEVELS: usize = 4;
/// Parts in all (C-068).
const MAX_PARTS: usize = 1024;
/// Octets of a topic (C-065).
const MAX_TOPIC: usize = 4096;
/// Integer keys fit a double (C-045).
const MAX_KEY: i128 = (1 << 53) - 1;

/// Why a document is not a MIMI message. The fault is the sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Not deterministic CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// A field is not what the schema says.
    #[error("{rule}: {field} is not {expected}")]
    Field {
        /// The rule.
        rule: &'static str,
        /// The field.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// Too much of something.
    #[error("{rule}: {what}")]
    Limit {
        /// The rule.
        rule: &'static str,
        /// What is too much.
        what: &'static str,
    },
}

type Result<T> = std::result::Result<T, ContentError>;

fn wrong<T>(rule: &'static str, field: &'static str, expected: &'static str) -> Result<T> {
    Err(ContentError::Field { rule, field, expected })
}

impl MimiContent {
    /// Decodes a document.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        validate(bytes)?;
        let Ok(Value::Array(fields)) = serde_cbor::from_slice(bytes) else {
            return wrong("C-006", "the document", "an array");
        };
        let Ok([salt, replaces, topic_id, expires, in_reply_to, extensions, nested_part]) = <[Value; 7]>::try_from(fields) else {
            return wrong("C-006", "the document", "an array of 7");
        };
        let topic_id = byte_string(topic_id, "topicId")?;
        if topic_id.len() > MAX_TOPIC {
            return Err(ContentError::Limit { rule: "C-065", what: "topicId is longer than 4096 octets" });
        }
        let mut parts = 0;
        Ok(Self {
            salt: byte_string(salt, "salt")?.try_into().or_else(|_| wrong("C-005", "salt", "16 octets"))?,
            replaces: optional_id(replaces, "replaces")?,
            topic_id,
            expires: expiration(expires)?,
            in_reply_to: optional_id(in_reply_to, "inReplyTo")?,
            extensions: extension_map(extensions)?,
            nested_part: part(nested_part, 1, &mut parts)?,
        })
    }
}

fn byte_string(value: Value, field: &'static str) -> Result<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => wrong("C-006", field, "a byte string"),
    }
}

fn text_string(value: Value, field: &'static str) -> Result<String> {
    match value {
        Value::Text(text) => Ok(text),
        _ => wrong("C-006", field, "a text string"),
    }
}

fn unsigned<T: TryFrom<i128>>(value: &Value, field: &'static str) -> Result<T> {
    match value {
        Value::Integer(number) => T::try_from(*number).or_else(|_| wrong("C-006", field, "in range")),
        _ => wrong("C-006", field, "an unsigned integer"),
    }
}

fn optional_id(value: Value, field: &'static str) -> Result<Option<MessageId>> {
    if value == Value::Null {
        return Ok(None);
    }
    let bytes: [u8; 32] = byte_string(value, field)?.try_into().or_else(|_| wrong("C-006", field, "32 octets"))?;
    // C-062: an id made with another hash algorithm names no message.
    if bytes[0] == 1 { Ok(Some(MessageId::from_bytes(bytes))) } else { wrong("C-062", field, "a SHA-256 message id") }
}

fn expiration(value: Value) -> Result<Option<Expiration>> {
    match value {
        Value::Null => Ok(None),
        Value::Array(pair) => match pair.as_slice() {
            [Value::Bool(relative), time] => Ok(Some(Expiration { relative: *relative, time: unsigned(time, "expires")? })),
            _ => wrong("C-009", "expires", "[relative, time]"),
        },
        _ => wrong("C-009", "expires", "null or [relative, time]"),
    }
}

fn extension_map(value: Value) -> Result<Extensions> {
    let Value::Map(entries) = value else { return wrong("C-006", "mimiExtensions", "a map") };
    let mut extensions = BTreeMap::new();
    for (key, item) in entries {
        let key = match key {
            Value::Integer(number) if number.abs() <= MAX_KEY => ExtensionKey::Int(number as i64),
            Value::Text(name) if (1..=255).contains(&name.len()) => ExtensionKey::Text(name),
            _ => return wrong("C-043", "an extension key", "an integer within ±(2^53−1) or text of 1 to 255 octets"),
        };
        if matches!(key, ExtensionKey::Int(SENDER_URI | ROOM_URI)) && !matches!(item, Value::Text(_)) {
            return wrong("C-015", "extension 1 or 2", "a text string");
        }
        // C-050: the extension map itself is the first of four levels.
        if levels(&item) > 3 {
            return Err(ContentError::Limit { rule: "C-050", what: "an extension nests deeper than 4 levels" });
        }
        extensions.insert(key, item);
    }
    Ok(Extensions(extensions))
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.values().map(levels).max().unwrap_or(0),
        Value::Tag(_, inner) => levels(inner),
        _ => 0,
    }
}

fn part(value: Value, level: usize, parts: &mut usize) -> Result<NestedPart> {
    *parts += 1;
    if level > MAX_LEVELS {
        return Err(ContentError::Limit { rule: "C-049", what: "parts nest deeper than 4 levels" });
    }
    if *parts > MAX_PARTS {
        return Err(ContentError::Limit { rule: "C-068", what: "more than 1024 parts" });
    }
    let Value::Array(fields) = value else { return wrong("C-016", "a part", "an array") };
    let count = fields.len();
    let mut fields = fields.into_iter();
    let mut next = || fields.next().unwrap_or(Value::Null);
    let disposition = Disposition(unsigned(&next(), "disposition")?);
    let language = text_string(next(), "language")?;
    let body = match (unsigned::<u8>(&next(), "cardinality")?, count) {
        (0, 3) => PartBody::Null,
        (1, 5) => PartBody::Single { content_type: text_string(next(), "contentType")?, content: byte_string(next(), "content")? },
        (2, 15) => PartBody::External(Box::new(external(&mut next)?)),
        (3, 5) => PartBody::Multi { semantics: semantics(&next())?, parts: multi(next(), level, parts)? },
        _ => return wrong("C-016", "a part", "of the length that its cardinality has"),
    };
    Ok(NestedPart { disposition, language, body })
}

fn semantics(value: &Value) -> Result<PartSemantics> {
    match unsigned::<u8>(value, "partSemantics")? {
        0 => Ok(PartSemantics::ChooseOne),
        1 => Ok(PartSemantics::SingleUnit),
        2 => Ok(PartSemantics::ProcessAll),
        _ => wrong("C-069", "partSemantics", "known"),
    }
}

fn multi(value: Value, level: usize, parts: &mut usize) -> Result<Vec<NestedPart>> {
    let Value::Array(items) = value else { return wrong("C-016", "parts", "an array") };
    if items.len() < 2 {
        return wrong("C-018", "parts", "of two or more");
    }
    items.into_iter().map(|item| part(item, level + 1, parts)).collect()
}

fn external(next: &mut impl FnMut() -> Value) -> Result<ExternalPart> {
    let part = ExternalPart {
        content_type: text_string(next(), "contentType")?,
        url: text_string(next(), "url")?,
        expires: unsigned(&next(), "expires")?,
        size: unsigned(&next(), "size")?,
        enc_alg: unsigned(&next(), "encAlg")?,
        key: byte_string(next(), "key")?,
        nonce: byte_string(next(), "nonce")?,
        aad: byte_string(next(), "aad")?,
        hash_alg: unsigned(&next(), "hashAlg")?,
        content_hash: byte_string(next(), "contentHash")?,
        description: text_string(next(), "description")?,
        filename: text_string(next(), "filename")?,
    };
    let unencrypted = part.key.is_empty() && part.nonce.is_empty() && part.aad.is_empty();
    if part.enc_alg == 0 && !unencrypted {
        return wrong("C-029", "key, nonce and aad", "empty without encAlg");
    }
    Ok(part)
}
