//! mimi-content-09, mimi-content-more-extensions-00 and mimi-message-status-01, by the drafts' names.

use causeway_drafts::cbor::Item;
use causeway_drafts::mimi_content_09::{
    Disposition, Extension, ExtensionKey, ExternalPart, MessageId, MimiContent, NestedPart, PartBody, message_id,
};
use causeway_drafts::mimi_content_more_extensions_00::{ExternalMessageId, Fraction, LastSeen, Scope, SenderTimestamp};
use causeway_drafts::mimi_message_status_01::MessageStatusReport;
use serde_json::{Value, json};

use super::cbor;
use super::files::File;
use super::mls::{list, octets};
use super::verdict::{Decoded, Refused, Verdict};

pub(super) fn mimi_content(bytes: &[u8]) -> Verdict {
    let content = MimiContent::decode(bytes).map_err(Refused::document)?;
    let extensions: Vec<Value> =
        content.extensions.iter().map(|one| json!([extension_key(&one.key()), value_in_cbor(one)])).collect();
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

/// The value of an extension as the vectors write CBOR.
fn value_in_cbor(extension: &Extension) -> Value {
    match extension {
        Extension::SenderUri(text) | Extension::RoomUri(text) | Extension::Subject(text) => json!(text),
        Extension::SenderTimestamp(SenderTimestamp { seconds, fraction }) => {
            let fraction = fraction.map(|fraction| match fraction {
                Fraction::Millis(value) => json!([-3, value]),
                Fraction::Micros(value) => json!([-6, value]),
                Fraction::Nanos(value) => json!([-9, value]),
            });
            json!({"map": std::iter::once(json!([1, seconds])).chain(fraction).collect::<Vec<_>>()})
        }
        Extension::ExternalMessageId(id) => json!([{"bytes": octets(&id.id)}, scope(&id.scope)]),
        Extension::LastSeen(LastSeen::Messages(ids)) => list(ids, |id| json!({"bytes": id.to_string()})),
        Extension::LastSeen(LastSeen::External(ids)) => list(ids, |id| json!([{"bytes": octets(&id.id)}, scope(&id.scope)])),
        Extension::Unknown(unknown) => cbor::to_json(unknown.value().as_bytes()),
    }
}

fn scope(value: &Scope) -> Value {
    match value {
        Scope::Enterprise(number) => json!(number),
        Scope::Domain(name) => json!(name),
        Scope::Uri(uri) => json!({"tag": [32, uri]}),
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
        "hashAlg": value.hash_alg.0,
        "contentHash": octets(&value.content_hash),
        "description": value.description,
        "filename": value.filename,
    })
}

/// The value of an extension, alone, with fields of its own.
pub(super) fn extension(key: i64, bytes: &[u8], fields: impl FnOnce(&Extension) -> Value) -> Verdict {
    let value = Item::from_bytes(bytes).map_err(Refused::document)?;
    let extension = Extension::new(ExtensionKey::Int(key), &value).map_err(|error| {
        let refused = Refused::document(error);
        let before = before_value(&ExtensionKey::Int(key)) as u64;
        Refused { offset: refused.offset.map(|offset| offset - before), ..refused }
    })?;
    Ok(Decoded { fields: fields(&extension), octets: encoded_value(extension) })
}

/// Octets before the value of the only extension in a map: the heads of the map and of the key, which is at most 256.
fn before_value(key: &ExtensionKey) -> usize {
    if matches!(key, ExtensionKey::Int(0..24)) { 2 } else { 4 }
}

/// The encoding of an extension's value, cut out of a message that has nothing else.
fn encoded_value(extension: Extension) -> Vec<u8> {
    let message = |extensions: Vec<Extension>| MimiContent {
        salt: [0; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: extensions.into_iter().collect(),
        nested_part: NestedPart::null(Disposition::UNSPECIFIED),
    };
    // The body, [0, "", 0], is four octets.
    const BODY: usize = 4;
    let before_map = message(Vec::new()).encode().len() - BODY - 1;
    let before_value = before_map + before_value(&extension.key());
    let with = message(vec![extension]).encode();
    with[before_value..with.len() - BODY].to_vec()
}

pub(super) fn sender_timestamp(value: &Extension) -> Value {
    let Extension::SenderTimestamp(SenderTimestamp { seconds, fraction }) = value else { panic!("{value:?}") };
    let fraction = match fraction {
        None => json!({}),
        Some(Fraction::Millis(value)) => json!({"-3": value}),
        Some(Fraction::Micros(value)) => json!({"-6": value}),
        Some(Fraction::Nanos(value)) => json!({"-9": value}),
    };
    json!({"seconds": seconds, "fraction": fraction})
}

fn external_id(value: &ExternalMessageId) -> Value {
    json!({"id": octets(&value.id), "scope": scope(&value.scope)})
}

pub(super) fn external_message_id(value: &Extension) -> Value {
    let Extension::ExternalMessageId(id) = value else { panic!("{value:?}") };
    external_id(id)
}

pub(super) fn subject(value: &Extension) -> Value {
    let Extension::Subject(text) = value else { panic!("{value:?}") };
    json!(text)
}

pub(super) fn last_seen(value: &Extension) -> Value {
    match value {
        Extension::LastSeen(LastSeen::Messages(ids)) => list(ids, |id| json!({"messageId": id.to_string()})),
        Extension::LastSeen(LastSeen::External(ids)) => list(ids, external_id),
        other => panic!("{other:?}"),
    }
}

pub(super) fn message_status_report(bytes: &[u8]) -> Verdict {
    let report = MessageStatusReport::decode(bytes).map_err(Refused::document)?;
    let fields = list(&report.statuses, |entry| json!({"messageId": entry.message_id.to_string(), "status": entry.status.0}));
    Ok(Decoded { fields, octets: report.encode() })
}

/// C-001 to C-003: every message that names its sender and room has the id that its vector says.
#[test]
fn c_001_messages_have_their_ids() {
    let files = ["mimi-content-09/published-examples", "mimi-content-09/mimiContent"].map(File::named);
    let mut count = 0;
    for case in files.iter().flat_map(File::valid) {
        let Some(expected) = case.json["messageId"].as_str() else { continue };
        let octets = case.octets();
        let content = MimiContent::decode(&octets).unwrap();
        let id = message_id(content.sender_uri().unwrap(), content.room_uri().unwrap(), &octets, &content.salt);
        assert_eq!(id.to_string(), expected, "{}", case.name);
        count += 1;
    }
    assert!(count > 40, "{count}");
}
