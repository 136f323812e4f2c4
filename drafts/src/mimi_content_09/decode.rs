//! Strict decoding [mimi-content-09 §4, §6]: exactly what the draft allows.

use super::{
    Disposition, Expiration, Extensions, ExternalPart, HashAlgorithm, MessageId, MimiContent, NestedPart, PartBody, PartSemantics,
};
use crate::cbor::{DocumentError, Reader, too_much, wrong};

/// Levels of NestedPart, the root included (§6.3; C-049, G-46).
pub const MAX_PART_LEVELS: usize = 4;
/// Parts in all (§9.1; C-068).
pub const MAX_PARTS: usize = 1024;
/// Octets of a topic (§9.1; C-065).
pub const MAX_TOPIC: usize = 4096;

type Result<T> = std::result::Result<T, DocumentError>;

impl MimiContent {
    /// Decodes a document.
    ///
    /// # Errors
    /// The first rule that it breaks, and the byte at which it does.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes)?;
        reader.array_of(7, ("C-006", "the document"), "an array of 7")?;
        Ok(Self {
            salt: reader.octets(("C-005", "salt"), "16 octets")?,
            replaces: optional_id(&mut reader, "replaces")?,
            topic_id: topic(&mut reader)?,
            expires: expiration(&mut reader)?,
            in_reply_to: optional_id(&mut reader, "inReplyTo")?,
            extensions: Extensions::read(&mut reader)?,
            nested_part: Parts { reader: &mut reader, count: 0 }.part(1)?,
        })
    }
}

fn topic(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    let start = reader.offset();
    match reader.bytes(("C-006", "topicId"))? {
        topic if topic.len() <= MAX_TOPIC => Ok(topic.to_vec()),
        _ => too_much(start, "C-065", "topicId is longer than 4096 octets"),
    }
}

fn optional_id(reader: &mut Reader<'_>, field: &'static str) -> Result<Option<MessageId>> {
    match reader.null() {
        Some(()) => Ok(None),
        None => MessageId::read(reader, ("C-006", field)).map(Some),
    }
}

impl MessageId {
    /// An id that the message names. One that was made with an unknown hash algorithm names no message (C-062).
    pub(crate) fn read(reader: &mut Reader<'_>, field: (&'static str, &'static str)) -> Result<Self> {
        let start = reader.offset();
        let id: [u8; 32] = reader.octets(field, "32 octets")?;
        if id[0] == HashAlgorithm::SHA_256.0 {
            Ok(Self::from_bytes(id))
        } else {
            wrong(start, ("C-062", field.1), "a SHA-256 message id")
        }
    }
}

fn expiration(reader: &mut Reader<'_>) -> Result<Option<Expiration>> {
    if reader.null().is_some() {
        return Ok(None);
    }
    reader.array_of(2, ("C-009", "expires"), "null or [relative, time]")?;
    let relative = reader.boolean(("C-009", "relative"))?;
    Ok(Some(Expiration { relative, time: reader.unsigned(("C-009", "time"))? }))
}

struct Parts<'a, 'b> {
    reader: &'a mut Reader<'b>,
    count: usize,
}

impl Parts<'_, '_> {
    fn part(&mut self, level: usize) -> Result<NestedPart> {
        let start = self.reader.offset();
        self.count += 1;
        if level > MAX_PART_LEVELS {
            return too_much(start, "C-049", "parts nest deeper than 4 levels");
        }
        if self.count > MAX_PARTS {
            return too_much(start, "C-068", "more than 1024 parts");
        }
        let length = self.reader.array(("C-016", "a part"))?;
        if !matches!(length, 3 | 5 | 15) {
            return wrong(start, ("C-016", "a part"), "an array of 3, 5 or 15");
        }
        let disposition = Disposition(self.reader.unsigned(("C-022", "disposition"))?);
        let language = self.reader.text(("C-023", "language"))?.to_owned();
        let cardinality_at = self.reader.offset();
        let cardinality: u8 = self.reader.unsigned(("C-016", "cardinality"))?;
        let body = match (cardinality, length) {
            (0, 3) => PartBody::Null,
            (1, 5) => PartBody::Single {
                content_type: self.reader.text(("C-016", "contentType"))?.to_owned(),
                content: self.reader.bytes(("C-016", "content"))?.to_vec(),
            },
            (2, 15) => PartBody::External(Box::new(external(self.reader)?)),
            (3, 5) => PartBody::Multi { semantics: semantics(self.reader)?, parts: self.multi(level)? },
            (0..=3, _) => return wrong(start, ("C-016", "a part"), "of the length that its cardinality has"),
            _ => return wrong(cardinality_at, ("C-016", "cardinality"), "one that the draft names"),
        };
        Ok(NestedPart { disposition, language, body })
    }

    fn multi(&mut self, level: usize) -> Result<Vec<NestedPart>> {
        let start = self.reader.offset();
        let count = self.reader.array(("C-016", "parts"))?;
        if count < 2 {
            return wrong(start, ("C-018", "parts"), "two or more");
        }
        (0..count).map(|_| self.part(level + 1)).collect()
    }
}

fn semantics(reader: &mut Reader<'_>) -> Result<PartSemantics> {
    let start = reader.offset();
    match reader.unsigned(("C-016", "partSemantics"))? {
        0u64 => Ok(PartSemantics::ChooseOne),
        1 => Ok(PartSemantics::SingleUnit),
        2 => Ok(PartSemantics::ProcessAll),
        _ => wrong(start, ("C-069", "partSemantics"), "one that the draft names"),
    }
}

fn external(reader: &mut Reader<'_>) -> Result<ExternalPart> {
    const RULE: &str = "C-027";
    let content_type = reader.text((RULE, "contentType"))?.to_owned();
    let url = reader.text((RULE, "url"))?.to_owned();
    let expires = reader.unsigned((RULE, "expires"))?;
    let size = reader.unsigned((RULE, "size"))?;
    let enc_alg = reader.unsigned((RULE, "encAlg"))?;
    let start = reader.offset();
    let key = reader.bytes((RULE, "key"))?.to_vec();
    let nonce = reader.bytes((RULE, "nonce"))?.to_vec();
    let aad = reader.bytes((RULE, "aad"))?.to_vec();
    if enc_alg == 0 && !(key.is_empty() && nonce.is_empty() && aad.is_empty()) {
        return wrong(start, ("C-029", "key, nonce and aad"), "empty without encAlg");
    }
    Ok(ExternalPart {
        content_type,
        url,
        expires,
        size,
        enc_alg,
        key,
        nonce,
        aad,
        hash_alg: HashAlgorithm(reader.unsigned((RULE, "hashAlg"))?),
        content_hash: reader.bytes((RULE, "contentHash"))?.to_vec(),
        description: reader.text((RULE, "description"))?.to_owned(),
        filename: reader.text((RULE, "filename"))?.to_owned(),
    })
}
