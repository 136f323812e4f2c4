//! Message ids [mimi-content-09 §3.3].

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The id of a message (§3.3): 0x01 (SHA-256, whatever the group's hash, C-002), then 31 octets of the hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId([u8; 32]);

impl MessageId {
    /// From its 32 octets.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 octets.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for MessageId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// The id of a message (§3.3, C-001): over the content as sent, without ApplicationFraming; lengths in octets (C-003).
pub fn message_id(sender_uri: &str, room_uri: &str, content: &[u8], salt: &[u8; 16]) -> MessageId {
    let mut names = Vec::with_capacity(2 + sender_uri.len() + 2 + room_uri.len());
    for uri in [sender_uri, room_uri] {
        names.extend_from_slice(&(uri.len() as u16).to_be_bytes());
        names.extend_from_slice(uri.as_bytes());
    }
    // In three pieces: in seven, hashing a short message takes nearly twice as long.
    let mut hash = Sha256::new();
    hash.update(names);
    hash.update(content);
    hash.update(salt);
    let digest = hash.finalize();
    let mut id = [1u8; 32];
    id[1..].copy_from_slice(&digest[..31]);
    MessageId(id)
}
