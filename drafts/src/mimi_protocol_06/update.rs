//! `update` [mimi-protocol-06 §5.3].

use std::io::{Read, Write};

use openmls::prelude::Welcome;
use tls_codec::{Deserialize, Error, Serialize, Size, TlsSerialize, TlsSize, VLByteSlice, VLBytes};

use super::message::{Message, MessageKind, expect_kind, proposals};
use super::ratchet_tree::{GroupInfoOption, RatchetTreeOption};
use crate::decode::{field, refuse, within};
use crate::structure::{choice, optional};
use crate::text::Text;
use crate::{DecodeError, Verbatim, encode};

/// A commit with what comes with it (§5.3).
#[derive(Clone, Debug, PartialEq, TlsSize, TlsSerialize)]
pub struct CommitBundle {
    /// The commit.
    pub commit: Message,
    /// For those it adds.
    pub welcome: Option<Verbatim<Welcome>>,
    /// The new epoch's GroupInfo.
    pub group_info_option: GroupInfoOption,
    /// The new epoch's tree.
    pub ratchet_tree_option: RatchetTreeOption,
}

/// One or several proposals, atomic (§5.3, P-042).
#[derive(Clone, Debug, PartialEq, TlsSize, TlsSerialize)]
pub struct ProposalBundle {
    /// The first.
    pub first: Message,
    /// The others.
    pub more: Vec<Message>,
}

impl ProposalBundle {
    /// All of them, in order.
    pub fn all(&self) -> impl Iterator<Item = &Message> {
        std::iter::once(&self.first).chain(&self.more)
    }
}

/// HandshakeBundle (§5.3); also the UpdateRequest, which has no protocol octet on the wire (G-17).
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateRequest {
    /// A commit.
    Commit(Box<CommitBundle>),
    /// Proposals.
    Proposals(ProposalBundle),
}

impl UpdateRequest {
    /// From what a client made: commit as an MLSMessage, the others bare.
    ///
    /// # Errors
    /// If a part is not what it should be.
    pub fn commit(commit: &[u8], welcome: Option<&[u8]>, group_info: &[u8], tree: &[u8]) -> Result<Self, DecodeError> {
        let commit = Message::from_bytes(commit)?;
        expect_kind(&commit, MessageKind::Commit, "P-037: not a Commit in a PublicMessage")?;
        Ok(Self::Commit(Box::new(CommitBundle {
            commit,
            welcome: welcome.map(Verbatim::from_bytes).transpose()?,
            group_info_option: GroupInfoOption::full(group_info)?,
            ratchet_tree_option: RatchetTreeOption::full(tree)?,
        })))
    }

    /// From encoded proposals.
    ///
    /// # Errors
    /// If there is none, or one is something else.
    pub fn proposals(messages: &[Vec<u8>]) -> Result<Self, DecodeError> {
        let mut messages = messages.iter().map(|bytes| {
            let message = Message::from_bytes(bytes)?;
            expect_kind(&message, MessageKind::Proposal, "P-037: not a Proposal in a PublicMessage")?;
            Ok(message)
        });
        let first = messages.next().ok_or(DecodeError::UnexpectedMessage("P-042: no proposal"))??;
        Ok(Self::Proposals(ProposalBundle { first, more: messages.collect::<Result<_, DecodeError>>()? }))
    }

    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}

impl Size for UpdateRequest {
    fn tls_serialized_len(&self) -> usize {
        match self {
            Self::Commit(bundle) => bundle.tls_serialized_len(),
            Self::Proposals(bundle) => bundle.tls_serialized_len(),
        }
    }
}

impl Serialize for UpdateRequest {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        match self {
            Self::Commit(bundle) => bundle.tls_serialize(writer),
            Self::Proposals(bundle) => bundle.tls_serialize(writer),
        }
    }
}

impl Deserialize for UpdateRequest {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        let first: Message = field("proposalOrCommit", bytes)?;
        match first.value().kind() {
            MessageKind::Commit => Ok(Self::Commit(Box::new(CommitBundle {
                commit: first,
                welcome: within("welcome", optional::tls_deserialize(bytes))?,
                group_info_option: field("groupInfoOption", bytes)?,
                ratchet_tree_option: field("ratchetTreeOption", bytes)?,
            }))),
            MessageKind::Proposal => {
                Ok(Self::Proposals(ProposalBundle { first, more: within("moreProposals", proposals(bytes))? }))
            }
            _ => {
                let odd = refuse(first.bytes().len(), "P-037: neither a Commit nor a Proposal in a PublicMessage");
                within("proposalOrCommit", Err(odd))
            }
        }
    }
}

/// UpdateRoomResponse (§5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRoomResponse {
    /// The outcome.
    pub status: UpdateStatus,
    /// Why, in words.
    pub error_description: String,
}

/// UpdateResponseCode with what depends on it (§5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateStatus {
    /// Taken.
    Success {
        /// When, ms.
        accepted_timestamp: u64,
    },
    /// Made in another epoch than the head.
    WrongEpoch {
        /// The head's number.
        current_epoch: u64,
    },
    /// Against the room's policy.
    NotAllowed,
    /// Against MLS.
    InvalidProposal {
        /// Which (P-041).
        references: Vec<VLBytes>,
    },
}

impl UpdateRoomResponse {
    /// A response without explanation.
    pub fn new(status: UpdateStatus, error_description: impl Into<String>) -> Self {
        Self { status, error_description: error_description.into() }
    }
}

choice!(UpdateStatus as "responseCode" {
    0 => Success { accepted_timestamp },
    1 => WrongEpoch { current_epoch as "currentEpoch" },
    2 => NotAllowed,
    3 => InvalidProposal { references[] as "invalidProposals" },
});

// The description stands between the code and what depends on the code, so the layout is written out.
impl Size for UpdateRoomResponse {
    fn tls_serialized_len(&self) -> usize {
        VLByteSlice(self.error_description.as_bytes()).tls_serialized_len() + self.status.tls_serialized_len()
    }
}

impl Serialize for UpdateRoomResponse {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let description = VLByteSlice(self.error_description.as_bytes());
        let written = self.status.code().tls_serialize(writer)? + description.tls_serialize(writer)?;
        Ok(written + self.status.write_case(writer)?)
    }
}

impl Deserialize for UpdateRoomResponse {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        let code = UpdateStatus::read_code(bytes)?;
        let Text(error_description) = field("errorDescription", bytes)?;
        Ok(Self { status: UpdateStatus::read_case(code, bytes)?, error_description })
    }
}
