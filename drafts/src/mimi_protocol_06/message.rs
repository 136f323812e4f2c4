//! MLS messages inside MIMI structures, kept byte for byte.

use std::io::Read;

use openmls::prelude::{ContentType, MlsMessageBodyIn, MlsMessageIn, ProtocolMessage};
use tls_codec::{Deserialize, Error};

use crate::decode::SEMI_PRIVATE;
use crate::numbers::wire_format;
use crate::{DecodeError, Verbatim};

/// An MLSMessage [RFC 9420 §6] whose wire format is known.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownMessage(MlsMessageIn);

/// An MLSMessage with its received bytes.
pub type Message = Verbatim<KnownMessage>;

/// What an MLSMessage is, as far as anybody can see.
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

impl tls_codec::Size for KnownMessage {
    fn tls_serialized_len(&self) -> usize {
        self.0.tls_serialized_len()
    }
}

impl Deserialize for KnownMessage {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        let version = u16::tls_deserialize(bytes)?;
        let format = u16::tls_deserialize(bytes)?;
        if !(wire_format::PUBLIC_MESSAGE..=5).contains(&format) {
            return Err(Error::DecodingError(SEMI_PRIVATE.to_owned()));
        }
        let mut head = Vec::with_capacity(4);
        head.extend_from_slice(&version.to_be_bytes());
        head.extend_from_slice(&format.to_be_bytes());
        let mut whole = head.as_slice().chain(bytes);
        MlsMessageIn::tls_deserialize(&mut whole).map(Self)
    }
}

impl KnownMessage {
    /// The MLS library's message.
    pub fn mls(&self) -> &MlsMessageIn {
        &self.0
    }

    /// What it is.
    pub fn kind(&self) -> MessageKind {
        match self.0.clone().extract() {
            MlsMessageBodyIn::Welcome(_) => MessageKind::Welcome,
            MlsMessageBodyIn::PublicMessage(message) => match ProtocolMessage::from(message).content_type() {
                ContentType::Proposal => MessageKind::Proposal,
                ContentType::Commit => MessageKind::Commit,
                ContentType::Application => MessageKind::Other,
            },
            MlsMessageBodyIn::PrivateMessage(message) => match ProtocolMessage::from(message).content_type() {
                ContentType::Application => MessageKind::Application,
                _ => MessageKind::Other,
            },
            _ => MessageKind::Other,
        }
    }
}

/// Refuses a message that is not of the kind its place calls for.
pub(crate) fn expect_kind(message: &Message, kind: MessageKind, rule: &'static str) -> Result<(), DecodeError> {
    if message.value().kind() == kind { Ok(()) } else { Err(DecodeError::UnexpectedMessage(rule)) }
}
