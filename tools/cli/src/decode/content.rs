//! Messages [mimi-content-09], and the values of their further extensions [mimi-content-more-extensions-00].

use causeway_core::code;
use causeway_drafts::application::{MediaType, unframe};
use causeway_drafts::cbor::{DocumentError, Item};
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_content_09::{
    Disposition, Extension, ExtensionKey, ExternalPart, MessageId, MimiContent, NestedPart, PartBody, PartSemantics, message_id,
};
use causeway_drafts::mimi_content_more_extensions_00::{ExternalMessageId, Fraction, LastSeen, Scope, SenderTimestamp};
use serde_cbor::Value;
use tls_codec::VLBytes;

use super::layout::{CONTENT, MORE_EXTENSIONS};
use super::refused::{Refused, Wrong};
use super::tree::{Origin, Tree};

pub(super) const MESSAGE: Origin = Origin { structure: "mimiContent", draft: CONTENT, section: "4" };
const PART: Origin = Origin { structure: "NestedPart", draft: CONTENT, section: "4" };
const EXPIRATION: Origin = Origin { structure: "Expiration", draft: CONTENT, section: "4" };
pub(super) const SENDER_TIMESTAMP: Origin = Origin { structure: "senderTimestamp", draft: MORE_EXTENSIONS, section: "3" };
pub(super) const EXTERNAL_MESSAGE_ID: Origin = Origin { structure: "externalMessageId", draft: MORE_EXTENSIONS, section: "4" };
pub(super) const SUBJECT: Origin = Origin { structure: "subject", draft: MORE_EXTENSIONS, section: "5" };
pub(super) const LAST_SEEN: Origin = Origin { structure: "lastSeen", draft: MORE_EXTENSIONS, section: "6" };

pub(super) fn read(octets: &[u8], _: Option<&str>) -> Result<Tree, Refused> {
    tree(octets).map_err(|error| Wrong::from(error).of(octets))
}

pub(super) fn tree(octets: &[u8]) -> Result<Tree, DocumentError> {
    let content = MimiContent::decode(octets)?;
    let id = match (content.sender_uri(), content.room_uri()) {
        (Some(sender), Some(room)) => Tree::text(message_id(sender, room, octets, &content.salt).to_string()),
        _ => Tree::Nothing,
    };
    let expires = content.expires.map_or(Tree::Nothing, |expires| {
        let fields = [("relative", Tree::Bool(expires.relative)), ("time", Tree::Number(expires.time.into()))];
        Tree::structure(EXPIRATION, fields)
    });
    let optional = |id: Option<MessageId>| id.map_or(Tree::Nothing, |id| Tree::text(id.to_string()));
    Ok(Tree::structure(
        MESSAGE,
        [
            ("messageId", id),
            ("salt", Tree::Octets(content.salt.to_vec())),
            ("replaces", optional(content.replaces)),
            ("topicId", Tree::text_or_octets(&content.topic_id)),
            ("expires", expires),
            ("inReplyTo", optional(content.in_reply_to)),
            ("mimiExtensions", Tree::Fields(None, content.extensions.iter().map(extension).collect())),
            ("nestedPart", part(&content.nested_part)),
        ],
    ))
}

/// What the gateway says of application_data: a frame around a content [mls-extensions-09 §6.2.4].
pub(super) fn judge_framed(octets: &[u8]) -> Result<(), Wrong> {
    let malformed = |wrong: Wrong| Wrong { code: code::MESSAGE_MALFORMED, ..wrong };
    decode_exact::<(MediaType, VLBytes)>(octets).map_err(|error| malformed(error.into()))?;
    let other = |error: &dyn ToString| Wrong { code: code::MESSAGE_MALFORMED, why: error.to_string(), offset: Some(0) };
    let content = unframe(octets).map_err(|error| other(&error))?;
    // It is what the frame ends with.
    MimiContent::decode(&content).map(drop).map_err(|error| Wrong::from(error).after(octets.len() - content.len()))
}

/// The value of the extension with a key, alone.
pub(super) fn extension_value<const KEY: i64>(octets: &[u8], _: Option<&str>) -> Result<Tree, Refused> {
    let read = || {
        let value = Item::from_bytes(octets).map_err(DocumentError::from)?;
        // The error's place is in a map of this one extension: the head of the map, and that of the key.
        let before = if (0..24).contains(&KEY) { 2 } else { 4 };
        Extension::new(ExtensionKey::Int(KEY), &value).map_err(|error| {
            let wrong = Wrong::from(error);
            Wrong { offset: wrong.offset.map(|offset| offset.saturating_sub(before)), ..wrong }
        })
    };
    let extension: Result<Extension, Wrong> = read();
    extension.map(|extension| self::extension(&extension).1).map_err(|wrong| wrong.of(octets))
}

