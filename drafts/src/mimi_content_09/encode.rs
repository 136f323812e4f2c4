//! Deterministic encoding [mimi-content-09 §6.1].

use super::{ExternalPart, MimiContent, NestedPart, PartBody};
use crate::cbor::Writer;

/// Room for what most messages are, so that the buffer seldom grows.
const USUAL: usize = 512;

impl MimiContent {
    /// The document. Limits are the caller's: what breaks one is encoded, and refused where it arrives.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(USUAL);
        writer.array(7);
        writer.bytes(&self.salt);
        optional(&mut writer, self.replaces, |writer, id| writer.bytes(id.as_bytes()));
        writer.bytes(&self.topic_id);
        optional(&mut writer, self.expires, |writer, expires| {
            writer.array(2);
            writer.boolean(expires.relative);
            writer.unsigned(expires.time);
        });
        optional(&mut writer, self.in_reply_to, |writer, id| writer.bytes(id.as_bytes()));
        self.extensions.write(&mut writer);
        part(&mut writer, &self.nested_part);
        writer.into_bytes()
    }
}

fn optional<T>(writer: &mut Writer, value: Option<T>, write: impl FnOnce(&mut Writer, T)) {
    match value {
        Some(value) => write(writer, value),
        None => writer.null(),
    }
}

fn part(writer: &mut Writer, part: &NestedPart) {
    let (length, cardinality) = match &part.body {
        PartBody::Null => (3, 0u8),
        PartBody::Single { .. } => (5, 1),
        PartBody::External(_) => (15, 2),
        PartBody::Multi { .. } => (5, 3),
    };
    writer.array(length);
    writer.unsigned(part.disposition.0);
    writer.text(&part.language);
    writer.unsigned(cardinality);
    match &part.body {
        PartBody::Null => {}
        PartBody::Single { content_type, content } => {
            writer.text(content_type);
            writer.bytes(content);
        }
        PartBody::External(body) => external(writer, body),
        PartBody::Multi { semantics, parts } => {
            writer.unsigned(*semantics as u8);
            writer.array(parts.len());
            parts.iter().for_each(|inner| self::part(writer, inner));
        }
    }
}

fn external(writer: &mut Writer, part: &ExternalPart) {
    writer.text(&part.content_type);
    writer.text(&part.url);
    writer.unsigned(part.expires);
    writer.unsigned(part.size);
    writer.unsigned(part.enc_alg);
    writer.bytes(&part.key);
    writer.bytes(&part.nonce);
    writer.bytes(&part.aad);
    writer.unsigned(part.hash_alg.0);
    writer.bytes(&part.content_hash);
    writer.text(&part.description);
    writer.text(&part.filename);
}
