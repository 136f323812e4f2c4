//! Decoding a whole body, and nothing but (P-007).
//!
//! TLS presentation language [RFC 8446 §3] with the variable-size vectors of [RFC 9420 §2.1]. The rules, each of which a
//! body can break at one octet that the error names:
//!
//! * nothing follows the structure;
//! * the length of a vector has its shortest form and stays below 2^30, and its elements fill it exactly;
//! * a presence octet is 0 or 1, and so is a `bool`;
//! * an enumeration has the values that its draft names;
//! * text is UTF-8, names are in their one canonical form.
//!
//! A length prefix reserves next to nothing: a vector grows as its elements arrive, and octets are read in steps.

use std::fmt;
use std::io::Read;

use tls_codec::{Deserialize, Error, Serialize};

/// Why a body does not decode [mimi-protocol-06 §5]. The fault is the sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Bytes follow the structure [mimi-protocol-06 §5].
    #[error("P-007: {length} bytes follow the structure, which ends at byte {offset}")]
    Trailing {
        /// Where the structure ends.
        offset: usize,
        /// How many follow.
        length: usize,
    },
    /// The structure is cut off or malformed.
    #[error("P-007: {0}")]
    Malformed(Fault),
    /// A SemiPrivateMessage: no MLS library offers it yet (G-25).
    #[error("G-25: SemiPrivateMessage is not supported, send a PublicMessage")]
    SemiPrivateMessage,
    /// An MLSMessage of a wire format that nobody registered.
    #[error("G-25: wire format {0:#06x} is unknown; SemiPrivateMessage, which has none yet, is not supported")]
    UnknownWireFormat(u16),
    /// A partial GroupInfo where the whole is needed, which no MLS library rebuilds yet (G-23).
    #[error("G-23: PartialGroupInfo is not supported, send a full GroupInfo")]
    PartialGroupInfo,
    /// The ratchet tree is not in the body (G-22).
    #[error("G-22: this RatchetTreeRepresentation is not supported, send the full tree")]
    RatchetTreeRepresentation,
    /// An MLS message of another kind than the place calls for.
    #[error("{0}")]
    UnexpectedMessage(&'static str),
}

/// Where a body goes wrong [RFC 8446 §3, RFC 9420 §2.1], and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first octet of the value that is not accepted; where octets are missing, the end of those that are there.
    /// Inside of an MLS object, where the MLS library gave up.
    pub offset: usize,
    /// The field, by the draft's names: `clients[1].clientStatus`. Empty where the whole body is meant.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => write!(f, "at byte {}: {}", self.offset, self.reason),
            false => write!(f, "at byte {}, in {}: {}", self.offset, self.path, self.reason),
        }
    }
}

/// Decodes a structure [RFC 8446 §3] that fills `bytes` exactly.
///
/// # Errors
/// Any [`DecodeError`].
pub fn decode_exact<T: Deserialize>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut rest = bytes;
    let value = decode_next(bytes, &mut rest)?;
    match rest.len() {
        0 => Ok(value),
        length => Err(DecodeError::Trailing { offset: bytes.len() - length, length }),
    }
}

/// Decodes the structure with which `rest`, the end of `body`, begins.
pub(crate) fn decode_next<T: Deserialize>(body: &[u8], rest: &mut &[u8]) -> Result<T, DecodeError> {
    T::tls_deserialize(rest).map_err(|error| located(error, &body[..body.len() - rest.len()]))
}

/// Encodes a structure [RFC 8446 §3].
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    value.tls_serialize_detached().expect("a structure in memory is below the codec's length limit of 2^30 octets")
}

/// Carries [`DecodeError::SemiPrivateMessage`] through the codec.
pub(crate) const SEMI_PRIVATE: &str = "SemiPrivateMessage";
/// Carries [`DecodeError::UnknownWireFormat`] through the codec, the number follows.
pub(crate) const WIRE_FORMAT: &str = "unknown wire format ";
const CUT_OFF: &str = "the body ends inside of it";
const VECTOR_ENDS: &str = "its vector ends inside of it";

/// A fault on its way up through the codec, whose errors are strings.
struct Carried {
    /// So many octets before the place where reading stopped.
    back: usize,
    path: String,
    reason: String,
}

const SEPARATOR: char = '\u{1F}';

