//! An event of the federation API [Matrix: PDUs].

use std::collections::BTreeSet;

use causeway_core::code::{self, Coded};
use causeway_core::matrix::{Pdu, PduError, required_servers};
use ruma::RoomVersionId;
use ruma::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};

use super::names::json_offset;
use super::refused::Refused;
use super::tree::Tree;
use crate::time::rfc3339;

/// The room version of an event that is no `m.room.create` and of which nobody says it.
pub(super) const ASSUMED: &str = "12";

pub(super) fn read(octets: &[u8], version: Option<&str>) -> Result<Tree, Refused> {
    let refused = |error: &PduError| Refused { code: error.code(), why: error.to_string(), offset: None, length: octets.len() };
    let object: CanonicalJsonObject = serde_json::from_slice(octets).map_err(|error| Refused {
        code: code::EVENT_MALFORMED,
        offset: json_offset(octets, &error),
        why: error.to_string(),
        length: octets.len(),
    })?;
    let (version, source) = match (version, created(&object)) {
        (Some(version), _) => (version.to_owned(), "as asked"),
        (None, Some(version)) => (version, "as the event says"),
        (None, None) => (ASSUMED.to_owned(), "assumed; --room-version says another"),
    };
    let room_version = RoomVersionId::try_from(version.as_str()).map_err(|error| Refused {
        code: code::ROOM_VERSION,
        why: error.to_string(),
        offset: None,
        length: octets.len(),
    })?;
    let pdu = Pdu::from_object(object.clone(), &room_version).map_err(|error| refused(&error))?;
    let needed = required_servers(&object, &room_version).map_err(|error| refused(&error))?;
    let needed = needed.iter().map(ToString::to_string).collect();
    let time = Tree::text(i64::try_from(pdu.origin_server_ts()).map_or_else(|_| "out of range".to_owned(), rfc3339));
    Ok(Tree::fields([
        ("room_version", Tree::text(format!("{version} ({source})"))),
        ("event_id", Tree::text(pdu.event_id().as_str())),
        ("type", Tree::text(pdu.event_type())),
        ("state_key", pdu.state_key().map_or(Tree::Nothing, Tree::text)),
        ("sender", Tree::text(pdu.sender().as_str())),
        ("room_id", Tree::text(pdu.room_id().as_str())),
        ("depth", Tree::text(pdu.depth().to_string())),
        ("origin_server_ts", Tree::Number(pdu.origin_server_ts())),
        ("origin_server_time", time),
        ("prev_events", Tree::List(pdu.prev_events().iter().map(|id| Tree::text(id.as_str())).collect())),
        ("auth_events", Tree::List(pdu.auth_events().iter().map(|id| Tree::text(id.as_str())).collect())),
        ("content_hash", content_hash(&object)),
        ("signatures", signatures(&object, &needed)),
        ("content", json(object.get("content").unwrap_or(&CanonicalJsonValue::Null))),
    ]))
}

/// The version that an `m.room.create` event gives its room.
fn created(object: &CanonicalJsonObject) -> Option<String> {
    object.get("type").and_then(CanonicalJsonValue::as_str).filter(|kind| *kind == "m.room.create")?;
    let version = object.get("content")?.as_object()?.get("room_version").and_then(CanonicalJsonValue::as_str);
    Some(version.unwrap_or("1").to_owned())
}

fn content_hash(object: &CanonicalJsonObject) -> Tree {
    let stated = object.get("hashes").and_then(CanonicalJsonValue::as_object).and_then(|hashes| hashes.get("sha256"));
    let stated = stated.and_then(CanonicalJsonValue::as_str);
    Tree::text(match (stated, ruma::signatures::content_hash(object)) {
        (None, _) => "missing".to_owned(),
        (Some(_), Err(error)) => error.to_string(),
        (Some(stated), Ok(hash)) if stated == hash.encode() => "ok".to_owned(),
        (Some(stated), Ok(hash)) => format!("wrong: the event says {stated}, and it is {hash}; receivers redact the event"),
    })
}

/// Who has signed, and who should have. Without the keys that is all that can be said.
fn signatures(object: &CanonicalJsonObject, needed: &BTreeSet<String>) -> Tree {
    let signed = object.get("signatures").and_then(CanonicalJsonValue::as_object);
    let keys = |server: &str| -> Vec<Tree> {
        let keys = signed.and_then(|signed| signed.get(server)).and_then(CanonicalJsonValue::as_object);
        keys.into_iter().flat_map(|keys| keys.keys()).map(Tree::text).collect()
    };
    let servers: BTreeSet<String> =
        signed.into_iter().flat_map(|signed| signed.keys().cloned()).chain(needed.iter().cloned()).collect();
    let line = |server: String| {
        let keys = keys(&server);
        let state = match (keys.is_empty(), needed.contains(&server)) {
            (true, _) => "missing",
            (false, true) => "needed",
            (false, false) => "not needed",
        };
        Tree::fields([("server", Tree::text(&server)), ("signature", Tree::text(state)), ("keys", Tree::List(keys))])
    };
    Tree::List(servers.into_iter().map(line).collect())
}

fn json(value: &CanonicalJsonValue) -> Tree {
    match value {
        CanonicalJsonValue::Null => Tree::Nothing,
        CanonicalJsonValue::Bool(value) => Tree::Bool(*value),
        CanonicalJsonValue::Integer(number) => {
            let number = i64::from(*number);
            u64::try_from(number).map_or_else(|_| Tree::text(number.to_string()), Tree::Number)
        }
        CanonicalJsonValue::String(text) => Tree::text(text),
        CanonicalJsonValue::Array(items) => Tree::List(items.iter().map(json).collect()),
        CanonicalJsonValue::Object(object) => {
            Tree::Fields(None, object.iter().map(|(name, value)| (name.to_string(), json(value))).collect())
        }
    }
}
