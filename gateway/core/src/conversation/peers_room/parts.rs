//! How a message travels in events of a peers' room (DMLS-38): base64 in one event, or in as many as it needs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use causeway_drafts::mimi_uri::ProviderDomain;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::conversation::{ConversationError, Result};

/// The type of the events that carry messages.
pub const EVENT_TYPE: &str = "org.causeway.dmls";
/// The content of an event has at most so many octets of JSON; beside it, an event has hashes, signatures and references.
pub const MAX_CONTENT_OCTETS: usize = 60 * 1024;
/// A message has at most so many octets, as at `causewayPeer`.
pub const MAX_MESSAGE_OCTETS: usize = 16 * 1024 * 1024;
/// So many providers are told something by one event: more would leave no room for the message.
pub const MOST_RECIPIENTS: usize = 64;
/// A message of the greatest size, for the most providers with the longest names, has no more parts.
pub const MOST_PARTS: u32 = 512;
/// The greatest integer of canonical JSON.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A part of a message: what an event holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The provider that says it.
    pub from: String,
    /// The providers that it is for; each counts what it is told in this room by this sender, from 1.
    pub to: BTreeMap<String, u64>,
    /// SHA-256 of the whole message, hexadecimal.
    pub message: String,
    /// Which part it is, from 0.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
    /// The part's octets, base64 without padding.
    pub body: String,
}

fn malformed(why: &str) -> ConversationError {
    ConversationError::Malformed(format!("DMLS-38: {why}"))
}

impl Part {
    /// The contents of the events that carry a message.
    ///
    /// # Errors
    /// If the message is too large, or for too many.
    pub fn split(from: &ProviderDomain, to: &BTreeMap<String, u64>, message: &[u8]) -> Result<Vec<Self>> {
        if message.len() > MAX_MESSAGE_OCTETS || to.len() > MOST_RECIPIENTS {
            return Err(malformed("the message is too large, or for too many"));
        }
        let digest = hex::encode(Sha256::digest(message));
        let part = |part: u32, parts: u32, body: String| Self {
            from: from.to_string(),
            to: to.clone(),
            message: digest.clone(),
            part,
            parts,
            body,
        };
        let frame = part(MOST_PARTS, MOST_PARTS, String::new()).octets();
        let octets = MAX_CONTENT_OCTETS.saturating_sub(frame) / 4 * 3;
        if octets == 0 {
            return Err(malformed("the names of those that it is for leave no room for the message"));
        }
        let chunks: Vec<&[u8]> = message.chunks(octets).collect();
        let parts = chunks.len() as u32;
        Ok((0..).zip(chunks).map(|(number, chunk)| part(number, parts, STANDARD_NO_PAD.encode(chunk))).collect())
    }

    /// Reads an event's content.
    ///
    /// # Errors
    /// If it is none, or outside the limits.
    pub fn read(content: &Value) -> Result<Self> {
        let part = Self::deserialize(content).map_err(|error| malformed(&format!("not a part of a message: {error}")))?;
        let is_digest = part.message.len() == 64 && part.message.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_digest {
            return Err(malformed("the message is not named by its SHA-256"));
        }
        if part.part >= part.parts || part.parts > MOST_PARTS || part.to.len() > MOST_RECIPIENTS {
            return Err(malformed("a part that its message has not, or too many of them"));
        }
        if part.to.values().any(|number| !(1..=MAX_NUMBER).contains(number)) {
            return Err(malformed("a message without a number"));
        }
        Ok(part)
    }

    /// As an event's content.
    pub fn content(&self) -> Value {
        serde_json::to_value(self).expect("a Part has no value that JSON cannot carry")
    }

    fn octets(&self) -> usize {
        self.content().to_string().len()
    }

    /// Puts a message together from the contents of its events.
    ///
    /// # Errors
    /// If they are not the parts of one message.
    pub fn join_contents(contents: &[Value]) -> Result<Vec<u8>> {
        let parts: Vec<Self> = contents.iter().map(Self::read).collect::<Result<_>>()?;
        Self::join(&parts)
    }

    /// Puts a message together from its parts, in any order.
    ///
    /// # Errors
    /// If they are not all of one message, or it is not what its name says.
    pub fn join(parts: &[Self]) -> Result<Vec<u8>> {
        let first = parts.first().ok_or_else(|| malformed("no part of the message is there"))?;
        let ordered: BTreeMap<u32, &Self> =
            parts.iter().filter(|part| part.message == first.message).map(|part| (part.part, part)).collect();
        if ordered.keys().copied().ne(0..first.parts) {
            return Err(malformed("parts of the message are missing"));
        }
        let mut message = Vec::new();
        for part in ordered.values() {
            let octets = STANDARD_NO_PAD.decode(&part.body).map_err(|_| malformed("a part that is not base64"))?;
            if message.len() + octets.len() > MAX_MESSAGE_OCTETS {
                return Err(malformed("the message is too large"));
            }
            message.extend(octets);
        }
        match hex::encode(Sha256::digest(&message)) == first.message {
            true => Ok(message),
            false => Err(malformed("the message is not the one that its parts name")),
        }
    }
}
