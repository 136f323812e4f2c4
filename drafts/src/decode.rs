//! Decoding a whole body, and nothing but (P-007).

use tls_codec::{Deserialize, Serialize};

/// Why a body does not decode. The fault is the sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Bytes follow the structure [mimi-protocol-06 §5].
    #[error("P-007: {0} bytes follow the structure")]
    Trailing(usize),
    /// The structure is cut off or malformed.
    #[error("P-007: not a valid structure: {0}")]
    Malformed(String),
    /// A SemiPrivateMessage: no MLS library offers it yet (G-25).
    #[error("G-25: SemiPrivateMessage is not supported, send a PublicMessage")]
    SemiPrivateMessage,
    /// An MLSMessage of a wire format that nobody registered.
    #[error("G-25: wire format {0:#06x} is unknown; SemiPrivateMessage, which has none yet, is not supported")]
    UnknownWireFormat(u16),
    /// A partial GroupInfo: it needs a rebuilt GroupInfo that no MLS library offers yet (G-23).
    #[error("G-23: PartialGroupInfo is not supported, send a full GroupInfo")]
    PartialGroupInfo,
    /// The ratchet tree is not in the body (G-22).
    #[error("G-22: this RatchetTreeRepresentation is not supported, send the full tree")]
    RatchetTreeRepresentation,
    /// An MLS message of another kind than the place calls for.
    #[error("{0}")]
    UnexpectedMessage(&'static str),
}

impl From<tls_codec::Error> for DecodeError {
    fn from(error: tls_codec::Error) -> Self {
        match &error {
            tls_codec::Error::DecodingError(text) if text == SEMI_PRIVATE => Self::SemiPrivateMessage,
            tls_codec::Error::DecodingError(text) if text == PARTIAL => Self::PartialGroupInfo,
            tls_codec::Error::DecodingError(text) => match text.strip_prefix(WIRE_FORMAT).map(str::parse) {
                Some(Ok(format)) => Self::UnknownWireFormat(format),
                _ => Self::Malformed(text.clone()),
            },
            _ => Self::Malformed(error.to_string()),
        }
    }
}

/// Carries [`DecodeError::SemiPrivateMessage`] through the codec, whose errors are strings.
pub(crate) const SEMI_PRIVATE: &str = "SemiPrivateMessage";
/// Carries [`DecodeError::UnknownWireFormat`] through the codec, the number follows.
pub(crate) const WIRE_FORMAT: &str = "unknown wire format ";
/// Carries [`DecodeError::PartialGroupInfo`] through the codec.
pub(crate) const PARTIAL: &str = "PartialGroupInfo";

/// Decodes a structure that fills `bytes` exactly. Memory stays proportional to `bytes`: a vector is read element
/// by element, and a length prefix reserves nothing.
///
/// # Errors
/// Any [`DecodeError`].
pub fn decode_exact<T: Deserialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut rest = bytes;
    let value = T::tls_deserialize(&mut rest)?;
    match rest.len() {
        0 => Ok(value),
        trailing => Err(DecodeError::Trailing(trailing)),
    }
}

/// Encodes a structure.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    value.tls_serialize_detached().expect("a structure in memory is below the codec's length limit of 2^30 octets")
}
