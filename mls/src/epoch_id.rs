//! Names of epochs: states, not numbers.
//!
//! `EpochId(child) = SHA-256(label ‖ EpochId(parent) ‖ ConfirmedTranscriptHashInput)`. The input ends with the
//! commit's signature: a commit's confirmation and membership tags, which no signature covers, do not enter, so
//! that nobody can mint variants of an epoch, and a server without secrets can compute the name.

use std::fmt;
use std::str::FromStr;

use causeway_drafts::mimi_uri::ClientUri;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::MlsError;

const CHILD_LABEL: &[u8] = b"causeway epoch/1 child";
const ROOT_LABEL: &[u8] = b"causeway epoch/1 root";

/// The name of an epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpochId(#[serde(with = "serde_bytes")] [u8; 32]);

/// An epoch's name with its RFC 9420 number, which repeats in a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EpochRef {
    /// The name.
    pub id: EpochId,
    /// The number.
    pub number: u64,
}

/// How we came to know an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EpochOrigin {
    /// We created the group.
    Created,
    /// By its commit.
    Committed,
    /// By a Welcome: our knowledge begins here.
    JoinedByWelcome,
    /// By our own external commit: our knowledge begins here.
    JoinedExternally,
    /// By a peer, who has told us the graph from here on.
    Told,
}

impl EpochOrigin {
    /// A stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Committed => "committed",
            Self::JoinedByWelcome => "joined_by_welcome",
            Self::JoinedExternally => "joined_externally",
            Self::Told => "told",
        }
    }
}

/// An epoch for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Its name.
    pub id: EpochId,
    /// The epoch it was committed in.
    pub parent: Option<EpochId>,
    /// Its number.
    pub number: u64,
    /// RFC 9420 §8.1.
    #[serde(with = "serde_bytes")]
    pub confirmation_tag: Vec<u8>,
    /// Who committed.
    pub committer: Option<ClientUri>,
    /// The commit, an MLSMessage; empty where there was none.
    #[serde(with = "serde_bytes")]
    pub commit: Vec<u8>,
    /// How we know it.
    pub origin: EpochOrigin,
}

impl EpochId {
    /// The epoch where our knowledge begins: its GroupContext names it.
    pub(crate) fn root(group_context: &[u8]) -> Self {
        Self(Sha256::new().chain_update(ROOT_LABEL).chain_update(group_context).finalize().into())
    }

    /// The epoch that a commit opens.
    ///
    /// # Errors
    /// If `commit` is not a commit in a PublicMessage of our ciphersuite.
    pub fn child(&self, commit: &[u8]) -> Result<Self, MlsError> {
        let input = confirmed_transcript_hash_input(commit)?;
        Ok(Self(Sha256::new().chain_update(CHILD_LABEL).chain_update(self.0).chain_update(input).finalize().into()))
    }

    /// Its 32 octets.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From 32 octets.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..4]))
    }
}

impl FromStr for EpochId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// A tag of our ciphersuite: length octet and 32 octets.
const TAG: usize = 33;
const SENDER_MEMBER: u8 = 1;

/// `wire_format ‖ FramedContent ‖ signature` [RFC 9420 §8.2]: the MLSMessage without its version in front and its
/// tags behind.
fn confirmed_transcript_hash_input(commit: &[u8]) -> Result<&[u8], MlsError> {
    let malformed = || MlsError::Malformed("not a Commit in a PublicMessage".to_owned());
    if commit.get(..4) != Some(&[0, 1, 0, 1]) {
        return Err(malformed());
    }
    let (length, width) = vector_length(commit.get(4..).ok_or_else(malformed)?).ok_or_else(malformed)?;
    let sender = commit.get(4 + width + length + 8).copied().ok_or_else(malformed)?;
    let tags = if sender == SENDER_MEMBER { 2 } else { 1 };
    let end = commit.len().checked_sub(tags * TAG).filter(|end| *end > 4).ok_or_else(malformed)?;
    let tags_fit = commit[end..].chunks(TAG).all(|tag| tag.first() == Some(&32));
    if tags_fit { Ok(&commit[2..end]) } else { Err(malformed()) }
}

/// Length of a variable-size vector and of its prefix [RFC 9420 §2.1.2].
fn vector_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.first()?;
    let width = match first >> 6 {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => return None,
    };
    let value = bytes
        .get(..width)?
        .iter()
        .enumerate()
        .fold(0usize, |value, (index, byte)| value << 8 | usize::from(if index == 0 { byte & 0x3F } else { *byte }));
    Some((value, width))
}
