//! mimi-content-09, by the draft's names.

use causeway_drafts::mimi_content_09::{
    ExtensionKey, ExternalPart, MessageId, MimiContent, NestedPart, PartBody, Value as Cbor, message_id,
};
use serde_json::{Value, json};

use super::checks::OPEN;
use super::files::{Case, File};
use super::mls::{list, octets};
use super::verdict::{Decoded, Refused, Verdict};

pub(super) fn mimi_content(bytes: &[u8]) -> Verdict {
    let content = MimiContent::decode(bytes).map_err(Refused::document)?;
    let mut extensions: Vec<_> = content.extensions.0.iter().collect();
    extensions.sort_by_key(|(key, _)| encoded_order(key));
    let extensions: Vec<Value> = extensions.into_iter().map(|(key, value)| json!([extension_key(key), cbor(value)])).collect();
    let fields = json!({
        "salt": octets(content.salt),
        "replaces": content.replaces.as_ref().map(MessageId::to_string),
        "topicId": octets(&content.topic_id),
        "expires": content.expires.map(|expires| json!({"relative": expires.relative, "time": expires.time})),
        "inReplyTo": content.in_reply_to.as_ref().map(MessageId::to_string),
        "mimiExtensions": extensions,
        "nestedPart": part(&content.nested_part),
    });
    Ok(Decoded { fields, octets: content.encode() })
}

fn extension_key(key: &ExtensionKey) -> Value {
    match key {
        ExtensionKey::Int(number) => json!(number),
        ExtensionKey::Text(name) => json!(name),
    }
}

/// The order of encoded keys: unsigned, negative and text, each from short to long.
fn encoded_order(key: &ExtensionKey) -> (u8, u64, &str) {
    match key {
        ExtensionKey::Int(number @ 0..) => (0, number.unsigned_abs(), ""),
        ExtensionKey::Int(number) => (1, number.unsigned_abs(), ""),
        ExtensionKey::Text(name) => (2, name.len() as u64, name),
    }
}

/// CBOR as the vectors write it in JSON.
fn cbor(value: &Cbor) -> Value {
    match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => json!(value),
        Cbor::Integer(number) => {
            let small = i64::try_from(*number).map(Value::from).or_else(|_| u64::try_from(*number).map(Value::from));
            small.unwrap_or_else(|_| json!({"integer": number.to_string()}))
        }
        Cbor::Float(number) => json!({"float": octets(number.to_be_bytes())}),
        Cbor::Bytes(bytes) => json!({"bytes": octets(bytes)}),
        Cbor::Text(text) => json!(text),
        Cbor::Array(items) => list(items, cbor),
        Cbor::Map(entries) => {
            json!({"map": entries.iter().map(|(key, value)| json!([cbor(key), cbor(value)])).collect::<Vec<_>>()})
        }
        Cbor::Tag(number, inner) => json!({"tag": [number, cbor(inner)]}),
        other => panic!("{other:?}"),
    }
}

fn part(value: &NestedPart) -> Value {
    let mut fields = json!({"disposition": value.disposition.0, "language": value.language});
    let (cardinality, more) = match &value.body {
        PartBody::Null => (0, json!({})),
        PartBody::Single { content_type, content } => (1, json!({"contentType": content_type, "content": octets(content)})),
        PartBody::External(external) => (2, external_part(external)),
        PartBody::Multi { semantics, parts } => (3, json!({"partSemantics": *semantics as u8, "parts": list(parts, part)})),
    };
    fields["cardinality"] = cardinality.into();
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields
}

fn external_part(value: &ExternalPart) -> Value {
    json!({
        "contentType": value.content_type,
        "url": value.url,
        "expires": value.expires,
        "size": value.size,
        "encAlg": value.enc_alg,
        "key": octets(&value.key),
        "nonce": octets(&value.nonce),
        "aad": octets(&value.aad),
        "hashAlg": value.hash_alg,
        "contentHash": octets(&value.content_hash),
        "description": value.description,
        "filename": value.filename,
    })
}

/// C-001 to C-003: every message that names its sender and room has the id that its vector says.
#[test]
fn c_001_messages_have_their_ids() {
    let files = ["mimi-content-09/published-examples", "mimi-content-09/mimiContent"].map(File::named);
    let mut count = 0;
    let is_open = |case: &&Case| OPEN.iter().any(|(_, name)| *name == case.name);
    for case in files.iter().flat_map(File::valid).filter(|case| !is_open(case)) {
        let Some(expected) = case.json["messageId"].as_str() else { continue };
        let octets = case.octets();
        let content = MimiContent::decode(&octets).unwrap();
        let id = message_id(content.sender_uri().unwrap(), content.room_uri().unwrap(), &octets, &content.salt);
        assert_eq!(id.to_string(), expected, "{}", case.name);
        count += 1;
    }
    assert!(count > 40, "{count}");
}
