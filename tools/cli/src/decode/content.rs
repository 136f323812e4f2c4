//! A MIMI content document [mimi-content-09].

use causeway_core::code;
use causeway_drafts::cbor::DocumentError;
use causeway_drafts::mimi_content_09::{
    Disposition, Extension, ExtensionKey, ExternalPart, MessageId, MimiContent, NestedPart, PartBody, PartSemantics, message_id,
};
use causeway_drafts::mimi_content_more_extensions_00::{ExternalMessageId, Fraction, LastSeen, Scope, SenderTimestamp};
use serde_cbor::Value;

use super::Refused;
use super::tree::Tree;

pub(super) fn read(octets: &[u8]) -> Result<Tree, Refused> {
    tree(octets).map_err(|error| {
        let why = match error {
            DocumentError::Cbor(error) => error.kind.to_string(),
            DocumentError::Field { rule, field, expected, .. } => format!("{rule}: {field} is not {expected}"),
            DocumentError::Limit { rule, what, .. } => format!("{rule}: {what}"),
        };
        Refused { code: code::MESSAGE_MALFORMED, why, offset: Some(error.offset()), length: octets.len() }
    })
}

pub(super) fn tree(octets: &[u8]) -> Result<Tree, DocumentError> {
    let content = MimiContent::decode(octets)?;
    let id = match (content.sender_uri(), content.room_uri()) {
        (Some(sender), Some(room)) => Tree::text(message_id(sender, room, octets, &content.salt).to_string()),
        _ => Tree::Nothing,
    };
    let expires = content.expires.map_or(Tree::Nothing, |expires| {
        Tree::fields([("relative", Tree::Bool(expires.relative)), ("seconds", Tree::Number(expires.time.into()))])
    });
    let optional = |id: Option<MessageId>| id.map_or(Tree::Nothing, |id| Tree::text(id.to_string()));
    Ok(Tree::fields([
        ("message_id", id),
        ("salt", Tree::Octets(content.salt.to_vec())),
        ("replaces", optional(content.replaces)),
        ("topic_id", Tree::text_or_octets(&content.topic_id)),
        ("expires", expires),
        ("in_reply_to", optional(content.in_reply_to)),
        ("extensions", Tree::Fields(content.extensions.iter().map(extension).collect())),
        ("nested_part", part(&content.nested_part)),
    ]))
}

fn extension(extension: &Extension) -> (String, Tree) {
    let (name, value) = match extension {
        Extension::SenderUri(uri) => ("sender_uri", Tree::text(uri)),
        Extension::RoomUri(uri) => ("room_uri", Tree::text(uri)),
        Extension::SenderTimestamp(timestamp) => ("sender_timestamp", self::timestamp(timestamp)),
        Extension::ExternalMessageId(id) => ("external_message_id", external_id(id)),
        Extension::Subject(subject) => ("subject", Tree::text(subject)),
        Extension::LastSeen(LastSeen::Messages(ids)) => {
            ("last_seen", Tree::List(ids.iter().map(|id| Tree::text(id.to_string())).collect()))
        }
        Extension::LastSeen(LastSeen::External(ids)) => ("last_seen", Tree::List(ids.iter().map(external_id).collect())),
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
        None => Tree::Nothing,
        Some(Fraction::Millis(millis)) => Tree::text(format!("{millis} ms")),
        Some(Fraction::Micros(micros)) => Tree::text(format!("{micros} µs")),
        Some(Fraction::Nanos(nanos)) => Tree::text(format!("{nanos} ns")),
    };
    Tree::fields([("seconds", Tree::Number(timestamp.seconds)), ("fraction", fraction)])
}

fn external_id(id: &ExternalMessageId) -> Tree {
    let scope = match &id.scope {
        Scope::Enterprise(number) => ("enterprise", Tree::Number(*number)),
        Scope::Domain(domain) => ("domain", Tree::text(domain)),
        Scope::Uri(uri) => ("uri", Tree::text(uri)),
    };
    Tree::fields([("id", Tree::text_or_octets(&id.id)), scope])
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
            Tree::Fields(entries.iter().map(|(name, value)| (key(name), cbor(value))).collect())
        }
        Value::Tag(tag, inner) => Tree::fields([("tag", Tree::Number(*tag)), ("value", cbor(inner))]),
        other => Tree::text(format!("{other:?}")),
    }
}

fn part(part: &NestedPart) -> Tree {
    let head = Tree::fields([("disposition", disposition(part.disposition)), ("language", Tree::text(&part.language))]);
    head.and(match &part.body {
        PartBody::Null => Tree::fields([("null", Tree::Bool(true))]),
        PartBody::Single { content_type, content } => {
            Tree::fields([("content_type", Tree::text(content_type)), ("content", Tree::text_or_octets(content))])
        }
        PartBody::External(external) => Tree::fields([("external", self::external(external))]),
        PartBody::Multi { semantics, parts } => {
            let semantics = match semantics {
                PartSemantics::ChooseOne => "chooseOne",
                PartSemantics::SingleUnit => "singleUnit",
                PartSemantics::ProcessAll => "processAll",
            };
            let parts = Tree::List(parts.iter().map(self::part).collect());
            Tree::fields([("semantics", Tree::text(semantics)), ("parts", parts)])
        }
    })
}

fn disposition(disposition: Disposition) -> Tree {
    Tree::text(match disposition {
        Disposition::RENDER => "render".to_owned(),
        Disposition::REACTION => "reaction".to_owned(),
        Disposition::PROFILE => "profile".to_owned(),
        Disposition::INLINE => "inline".to_owned(),
        Disposition::ICON => "icon".to_owned(),
        Disposition::ATTACHMENT => "attachment".to_owned(),
        Disposition::SESSION => "session".to_owned(),
        Disposition::PREVIEW => "preview".to_owned(),
        Disposition(other) => other.to_string(),
    })
}

/// The key that opens it is not shown.
fn external(part: &ExternalPart) -> Tree {
    Tree::fields([
        ("content_type", Tree::text(&part.content_type)),
        ("url", Tree::text(&part.url)),
        ("expires", Tree::Number(part.expires.into())),
        ("size", Tree::Number(part.size)),
        ("enc_alg", Tree::Number(part.enc_alg.into())),
        ("key", Tree::text(format!("{} octets", part.key.len()))),
        ("nonce", Tree::Octets(part.nonce.clone())),
        ("aad", Tree::Octets(part.aad.clone())),
        ("hash_alg", Tree::Number(part.hash_alg.0.into())),
        ("content_hash", Tree::Octets(part.content_hash.clone())),
        ("description", Tree::text(&part.description)),
        ("filename", Tree::text(&part.filename)),
    ])
}

/// What the gateway says of a frame around a content that is none.
pub(super) fn judge_framed(octets: &[u8]) -> Result<(), (code::Code, String)> {
    let content = causeway_drafts::application::unframe(octets).map_err(|error| (code::MESSAGE_MALFORMED, error.to_string()))?;
    MimiContent::decode(&content).map(|_| ()).map_err(|error| (code::MESSAGE_MALFORMED, error.to_string()))
}
