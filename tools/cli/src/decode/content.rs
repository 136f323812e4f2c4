//! A MIMI content document [mimi-content-09].

use causeway_core::code;
use causeway_drafts::mimi_content_09::{
    ContentError, Disposition, ExtensionKey, ExternalPart, MimiContent, NestedPart, PartBody, PartSemantics, Value, message_id,
};

use super::Refused;
use super::tree::Tree;

pub(super) fn read(octets: &[u8]) -> Result<Tree, Refused> {
    tree(octets).map_err(|error| {
        let (why, offset) = match error {
            ContentError::Cbor(error) => (error.kind.to_string(), Some(error.offset)),
            ContentError::Field { field, .. } => (error.to_string(), offset_of(octets, field)),
            ContentError::Limit { .. } => (error.to_string(), None),
        };
        Refused { code: code::MESSAGE_MALFORMED, why, offset, length: octets.len() }
    })
}

/// Where the field of the document begins that holds this one.
fn offset_of(octets: &[u8], field: &str) -> Option<usize> {
    let index = match field {
        "the document" => return Some(0),
        "salt" => 0,
        "replaces" => 1,
        "topicId" => 2,
        "expires" => 3,
        "inReplyTo" => 4,
        "mimiExtensions" | "an extension key" | "extension 1 or 2" => 5,
        _ => 6,
    };
    // The head of an array of seven is one octet.
    let mut items = serde_cbor::Deserializer::from_slice(octets.get(1..)?).into_iter::<serde_cbor::Value>();
    for _ in 0..index {
        items.next()?.ok()?;
    }
    Some(1 + items.byte_offset())
}

pub(super) fn tree(octets: &[u8]) -> Result<Tree, ContentError> {
    let content = MimiContent::decode(octets)?;
    let id = match (content.sender_uri(), content.room_uri()) {
        (Some(sender), Some(room)) => Tree::text(message_id(sender, room, octets, &content.salt).to_string()),
        _ => Tree::Nothing,
    };
    let expires = content.expires.map_or(Tree::Nothing, |expires| {
        Tree::fields([("relative", Tree::Bool(expires.relative)), ("seconds", Tree::Number(expires.time.into()))])
    });
    let optional =
        |id: Option<causeway_drafts::mimi_content_09::MessageId>| id.map_or(Tree::Nothing, |id| Tree::text(id.to_string()));
    let extensions = content.extensions.0.iter().map(|(key, value)| (name(key), cbor(value)));
    Ok(Tree::fields([
        ("message_id", id),
        ("salt", Tree::Octets(content.salt.to_vec())),
        ("replaces", optional(content.replaces)),
        ("topic_id", Tree::text_or_octets(&content.topic_id)),
        ("expires", expires),
        ("in_reply_to", optional(content.in_reply_to)),
        ("extensions", Tree::Fields(extensions.collect())),
        ("nested_part", part(&content.nested_part)),
    ]))
}

fn name(key: &ExtensionKey) -> String {
    match key {
        ExtensionKey::Int(1) => "1 sender_uri".to_owned(),
        ExtensionKey::Int(2) => "2 room_uri".to_owned(),
        ExtensionKey::Int(number) => number.to_string(),
        ExtensionKey::Text(text) => text.clone(),
    }
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
        ("hash_alg", Tree::Number(part.hash_alg.into())),
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
