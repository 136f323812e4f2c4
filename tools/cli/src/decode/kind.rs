//! A kind of octets: its names, what the gateway says of it, and how it is shown.

use causeway_core::code::Coded;
use causeway_drafts::mimi_protocol_06::BODY_MEDIA_TYPE;
use causeway_drafts::mimi_protocol_06::message::MessageKind;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::submit_message::SubmitMessageRequest;
use causeway_drafts::{DecodeError, decode_exact};
use serde::Serialize;
use tls_codec::Deserialize;

use super::layout::{Part, Structure};
use super::reader::whole;
use super::refused::{Refused, Wrong};
use super::tree::{Origin, Tree};
use crate::render::Row;

/// A kind of octets.
pub(crate) struct Kind {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its media type, where it has one.
    pub(crate) media_type: Option<&'static str>,
    /// What the draft calls it.
    pub(crate) origin: Origin,
    /// What the draft calls its update, which has the same encoding.
    pub(super) update: Option<&'static str>,
    /// Only within others: such are not guessed.
    pub(crate) is_part: bool,
    how: How,
}

/// What the gateway says of octets.
type Judge = fn(&[u8]) -> Result<(), Wrong>;

enum How {
    /// A layout, and who decides whether it is kept.
    Laid(Part, Judge),
    /// In a way of its own; a Matrix event has a room version.
    Own(fn(&[u8], Option<&str>) -> Result<Tree, Refused>),
}

impl Kind {
    pub(super) const fn laid(name: &'static str, origin: Origin, (part, judge): (Part, Judge)) -> Self {
        Self { name, media_type: None, origin, update: None, is_part: false, how: How::Laid(part, judge) }
    }

    pub(super) const fn tls(name: &'static str, structure: &'static Structure, judge: Judge) -> Self {
        Self::laid(name, structure.origin, (Part::Of(structure), judge))
    }

    pub(super) const fn own(name: &'static str, origin: Origin, read: fn(&[u8], Option<&str>) -> Result<Tree, Refused>) -> Self {
        Self { name, media_type: None, origin, update: None, is_part: false, how: How::Own(read) }
    }

    pub(super) const fn typed(mut self, media_type: &'static str) -> Self {
        self.media_type = Some(media_type);
        self
    }

    /// Of an endpoint (G-01).
    pub(super) const fn body(self) -> Self {
        self.typed(BODY_MEDIA_TYPE)
    }

    pub(super) const fn updated(mut self, update: &'static str) -> Self {
        self.update = Some(update);
        self
    }

    pub(super) const fn part(mut self) -> Self {
        self.is_part = true;
        self
    }

    /// All that it may be asked for by.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        [Some(self.name), self.media_type, Some(self.origin.structure), self.update].into_iter().flatten()
    }

    /// Decodes octets as this.
    pub(crate) fn read(&self, octets: &[u8], room_version: Option<&str>) -> Result<Tree, Refused> {
        let (part, judge) = match &self.how {
            How::Own(read) => return read(octets, room_version),
            How::Laid(part, judge) => (part, judge),
        };
        match (judge(octets), whole(octets, part)) {
            (Ok(()), Ok(tree)) => Ok(tree),
            // The gateway takes what we cannot show: octets are better than nothing.
            (Ok(()), Err(_)) => Ok(Tree::Octets(octets.to_vec())),
            (Err(wrong), read) => Err(wrong.located(read.err()).of(octets)),
        }
    }
}

/// A line of `--list`.
impl Row for &Kind {
    const HEADER: &'static [&'static str] = &["name", "media type", "structure", "draft", "section"];

    fn cells(&self) -> Vec<String> {
        let structures = [Some(self.origin.structure), self.update].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let Origin { draft, section, .. } = self.origin;
        let media_type = self.media_type.unwrap_or("-");
        [self.name, media_type, structures.as_str(), draft, section].map(str::to_owned).to_vec()
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut kind = serializer.serialize_struct("Kind", 6)?;
        kind.serialize_field("name", self.name)?;
        kind.serialize_field("media_type", &self.media_type)?;
        kind.serialize_field("structure", self.origin.structure)?;
        kind.serialize_field("update", &self.update)?;
        kind.serialize_field("draft", self.origin.draft)?;
        kind.serialize_field("section", self.origin.section)?;
        kind.end()
    }
}

/// That it decodes.
pub(super) fn decodes<T: Deserialize>(octets: &[u8]) -> Result<(), Wrong> {
    Ok(decode_exact::<T>(octets).map(drop)?)
}

/// That it decodes, and keeps the rules about the whole.
pub(super) fn valid<T: Deserialize>(octets: &[u8], validate: impl FnOnce(&T) -> Result<(), &'static str>) -> Result<(), Wrong> {
    validate(&decode_exact(octets)?).map_err(Wrong::rule)
}

/// The body of `notify`: one or more.
pub(super) fn fanouts(octets: &[u8]) -> Result<(), Wrong> {
    Ok(FanoutMessage::decode_body(octets).map(drop)?)
}

/// With P-043, which a hub looks at after decoding; the message is behind the protocol.
pub(super) fn submits(octets: &[u8]) -> Result<(), Wrong> {
    let request: SubmitMessageRequest = decode_exact(octets)?;
    match request.app_message.value().kind() {
        MessageKind::Application => Ok(()),
        _ => {
            let error = DecodeError::UnexpectedMessage("P-043: not application data in a PrivateMessage");
            Err(Wrong { code: error.code(), why: error.to_string(), offset: Some(1) })
        }
    }
}
