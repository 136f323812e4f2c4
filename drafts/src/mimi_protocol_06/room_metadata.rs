//! The component `room_metadata` [mimi-protocol-06 §7.6]. Its update is a full replacement.

use std::io::{Read, Write};

use tls_codec::{Deserialize, Error, Serialize, Size, VLByteSlice, VLBytes};

use crate::decode::refuse;
use crate::mimi_uri::RoomUri;
use crate::structure::structure;
use crate::text::Text;

/// UTF-8 without NUL (§7.6, P-124).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Utf8(pub String);

impl Utf8 {
    /// From text of elsewhere; NULs, which other protocols allow, are left out.
    pub fn new(text: impl Into<String>) -> Self {
        let text: String = text.into();
        if text.contains('\0') { Self(text.replace('\0', "")) } else { Self(text) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Size for Utf8 {
    fn tls_serialized_len(&self) -> usize {
        VLByteSlice(self.0.as_bytes()).tls_serialized_len()
    }
}

impl Serialize for Utf8 {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        VLByteSlice(self.0.as_bytes()).tls_serialize(writer)
    }
}

impl Deserialize for Utf8 {
    fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
        let Text(text) = Text::tls_deserialize(bytes)?;
        match text.find('\0') {
            Some(at) => Err(refuse(text.len() - at, "P-124: NUL in a string")),
            None => Ok(Self(text)),
        }
    }
}

/// RichDescription (§7.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RichDescription {
    /// Empty means `text/plain;charset=utf-8`.
    pub media_type: Utf8,
    /// BCP 47.
    pub language_tag: Utf8,
    /// The description.
    pub content: VLBytes,
}

structure!(RichDescription { media_type, language_tag, content as "description_content" });

impl RichDescription {
    /// The media type that is meant (P-124).
    pub fn media_type(&self) -> &str {
        if self.media_type.0.is_empty() { "text/plain;charset=utf-8" } else { &self.media_type.0 }
    }
}

/// RoomMetaData and RoomMetaUpdate (§7.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMetadata {
    /// The room.
    pub room_uri: RoomUri,
    /// Its name.
    pub room_name: Utf8,
    /// Its descriptions.
    pub room_descriptions: Vec<RichDescription>,
    /// An https URL, or empty.
    pub room_avatar: Utf8,
    /// What it is about.
    pub room_subject: Utf8,
    /// Its mood.
    pub room_mood: Utf8,
}

structure!(RoomMetadata { room_uri, room_name, room_descriptions[], room_avatar, room_subject, room_mood });

impl RoomMetadata {
    /// A room with a name and nothing else.
    pub fn named(room: &RoomUri, name: impl Into<String>) -> Self {
        Self {
            room_uri: room.clone(),
            room_name: Utf8::new(name),
            room_descriptions: Vec::new(),
            room_avatar: Utf8::default(),
            room_subject: Utf8::default(),
            room_mood: Utf8::default(),
        }
    }

    /// The room's name.
    pub fn name(&self) -> &str {
        &self.room_name.0
    }

    /// Whether the metadata can stand (P-124).
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self) -> Result<(), &'static str> {
        let avatar = self.room_avatar.as_str();
        if avatar.is_empty() || avatar.starts_with("https://") { Ok(()) } else { Err("P-124: room_avatar is not an https URI") }
    }
}
