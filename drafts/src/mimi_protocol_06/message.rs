//! MLS messages inside MIMI structures [mimi-protocol-06 §5.3–5.5], kept byte for byte.

use std::io::{Read, Write};

use openmls::prelude::{ContentType, MlsMessageBodyIn, MlsMessageIn, ProtocolMessage};
use tls_codec::{Deserialize, Error, Serialize, Size};

use crate::decode::{SEMI_PRIVATE, WIRE_FORMAT, refuse, vector, within};
use crate::numbers;
use crate::{DecodeError, Verbatim};

/// An MLSMessage [RFC 9420 §6] whose wire format is known.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownMessage {
    message: MlsMessageIn,
    kind: MessageKind,
}

/// An MLSMessage [RFC 9420 §6] with its received bytes.
pub type Message = Verbatim<KnownMessage>;

/// What an MLSMessage is [RFC 9420 §6], as far as anybody can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A Proposal in a PublicMessage.
    Proposal,
    /// A Commit in a PublicMessage.
    Commit,
    /// Application data in a PrivateMessage.
    Application,
    /// A Welcome.
    Welcome,
    /// Anything that no place in MIMI calls for.
    Other,
}

impl Size for KnownMessage {
    fn tls_serialized_len(&self) -> usize {
        self.message.tls_serialized_len()
    }
}

impl Deserialize for KnownMessage {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        let version = u16::tls_deserialize(bytes)?;
        let format = u16::tls_deserialize(bytes)?;
        match format {
            numbers::WIRE_FORMAT_PUBLIC_MESSAGE..=numbers::WIRE_FORMAT_KEY_PACKAGE => {}
            numbers::WIRE_FORMAT_SEMI_PRIVATE_MESSAGE_LAB => return Err(refuse(2, SEMI_PRIVATE)),
            unknown => return Err(refuse(2, format!("{WIRE_FORMAT}{unknown}"))),
        }
        let mut head = Vec::with_capacity(4);
        head.extend_from_slice(&version.to_be_bytes());
        head.extend_from_slice(&format.to_be_bytes());
        let mut whole = head.as_slice().chain(bytes);
        let message = MlsMessageIn::tls_deserialize(&mut whole)?;
        Ok(Self { kind: kind_of(&message), message })
    }
}

impl KnownMessage {
    /// The MLS library's message.
    pub fn mls(&self) -> &MlsMessageIn {
        &self.message
    }

    /// What it is.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }
}

fn kind_of(message: &MlsMessageIn) -> MessageKind {
    match message.clone().extract() {
        MlsMessageBodyIn::Welcome(_) => MessageKind::Welcome,
        MlsMessageBodyIn::PublicMessage(message) => match ProtocolMessage::from(message).content_type() {
            ContentType::Proposal => MessageKind::Proposal,
            ContentType::Commit => MessageKind::Commit,
            // P-009: application messages are PrivateMessages only.
            ContentType::Application => MessageKind::Other,
        },
        MlsMessageBodyIn::PrivateMessage(message) => match ProtocolMessage::from(message).content_type() {
            ContentType::Application => MessageKind::Application,
            // P-037: the hub has to see what it orders.
            _ => MessageKind::Other,
        },
        _ => MessageKind::Other,
    }
}

/// Refuses a message that is not of the kind its place calls for.
pub(crate) fn expect_kind(message: &Message, kind: MessageKind, rule: &'static str) -> Result<(), DecodeError> {
    if message.value().kind() == kind { Ok(()) } else { Err(DecodeError::UnexpectedMessage(rule)) }
}

/// A vector of Proposals in PublicMessages, as `moreProposals` and `externalProposals` are (P-037, P-069).
pub(crate) fn proposals(bytes: &mut impl Read) -> Result<Vec<Message>, Error> {
    let messages: Vec<Message> = vector(bytes)?;
    let Some(odd) = messages.iter().position(|message| message.value().kind() != MessageKind::Proposal) else {
        return Ok(messages);
    };
    let back = messages[odd..].iter().map(Size::tls_serialized_len).sum();
    within(&format!("[{odd}]"), Err(refuse(back, "P-037: a list of proposals holds something else")))
}

/// A Proposal in a PublicMessage, alone.
pub(crate) mod only_proposal {
    use super::{Deserialize, Error, Message, MessageKind, Read, Serialize, Size, Write, refuse};

    pub(crate) fn tls_serialized_len(message: &Message) -> usize {
        message.tls_serialized_len()
    }

    pub(crate) fn tls_serialize<W: Write>(message: &Message, writer: &mut W) -> Result<usize, Error> {
        message.tls_serialize(writer)
    }

    pub(crate) fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Message, Error> {
        let message = Message::tls_deserialize(bytes)?;
        match message.value().kind() {
            MessageKind::Proposal => Ok(message),
            _ => Err(refuse(message.bytes().len(), "P-037: not a Proposal in a PublicMessage")),
        }
    }
}

/// The same list, from encoded messages.
pub(crate) fn proposals_from(encoded: &[&[u8]]) -> Result<Vec<Message>, DecodeError> {
    let each = encoded.iter().map(|bytes| {
        let message = Message::from_bytes(bytes)?;
        expect_kind(&message, MessageKind::Proposal, "P-037: not a Proposal in a PublicMessage")?;
        Ok(message)
    });
    each.collect()
}