fn extension(extension: &Extension) -> (String, Tree) {
    let (name, value) = match extension {
        Extension::SenderUri(uri) => ("senderUri", Tree::text(uri)),
        Extension::RoomUri(uri) => ("roomUri", Tree::text(uri)),
        Extension::SenderTimestamp(timestamp) => ("senderTimestamp", self::timestamp(timestamp)),
        Extension::ExternalMessageId(id) => ("externalMessageId", external_id(id)),
        Extension::Subject(subject) => ("subject", Tree::text(subject)),
        Extension::LastSeen(LastSeen::Messages(ids)) => {
            let id = |id: &MessageId| Tree::fields([("messageId", Tree::text(id.to_string()))]);
            ("lastSeen", Tree::List(ids.iter().map(id).collect()))
        }
        Extension::LastSeen(LastSeen::External(ids)) => ("lastSeen", Tree::List(ids.iter().map(external_id).collect())),
        Extension::Unknown(unknown) => {
            let octets = unknown.value().as_bytes();
            ("", serde_cbor::from_slice(octets).map_or_else(|_| Tree::Octets(octets.to_vec()), |value| cbor(&value)))
        }
    };
    let key = match extension.key() {
        ExtensionKey::Int(number) => format!("{number} {name}"),
        ExtensionKey::Text(text) => text,
    };
    (key.trim_end().to_owned(), value)
}

fn timestamp(timestamp: &SenderTimestamp) -> Tree {
    let fraction = match timestamp.fraction {
        None => Tree::fields([]),
        Some(Fraction::Millis(millis)) => Tree::fields([("-3", Tree::Number(millis.into()))]),
        Some(Fraction::Micros(micros)) => Tree::fields([("-6", Tree::Number(micros.into()))]),
        Some(Fraction::Nanos(nanos)) => Tree::fields([("-9", Tree::Number(nanos.into()))]),
    };
    Tree::structure(SENDER_TIMESTAMP, [("seconds", Tree::Number(timestamp.seconds)), ("fraction", fraction)])
}

fn external_id(id: &ExternalMessageId) -> Tree {
    let scope = match &id.scope {
        Scope::Enterprise(number) => Tree::Number(*number),
        Scope::Domain(name) | Scope::Uri(name) => Tree::text(name),
    };
    Tree::structure(EXTERNAL_MESSAGE_ID, [("id", Tree::text_or_octets(&id.id)), ("scope", scope)])
}

fn cbor(value: &Value) -> Tree {
    match value {
        Value::Null => Tree::Nothing,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Integer(number) => u64::try_from(*number).map_or_else(|_| Tree::text(number.to_string()), Tree::Number),
        Value::Float(number) => Tree::text(number.to_string()),
        Value::Bytes(octets) => Tree::Octets(octets.clone()),
        Value::Text(text) => Tree::text(text),
        Value::Array(items) => Tree::List(items.iter().map(cbor).collect()),
        Value::Map(entries) => {
            let key = |key: &Value| match key {
                Value::Text(text) => text.clone(),
                Value::Integer(number) => number.to_string(),
                other => format!("{other:?}"),
            };
            Tree::Fields(None, entries.iter().map(|(name, value)| (key(name), cbor(value))).collect())
        }
        Value::Tag(tag, inner) => Tree::fields([("tag", Tree::Number(*tag)), ("value", cbor(inner))]),
        other => Tree::text(format!("{other:?}")),
    }
}

fn part(part: &NestedPart) -> Tree {
    let (cardinality, more) = match &part.body {
        PartBody::Null => ("0 null", Tree::fields([])),
        PartBody::Single { content_type, content } => {
            ("1 single", Tree::fields([("contentType", Tree::text(content_type)), ("content", Tree::text_or_octets(content))]))
        }
        PartBody::External(external) => ("2 external", self::external(external)),
        PartBody::Multi { semantics, parts } => {
            let semantics = match semantics {
                PartSemantics::ChooseOne => "0 chooseOne",
                PartSemantics::SingleUnit => "1 singleUnit",
                PartSemantics::ProcessAll => "2 processAll",
            };
            let parts = Tree::List(parts.iter().map(self::part).collect());
            ("3 multi", Tree::fields([("partSemantics", Tree::text(semantics)), ("parts", parts)]))
        }
    };
    let head = [
        ("disposition", disposition(part.disposition)),
        ("language", Tree::text(&part.language)),
        ("cardinality", Tree::text(cardinality)),
    ];
    Tree::structure(PART, head).and(more)
}

fn disposition(disposition: Disposition) -> Tree {
    let name = match disposition {
        Disposition::UNSPECIFIED => "unspecified",
        Disposition::RENDER => "render",
        Disposition::REACTION => "reaction",
        Disposition::PROFILE => "profile",
        Disposition::INLINE => "inline",
        Disposition::ICON => "icon",
        Disposition::ATTACHMENT => "attachment",
        Disposition::SESSION => "session",
        Disposition::PREVIEW => "preview",
        _ => "unknown",
    };
    Tree::text(format!("{} {name}", disposition.0))
}

/// The key that opens it is not shown.
fn external(part: &ExternalPart) -> Tree {
    Tree::fields([
        ("contentType", Tree::text(&part.content_type)),
        ("url", Tree::text(&part.url)),
        ("expires", Tree::Number(part.expires.into())),
        ("size", Tree::Number(part.size)),
        ("encAlg", Tree::Number(part.enc_alg.into())),
        ("key", Tree::text(format!("{} octets", part.key.len()))),
        ("nonce", Tree::Octets(part.nonce.clone())),
        ("aad", Tree::Octets(part.aad.clone())),
        ("hashAlg", Tree::Number(part.hash_alg.0.into())),
        ("contentHash", Tree::Octets(part.content_hash.clone())),
        ("description", Tree::text(&part.description)),
        ("filename", Tree::text(&part.filename)),
    ])
}
