//! Extensions [mimi-content-09 §4.3].

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::cbor::{DocumentError, Item, Major, Reader, Writer, too_much, wrong};
use crate::mimi_content_more_extensions_00::{
    EXTERNAL_MESSAGE_ID, ExternalMessageId, LAST_SEEN, LastSeen, SENDER_TIMESTAMP, SUBJECT, SenderTimestamp, read_subject,
};

/// Extension key of the sender's user URI (§4.3).
pub const SENDER_URI: i64 = 1;
/// Extension key of the room's URI (§4.3).
pub const ROOM_URI: i64 = 2;

/// Octets of a URI: a message id is made with its length in 16 bits (C-003).
const MAX_URI: usize = u16::MAX as usize;
/// Octets of a key (C-043).
const MAX_KEY_OCTETS: usize = 255;
/// Levels of an extension, below the extension map, which is the first of four (C-050).
const MAX_LEVELS: usize = 3;

/// The key of an extension (§4.3). Keys are ordered as their encodings are (C-041): first the integers from 0, then the
/// negative ones from −1 downwards, then text, the shorter first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtensionKey {
    /// Registered, or private where negative.
    Int(i64),
    /// Private.
    Text(String),
}

impl Ord for ExtensionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => (*a < 0).cmp(&(*b < 0)).then(a.unsigned_abs().cmp(&b.unsigned_abs())),
            (Self::Int(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Int(_)) => Ordering::Greater,
            (Self::Text(a), Self::Text(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        }
    }
}

impl PartialOrd for ExtensionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl ExtensionKey {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Result<Self, DocumentError> {
        const FIELD: (&str, &str) = ("C-043", "an extension key");
        let start = reader.offset();
        match reader.peek().map(|head| head.major) {
            Some(Major::Unsigned) => Ok(Self::Int(reader.unsigned::<u64>(FIELD)? as i64)),
            Some(Major::Negative) => {
                let argument = reader.negative().and_then(|argument| i64::try_from(argument).ok());
                argument.map_or_else(|| wrong(start, FIELD, "in range"), |argument| Ok(Self::Int(-1 - argument)))
            }
            Some(Major::Text) => match reader.text(FIELD)? {
                name if (1..=MAX_KEY_OCTETS).contains(&name.len()) => Ok(Self::Text(name.to_owned())),
                _ => wrong(start, FIELD, "text of 1 to 255 octets"),
            },
            _ => wrong(start, FIELD, "an integer or text"),
        }
    }
}

/// An extension (§4.3), by what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// 1: the URI of the sender, a user.
    SenderUri(String),
    /// 2: the URI of the room.
    RoomUri(String),
    /// 3: when the sender says that it sent.
    SenderTimestamp(SenderTimestamp),
    /// 4: the id that the message has elsewhere.
    ExternalMessageId(ExternalMessageId),
    /// 5: a subject, of 1 to 4096 octets.
    Subject(String),
    /// 256: the latest messages that the sender knew.
    LastSeen(LastSeen),
    /// One that nobody here knows (C-014).
    Unknown(UnknownExtension),
}

/// An extension of an unknown key (§4.3), as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownExtension {
    key: ExtensionKey,
    value: Item,
}

impl UnknownExtension {
    /// Its key.
    pub fn key(&self) -> &ExtensionKey {
        &self.key
    }

    /// Its value.
    pub fn value(&self) -> &Item {
        &self.value
    }
}

