//! Who may read which past event [Matrix: history visibility], decided per homeserver.

use causeway_core::matrix::{Pdu, Room, StateMap};
use causeway_core::records::EventRow;
use ruma::canonical_json::{CanonicalJsonValue, redact};
use ruma::{RoomVersionId, ServerName, UserId};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::MatrixError;
use crate::node::{NodeError, Session};

/// An event as a homeserver may see it: whole, or redacted where the room's history visibility hides it.
pub(crate) async fn as_seen_by(
    session: &mut Session<'_>,
    room: &Room,
    (row, server): (&EventRow, &ServerName),
) -> Result<Box<RawValue>, NodeError> {
    let stored = |error: String| NodeError::Stored(error);
    let before = session.state_before(row).await?;
    let visible = match (&before, &row.state_key) {
        // State, and what is known only as part of an auth chain, is what every server in the room has anyway.
        (None, _) | (_, Some(_)) => true,
        (Some(before), None) => is_visible(session, room, (before, server)).await?,
    };
    let json =
        if visible { row.json.clone() } else { redacted(&row.json, room.version()).map_err(|error| stored(error.to_string()))? };
    RawValue::from_string(json).map_err(|error| stored(error.to_string()))
}

fn redacted(json: &str, version: &RoomVersionId) -> Result<String, MatrixError> {
    let object = serde_json::from_str(json).map_err(MatrixError::internal)?;
    let rules = version.rules().ok_or_else(|| MatrixError::incompatible_room_version(version))?;
    let object = redact(object, &rules.redaction, None).map_err(MatrixError::internal)?;
    Ok(CanonicalJsonValue::Object(object).to_string())
}

async fn is_visible(session: &mut Session<'_>, room: &Room, (state, server): (&StateMap, &ServerName)) -> Result<bool, NodeError> {
    let visibility = content_at(session, room, state, ("m.room.history_visibility", "")).await?;
    let visibility = visibility.as_ref().and_then(|content| content.get("history_visibility")).and_then(Value::as_str);
    let needed: &[&str] = match visibility.unwrap_or("shared") {
        "invited" => &["invite", "join"],
        "joined" => &["join"],
        _ => return Ok(true),
    };
    let members = state.keys().filter(|(kind, user)| kind == "m.room.member" && is_of(user, server));
    for (kind, user) in members {
        let content = content_at(session, room, state, (kind, user)).await?;
        let membership = content.as_ref().and_then(|content| content.get("membership")).and_then(Value::as_str);
        if membership.is_some_and(|membership| needed.contains(&membership)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_of(user: &str, server: &ServerName) -> bool {
    <&UserId>::try_from(user).is_ok_and(|user| user.server_name() == server)
}

async fn content_at(
    session: &mut Session<'_>,
    room: &Room,
    state: &StateMap,
    (kind, key): (&str, &str),
) -> Result<Option<Value>, NodeError> {
    let Some(id) = state.get(&(kind.to_owned(), key.to_owned())) else { return Ok(None) };
    if let Some(event) = room.event(id) {
        return Ok(Some(event.content_value()));
    }
    let Some(row) = session.tx.event(id.as_str()).await? else { return Ok(None) };
    let event = Pdu::parse(&row.json, room.version()).map_err(|error| NodeError::Stored(error.to_string()))?;
    Ok(Some(event.content_value()))
}