impl From<Error> for Carried {
    fn from(error: Error) -> Self {
        let new = |back, reason: String| Self { back, path: String::new(), reason };
        match error {
            Error::EndOfStream => new(0, CUT_OFF.to_owned()),
            // Only enumerations of one octet say so.
            Error::UnknownValue(value) => new(1, format!("{value} is none of the values that the draft names")),
            Error::DecodingError(text) => {
                let mut parts = text.splitn(3, SEPARATOR);
                match (parts.next().and_then(|back| back.parse().ok()), parts.next(), parts.next()) {
                    (Some(back), Some(path), Some(reason)) => Self { back, path: path.to_owned(), reason: reason.to_owned() },
                    _ => new(0, text),
                }
            }
            other => new(0, format!("{other:?}")),
        }
    }
}

impl From<Carried> for Error {
    fn from(Carried { back, path, reason }: Carried) -> Self {
        Self::DecodingError(format!("{back}{SEPARATOR}{path}{SEPARATOR}{reason}"))
    }
}

/// Refuses a value that begins `back` octets before the place where reading stands.
pub(crate) fn refuse(back: usize, reason: impl Into<String>) -> Error {
    Carried { back, path: String::new(), reason: reason.into() }.into()
}

/// Refuses a value of an enumeration, whose one octet was just read.
pub(crate) fn unknown(value: u8) -> Error {
    Error::UnknownValue(value.into())
}

/// Names the field in which something went wrong.
pub(crate) fn within<T>(name: &str, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| {
        if error == Error::InvalidVectorLength {
            // Its octets are looked at where they can be seen.
            return Carried { back: 0, path: name.to_owned(), reason: LENGTH.to_owned() }.into();
        }
        let mut carried = Carried::from(error);
        let dot = if carried.path.is_empty() || carried.path.starts_with('[') { "" } else { "." };
        carried.path = format!("{name}{dot}{}", carried.path);
        carried.into()
    })
}

/// Reads a field.
pub(crate) fn field<T: Deserialize>(name: &str, bytes: &mut impl Read) -> Result<T, Error> {
    within(name, T::tls_deserialize(bytes))
}

/// Reads a vector, whose elements are named by their position.
pub(crate) fn vector<T: Deserialize>(bytes: &mut impl Read) -> Result<Vec<T>, Error> {
    let (length, _) = tls_codec::vlen::read_length(bytes)?;
    let mut content = Read::take(bytes, length as u64);
    let mut elements = Vec::new();
    while content.limit() > 0 {
        let element = within(&format!("[{}]", elements.len()), T::tls_deserialize(&mut content));
        elements.push(element.map_err(|error| end_of_vector(error, content.limit()))?);
    }
    Ok(elements)
}

/// The vector's end is not the body's.
fn end_of_vector(error: Error, left: u64) -> Error {
    let mut carried = Carried::from(error);
    if left == 0 && carried.reason == CUT_OFF {
        carried.reason = VECTOR_ENDS.to_owned();
    }
    carried.into()
}

const LENGTH: &str = "the length of a vector";

/// The error of a body of which `read` was read.
fn located(error: Error, read: &[u8]) -> DecodeError {
    let carried = match error {
        Error::InvalidVectorLength => Carried { back: 0, path: String::new(), reason: LENGTH.to_owned() },
        other => Carried::from(other),
    };
    if carried.reason == SEMI_PRIVATE {
        return DecodeError::SemiPrivateMessage;
    }
    if let Some(Ok(format)) = carried.reason.strip_prefix(WIRE_FORMAT).map(str::parse) {
        return DecodeError::UnknownWireFormat(format);
    }
    let (back, reason) = match carried.reason.as_str() {
        LENGTH => refused_length(read),
        _ => (carried.back, carried.reason),
    };
    DecodeError::Malformed(Fault { offset: read.len().saturating_sub(back), path: carried.path, reason })
}

/// The length with which `read` ends: how many octets it has, and why it was refused.
fn refused_length(read: &[u8]) -> (usize, String) {
    let ending = |octets: usize| -> Option<u64> {
        let length = read.get(read.len().checked_sub(octets)?..)?;
        let (first, others) = length.split_first()?;
        let is_so_long = 1usize << (first >> 6) == octets;
        let value = others.iter().fold(u64::from(first & 0x3F), |value, octet| value << 8 | u64::from(*octet));
        is_so_long.then_some(value)
    };
    let longer_than_needed = [(2, 1 << 6), (4, 1 << 14), (8, 1 << 30)];
    for (octets, limit) in longer_than_needed {
        if let Some(value) = ending(octets).filter(|value| *value < limit) {
            return (octets, format!("the length {value} of a vector is not in its shortest form"));
        }
    }
    (8, "the length of a vector is 2^30 or more".to_owned())
}
