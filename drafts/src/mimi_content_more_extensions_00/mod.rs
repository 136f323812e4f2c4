//! draft-mimi-content-more-extensions-00: further extensions of a MIMI message, an individual draft.
//!
//! # Numbers
//!
//! The draft *suggests* 3, 4, 5 and 256; none is assigned by IANA. Whoever uses one of them otherwise sends messages that
//! are refused here, because the draft's schema says what stands at these keys, and nothing else may.
//!
//! # What is not decided here
//!
//! Section 7 lists what is odd, and may be refused: times before the first message of a system, external ids that
//! were seen before, unexpected scopes, an empty list of last seen messages of somebody who sent before. That takes
//! history, which a decoder has not.

use crate::cbor::{DocumentError, Major, Reader, Writer, too_much, wrong};
use crate::mimi_content_09::MessageId;

/// Extension key `senderTimestamp` (§3).
pub const SENDER_TIMESTAMP: i64 = 3;
/// Extension key `externalMessageId` (§4).
pub const EXTERNAL_MESSAGE_ID: i64 = 4;
/// Extension key `subject` (§5).
pub const SUBJECT: i64 = 5;
/// Extension key `lastSeen` (§6).
pub const LAST_SEEN: i64 = 256;

/// Octets of a subject (§5).
const SUBJECT_OCTETS: std::ops::RangeInclusive<usize> = 1..=4096;
/// More last seen messages are excessive (§7).
pub const MAX_LAST_SEEN: u64 = 65_535;
/// The tag of a URI [RFC 8949 §3.4.5.3].
const TAG_URI: u64 = 32;

type Result<T> = std::result::Result<T, DocumentError>;

/// When the sender says that it sent (§3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderTimestamp {
    /// UNIX seconds.
    pub seconds: u64,
    /// And a fraction, in at most one unit.
    pub fraction: Option<Fraction>,
}

/// A fraction of a second (§3), less than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fraction {
    /// Milliseconds, below 1000.
    Millis(u16),
    /// Microseconds, below 1,000,000.
    Micros(u32),
    /// Nanoseconds, below 1,000,000,000.
    Nanos(u32),
}

impl SenderTimestamp {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        const RULE: &str = "more-extensions-00 §3";
        let start = reader.offset();
        let count = reader.map((RULE, "senderTimestamp"))?;
        if !matches!(count, 1 | 2) {
            return wrong(start, (RULE, "senderTimestamp"), "a map of one or two");
        }
        let key = reader.offset();
        if reader.unsigned::<u64>((RULE, "the first key"))? != 1 {
            return wrong(key, (RULE, "the first key"), "1");
        }
        let seconds = reader.unsigned((RULE, "seconds"))?;
        let fraction = if count == 2 { Some(Fraction::read(reader, RULE)?) } else { None };
        Ok(Self { seconds, fraction })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.map(1 + usize::from(self.fraction.is_some()));
        writer.unsigned(1u8);
        writer.unsigned(self.seconds);
        if let Some(fraction) = self.fraction {
            let (key, value) = match fraction {
                Fraction::Millis(value) => (-3, value.into()),
                Fraction::Micros(value) => (-6, value),
                Fraction::Nanos(value) => (-9, value),
            };
            writer.integer(key);
            writer.unsigned(value);
        }
    }
}

impl Fraction {
    fn read(reader: &mut Reader<'_>, rule: &'static str) -> Result<Self> {
        let key_at = reader.offset();
        // Of a negative integer −1−n, n.
        let key = reader.negative();
        let value_at = reader.offset();
        let value: u32 = reader.unsigned((rule, "the fraction"))?;
        let fraction = match key {
            Some(2) => u16::try_from(value).ok().filter(|value| *value < 1000).map(Self::Millis),
            Some(5) => (value < 1_000_000).then_some(Self::Micros(value)),
            Some(8) => (value < 1_000_000_000).then_some(Self::Nanos(value)),
            _ => return wrong(key_at, (rule, "the second key"), "-3, -6 or -9"),
        };
        fraction.map_or_else(|| wrong(value_at, (rule, "the fraction"), "less than a second"), Ok)
    }
}

/// The id that a message has in another system (§4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalMessageId {
    /// The id there.
    pub id: Vec<u8>,
    /// Where it is one.
    pub scope: Scope,
}

/// Whose message ids (§4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A private enterprise number of IANA, greater than 0.
    Enterprise(u64),
    /// A domain name.
    Domain(String),
    /// A URI.
    Uri(String),
}

impl ExternalMessageId {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        const RULE: &str = "more-extensions-00 §4";
        reader.array_of(2, (RULE, "an external message id"), "[id, scope]")?;
        let id = reader.bytes((RULE, "the id"))?.to_vec();
        let start = reader.offset();
        let field = (RULE, "the scope");
        let scope = match reader.peek().map(|head| head.major) {
            Some(Major::Unsigned) => match reader.unsigned(field)? {
                0 => return wrong(start, field, "a number greater than 0"),
                number => Scope::Enterprise(number),
            },
            Some(Major::Text) => Scope::Domain(reader.text(field)?.to_owned()),
            _ if reader.tag(TAG_URI).is_some() => Scope::Uri(reader.text(field)?.to_owned()),
            _ => return wrong(start, field, "a number, a domain or a tagged URI"),
        };
        Ok(Self { id, scope })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.array(2);
        writer.bytes(&self.id);
        match &self.scope {
            Scope::Enterprise(number) => writer.unsigned(*number),
            Scope::Domain(name) => writer.text(name),
            Scope::Uri(uri) => {
                writer.tag(TAG_URI);
                writer.text(uri);
            }
        }
    }
}

/// The latest messages that the sender was aware of (§6), in one kind of ids, never mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastSeen {
    /// MIMI message ids; an empty list is of this kind.
    Messages(Vec<MessageId>),
    /// External message ids, at least one.
    External(Vec<ExternalMessageId>),
}

impl LastSeen {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        const RULE: &str = "more-extensions-00 §6";
        let start = reader.offset();
        let count = reader.array((RULE, "lastSeen"))?;
        if count > MAX_LAST_SEEN {
            return too_much(start, "more-extensions-00 §7", "more than 65535 last seen messages");
        }
        let is_external = reader.peek().is_some_and(|head| head.major == Major::Array);
        if count > 0 && is_external {
            return (0..count).map(|_| ExternalMessageId::read(reader)).collect::<Result<_>>().map(Self::External);
        }
        (0..count).map(|_| MessageId::read(reader, (RULE, "a last seen message"))).collect::<Result<_>>().map(Self::Messages)
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Messages(ids) => {
                writer.array(ids.len());
                ids.iter().for_each(|id| writer.bytes(id.as_bytes()));
            }
            Self::External(ids) => {
                writer.array(ids.len());
                ids.iter().for_each(|id| id.write(writer));
            }
        }
    }
}

/// A subject (§5).
pub(crate) fn read_subject(reader: &mut Reader<'_>) -> Result<String> {
    const FIELD: (&str, &str) = ("more-extensions-00 §5", "subject");
    let start = reader.offset();
    match reader.text(FIELD)? {
        subject if SUBJECT_OCTETS.contains(&subject.len()) => Ok(subject.to_owned()),
        _ => wrong(start, FIELD, "text of 1 to 4096 octets"),
    }
}
