//! `notify`: FanoutMessage [mimi-protocol-06 §5.5].

use std::io::{Read, Write};

use tls_codec::{Deserialize, Error, Serialize, Size};

use super::franking::Frank;
use super::message::{Message, MessageKind, expect_kind, proposals, proposals_from};
use super::ratchet_tree::RatchetTreeOption;
use crate::decode::{decode_next, field, refuse, within};
use crate::structure::optional;
use crate::{DecodeError, encode};

/// One event of a room, as the hub accepted it (§5.5).
#[derive(Clone, Debug, PartialEq)]
pub struct FanoutMessage {
    /// When the hub accepted it, ms.
    pub timestamp: u64,
    /// The event.
    pub body: FanoutBody,
}

/// The event, told apart by its MLS message (§5.5, G-18).
#[derive(Clone, Debug, PartialEq)]
pub enum FanoutBody {
    /// An application message.
    Application {
        /// The PrivateMessage.
        message: Message,
        /// The hub's Frank, where the room franks.
        frank: Option<Frank>,
    },
    /// A Welcome, for the provider of those it welcomes.
    Welcome {
        /// The MLSMessage with the Welcome.
        message: Message,
        /// The tree.
        ratchet_tree: RatchetTreeOption,
    },
    /// Proposals.
    Proposal {
        /// The first.
        first: Message,
        /// The others, identical to HandshakeBundle's (P-069).
        more: Vec<Message>,
    },
    /// A commit.
    Commit {
        /// The commit.
        commit: Message,
        /// Proposals of the hub, regenerated after an external commit (P-065).
        external_proposals: Vec<Message>,
    },
}

impl FanoutMessage {
    /// An application message.
    ///
    /// # Errors
    /// If it is something else.
    pub fn application(timestamp: u64, message: &[u8], frank: Option<Frank>) -> Result<Self, DecodeError> {
        let message = Message::from_bytes(message)?;
        expect_kind(&message, MessageKind::Application, "P-043: not application data in a PrivateMessage")?;
        Ok(Self { timestamp, body: FanoutBody::Application { message, frank } })
    }

    /// A Welcome, given bare, as it stands in a HandshakeBundle.
    ///
    /// # Errors
    /// If it is something else.
    pub fn welcome(timestamp: u64, welcome: &[u8], ratchet_tree: RatchetTreeOption) -> Result<Self, DecodeError> {
        // MLSMessage: version mls10, wire_format mls_welcome.
        let framed = [&[0, 1, 0, 3], welcome].concat();
        let message = Message::from_bytes(&framed)?;
        Ok(Self { timestamp, body: FanoutBody::Welcome { message, ratchet_tree } })
    }

    /// Proposals.
    ///
    /// # Errors
    /// If one is something else.
    pub fn proposals(timestamp: u64, first: &[u8], more: &[&[u8]]) -> Result<Self, DecodeError> {
        let first = Message::from_bytes(first)?;
        expect_kind(&first, MessageKind::Proposal, "P-037: not a Proposal in a PublicMessage")?;
        Ok(Self { timestamp, body: FanoutBody::Proposal { first, more: proposals_from(more)? } })
    }

    /// A commit.
    ///
    /// # Errors
    /// If it is something else.
    pub fn commit(timestamp: u64, commit: &[u8], external_proposals: &[&[u8]]) -> Result<Self, DecodeError> {
        let commit = Message::from_bytes(commit)?;
        expect_kind(&commit, MessageKind::Commit, "P-037: not a Commit in a PublicMessage")?;
        let external_proposals = proposals_from(external_proposals)?;
        Ok(Self { timestamp, body: FanoutBody::Commit { commit, external_proposals } })
    }

    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes a body of one or more concatenated messages (P-066).
    ///
    /// # Errors
    /// If there is none, or any of them is malformed: then the whole body is.
    pub fn decode_body(body: &[u8]) -> Result<Vec<Self>, DecodeError> {
        let mut rest = body;
        let mut messages = Vec::new();
        while !rest.is_empty() {
            messages.push(decode_next(body, &mut rest)?);
        }
        if messages.is_empty() { Err(DecodeError::UnexpectedMessage("P-066: an empty body")) } else { Ok(messages) }
    }
}

impl Size for FanoutMessage {
    fn tls_serialized_len(&self) -> usize {
        8 + match &self.body {
            FanoutBody::Application { message, frank } => message.tls_serialized_len() + frank.tls_serialized_len(),
            FanoutBody::Welcome { message, ratchet_tree } => message.tls_serialized_len() + ratchet_tree.tls_serialized_len(),
            FanoutBody::Proposal { first, more } => first.tls_serialized_len() + more.tls_serialized_len(),
            FanoutBody::Commit { commit, external_proposals } => {
                commit.tls_serialized_len() + external_proposals.tls_serialized_len()
            }
        }
    }
}

impl Serialize for FanoutMessage {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        let written = self.timestamp.tls_serialize(writer)?;
        Ok(written
            + match &self.body {
                FanoutBody::Application { message, frank } => message.tls_serialize(writer)? + frank.tls_serialize(writer)?,
                FanoutBody::Welcome { message, ratchet_tree } => {
                    message.tls_serialize(writer)? + ratchet_tree.tls_serialize(writer)?
                }
                FanoutBody::Proposal { first, more } => first.tls_serialize(writer)? + more.tls_serialize(writer)?,
                FanoutBody::Commit { commit, external_proposals } => {
                    commit.tls_serialize(writer)? + external_proposals.tls_serialize(writer)?
                }
            })
    }
}

impl Deserialize for FanoutMessage {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        let timestamp = field("timestamp", bytes)?;
        let message: Message = field("message", bytes)?;
        let body = match message.value().kind() {
            MessageKind::Application => {
                FanoutBody::Application { message, frank: within("frank", optional::tls_deserialize(bytes))? }
            }
            MessageKind::Welcome => FanoutBody::Welcome { message, ratchet_tree: field("ratchetTreeOption", bytes)? },
            MessageKind::Proposal => FanoutBody::Proposal { first: message, more: within("moreProposals", proposals(bytes))? },
            MessageKind::Commit => {
                let external_proposals = within("externalProposals", proposals(bytes))?;
                FanoutBody::Commit { commit: message, external_proposals }
            }
            MessageKind::Other => {
                let odd = refuse(message.bytes().len(), "G-18: not a message that a hub fans out");
                return within("message", Err(odd));
            }
        };
        Ok(Self { timestamp, body })
    }
}
