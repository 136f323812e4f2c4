//! Deterministic encoding [mimi-content-09 §6.1], [RFC 8949 §4.2.1].

use serde_cbor::Value;

use super::cbor::{ARRAY, BYTES, MAP, NINT, SIMPLE, TEXT, UINT, head};
use super::{ExtensionKey, ExternalPart, MimiContent, NestedPart, PartBody};

const FALSE: u64 = 20;
const NULL: u64 = 22;

impl MimiContent {
    /// The document, deterministically encoded.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        head(&mut out, ARRAY, 7);
        bytes(&mut out, &self.salt);
        optional_bytes(&mut out, self.replaces.as_ref().map(|id| id.as_bytes().as_slice()));
        bytes(&mut out, &self.topic_id);
        match self.expires {
            None => head(&mut out, SIMPLE, NULL),
            Some(expires) => {
                head(&mut out, ARRAY, 2);
                head(&mut out, SIMPLE, FALSE + u64::from(expires.relative));
                head(&mut out, UINT, expires.time.into());
            }
        }
        optional_bytes(&mut out, self.in_reply_to.as_ref().map(|id| id.as_bytes().as_slice()));
        let extensions = self.extensions.0.iter().map(|(key, item)| {
            let mut encoded = Vec::new();
            match key {
                ExtensionKey::Int(number) => integer(&mut encoded, (*number).into()),
                ExtensionKey::Text(name) => text(&mut encoded, name),
            }
            (encoded, value(item))
        });
        map(&mut out, extensions.collect());
        nested_part(&mut out, &self.nested_part);
        out
    }
}

fn nested_part(out: &mut Vec<u8>, part: &NestedPart) {
    let (length, cardinality) = match &part.body {
        PartBody::Null => (3, 0),
        PartBody::Single { .. } => (5, 1),
        PartBody::External(_) => (15, 2),
        PartBody::Multi { .. } => (5, 3),
    };
    head(out, ARRAY, length);
    head(out, UINT, part.disposition.0.into());
    text(out, &part.language);
    head(out, UINT, cardinality);
    match &part.body {
        PartBody::Null => {}
        PartBody::Single { content_type, content } => {
            text(out, content_type);
            bytes(out, content);
        }
        PartBody::External(external) => external_part(out, external),
        PartBody::Multi { semantics, parts } => {
            head(out, UINT, *semantics as u64);
            head(out, ARRAY, parts.len() as u64);
            parts.iter().for_each(|part| nested_part(out, part));
        }
    }
}

fn external_part(out: &mut Vec<u8>, part: &ExternalPart) {
    text(out, &part.content_type);
    text(out, &part.url);
    head(out, UINT, part.expires.into());
    head(out, UINT, part.size);
    head(out, UINT, part.enc_alg.into());
    bytes(out, &part.key);
    bytes(out, &part.nonce);
    bytes(out, &part.aad);
    head(out, UINT, part.hash_alg.into());
    bytes(out, &part.content_hash);
    text(out, &part.description);
    text(out, &part.filename);
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    head(out, BYTES, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, TEXT, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn optional_bytes(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => bytes(out, value),
        None => head(out, SIMPLE, NULL),
    }
}

fn integer(out: &mut Vec<u8>, number: i128) {
    match number {
        0.. => head(out, UINT, number as u64),
        _ => head(out, NINT, (-1 - number) as u64),
    }
}

/// Entries in bytewise order of their encoded keys, never RFC 7049's length-first order (C-041).
fn map(out: &mut Vec<u8>, mut entries: Vec<(Vec<u8>, Vec<u8>)>) {
    entries.sort();
    head(out, MAP, entries.len() as u64);
    for (key, item) in entries {
        out.extend_from_slice(&key);
        out.extend_from_slice(&item);
    }
}

fn value(item: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match item {
        Value::Integer(number) => integer(&mut out, *number),
        Value::Bytes(content) => bytes(&mut out, content),
        Value::Text(content) => text(&mut out, content),
        Value::Array(items) => {
            head(&mut out, ARRAY, items.len() as u64);
            items.iter().for_each(|item| out.extend_from_slice(&value(item)));
        }
        Value::Map(entries) => map(&mut out, entries.iter().map(|(key, item)| (value(key), value(item))).collect()),
        // Null, booleans, floats and tags: the library's encoding of them is deterministic already.
        other => out.extend_from_slice(&serde_cbor::to_vec(other).expect("a CBOR value encodes")),
    }
    out
}