impl Extension {
    /// An extension of any key: one with a known key has to be what its draft says.
    ///
    /// # Errors
    /// If the key or the value may not stand in a message.
    pub fn new(key: ExtensionKey, value: &Item) -> Result<Self, DocumentError> {
        let mut writer = Writer::default();
        writer.map(1);
        write_key(&mut writer, &key);
        writer.item(value);
        let map = writer.into_bytes();
        let mut reader = Reader::new(&map)?;
        reader.map(("C-006", "mimiExtensions"))?;
        Self::read(&mut reader)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DocumentError> {
        let key = ExtensionKey::read(reader)?;
        match key {
            ExtensionKey::Int(SENDER_URI) => Ok(Self::SenderUri(read_uri(reader, "senderUri")?)),
            ExtensionKey::Int(ROOM_URI) => Ok(Self::RoomUri(read_uri(reader, "roomUri")?)),
            ExtensionKey::Int(SENDER_TIMESTAMP) => Ok(Self::SenderTimestamp(SenderTimestamp::read(reader)?)),
            ExtensionKey::Int(EXTERNAL_MESSAGE_ID) => Ok(Self::ExternalMessageId(ExternalMessageId::read(reader)?)),
            ExtensionKey::Int(SUBJECT) => Ok(Self::Subject(read_subject(reader)?)),
            ExtensionKey::Int(LAST_SEEN) => Ok(Self::LastSeen(LastSeen::read(reader)?)),
            key => {
                let start = reader.offset();
                if reader.skip() > MAX_LEVELS {
                    return too_much(start, "C-050", "an extension nests deeper than 4 levels, its map included");
                }
                let value = Item::of_validated(reader.between(start, reader.offset()));
                Ok(Self::Unknown(UnknownExtension { key, value }))
            }
        }
    }

    /// Its key.
    pub fn key(&self) -> ExtensionKey {
        match self {
            Self::SenderUri(_) => ExtensionKey::Int(SENDER_URI),
            Self::RoomUri(_) => ExtensionKey::Int(ROOM_URI),
            Self::SenderTimestamp(_) => ExtensionKey::Int(SENDER_TIMESTAMP),
            Self::ExternalMessageId(_) => ExtensionKey::Int(EXTERNAL_MESSAGE_ID),
            Self::Subject(_) => ExtensionKey::Int(SUBJECT),
            Self::LastSeen(_) => ExtensionKey::Int(LAST_SEEN),
            Self::Unknown(unknown) => unknown.key.clone(),
        }
    }

    fn write_value(&self, writer: &mut Writer) {
        match self {
            Self::SenderUri(text) | Self::RoomUri(text) | Self::Subject(text) => writer.text(text),
            Self::SenderTimestamp(timestamp) => timestamp.write(writer),
            Self::ExternalMessageId(id) => id.write(writer),
            Self::LastSeen(seen) => seen.write(writer),
            Self::Unknown(unknown) => writer.item(&unknown.value),
        }
    }
}

fn read_uri(reader: &mut Reader<'_>, field: &'static str) -> Result<String, DocumentError> {
    let start = reader.offset();
    match reader.text(("C-015", field))? {
        uri if uri.len() <= MAX_URI => Ok(uri.to_owned()),
        _ => too_much(start, "C-003", "a URI is longer than 65535 octets: no message id can be made of it"),
    }
}

fn write_key(writer: &mut Writer, key: &ExtensionKey) {
    match key {
        ExtensionKey::Int(number) => writer.integer(*number),
        ExtensionKey::Text(name) => writer.text(name),
    }
}

/// The extensions of a message (§4.3), in the order of their encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions(BTreeMap<ExtensionKey, Extension>);

impl Extensions {
    /// What franking needs: the message's own names (P-052).
    pub fn with_sender_and_room(sender: &str, room: &str) -> Self {
        [Extension::SenderUri(sender.to_owned()), Extension::RoomUri(room.to_owned())].into_iter().collect()
    }

    /// Adds an extension; returns the one that had its key.
    pub fn insert(&mut self, extension: Extension) -> Option<Extension> {
        self.0.insert(extension.key(), extension)
    }

    /// The extension of a key.
    pub fn get(&self, key: &ExtensionKey) -> Option<&Extension> {
        self.0.get(key)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Extension> {
        self.0.values()
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DocumentError> {
        let count = reader.map(("C-006", "mimiExtensions"))?;
        // Not collected: that would sort what is sorted.
        let mut extensions = Self::default();
        for _ in 0..count {
            extensions.insert(Extension::read(reader)?);
        }
        Ok(extensions)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.map(self.0.len());
        for (key, extension) in &self.0 {
            write_key(writer, key);
            extension.write_value(writer);
        }
    }
}

impl FromIterator<Extension> for Extensions {
    fn from_iter<T: IntoIterator<Item = Extension>>(extensions: T) -> Self {
        Self(extensions.into_iter().map(|extension| (extension.key(), extension)).collect())
    }
}

impl Extend<Extension> for Extensions {
    fn extend<T: IntoIterator<Item = Extension>>(&mut self, extensions: T) {
        self.0.extend(extensions.into_iter().map(|extension| (extension.key(), extension)));
    }
}

impl IntoIterator for Extensions {
    type Item = Extension;
    type IntoIter = std::collections::btree_map::IntoValues<ExtensionKey, Extension>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_values()
    }
}
