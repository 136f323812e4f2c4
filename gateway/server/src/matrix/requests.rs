//! Joining, declining and inviting at other homeservers.

use std::sync::Arc;

use causeway_core::conversation::ghost_display_name;
use causeway_core::matrix::{Pdu, ROOM_VERSIONS, Room, Template, supports};
use ruma::api::federation::membership::{
    RawStrippedState, create_invite, create_join_event, create_leave_event, prepare_join_event, prepare_leave_event,
};
use ruma::{OwnedRoomId, OwnedServerName, OwnedUserId, RoomVersionId};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::FederationError;
use super::gap::check_each;
use super::receive::checked_pdu;
use crate::node::{Node, now_ms};

/// A room that was joined.
pub(crate) struct Joined(pub(crate) Box<Room>);

/// State that an invite carries, so that the invited can see what they are invited to.
const INVITE_STATE: [&str; 6] =
    ["m.room.create", "m.room.name", "m.room.topic", "m.room.join_rules", "m.room.encryption", "m.room.avatar"];

/// Joins a room through the first of the homeservers that lets us.
pub(crate) async fn join(
    node: &Arc<Node>,
    room_id: &OwnedRoomId,
    user: &OwnedUserId,
    via: &[OwnedServerName],
) -> Result<Joined, FederationError> {
    let mut last = None;
    for server in via {
        match join_through(node, room_id, user, server).await {
            Ok(joined) => return Ok(joined),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| FederationError::malformed(user.server_name(), "no homeserver to join through")))
}

async fn join_through(
    node: &Arc<Node>,
    room_id: &OwnedRoomId,
    user: &OwnedUserId,
    server: &OwnedServerName,
) -> Result<Joined, FederationError> {
    let malformed = |why: &dyn std::fmt::Display| FederationError::malformed(server, why);
    let mut request = prepare_join_event::v1::Request::new(room_id.clone(), user.clone());
    request.ver = ROOM_VERSIONS.to_vec();
    let prepared = node.federation.send(&node.gateway, server, request).await?;
    let version = prepared.room_version.unwrap_or(RoomVersionId::V1);
    if !supports(&version) {
        return Err(malformed(&format!("room version {version} is not supported")));
    }
    let mut content = json!({ "membership": "join" });
    if let Some(mimi) = node.gateway.names.ghost_to_mimi(user) {
        content["displayname"] = Value::String(ghost_display_name(&mimi));
    }
    let join = from_template(node, server, (room_id, &version, &prepared.event), (user, content))?;
    let request = create_join_event::v2::Request::new(room_id.clone(), join.event_id().clone(), raw(server, &join)?);
    let answer = node.federation.send(&node.gateway, server, request).await?.room_state;
    let state = check_each(node, server, &answer.state, &version).await?;
    let chain = check_each(node, server, &answer.auth_chain, &version).await?;
    let room = Room::from_send_join(version, state, chain, Arc::new(join)).map_err(|error| malformed(&error))?;
    Ok(Joined(Box::new(room)))
}

/// An own user's membership event, made from a peer's template.
fn from_template(
    node: &Node,
    server: &OwnedServerName,
    (room_id, version, template): (&OwnedRoomId, &RoomVersionId, &RawValue),
    (user, content): (&OwnedUserId, Value),
) -> Result<Pdu, FederationError> {
    let malformed = |why: &dyn std::fmt::Display| FederationError::malformed(server, why);
    let template: Value = serde_json::from_str(template.get()).map_err(|error| malformed(&error))?;
    Template::read(&template)
        .and_then(|template| template.membership((room_id, version), user, content, (now_ms(), &node.gateway.keys)))
        .map_err(|error| malformed(&error))
}

fn raw(server: &OwnedServerName, pdu: &Pdu) -> Result<Box<RawValue>, FederationError> {
    RawValue::from_string(pdu.json()).map_err(|error| FederationError::malformed(server, error))
}

/// Declines an invitation to a room that we are not in.
pub(crate) async fn decline(
    node: &Arc<Node>,
    room_id: &OwnedRoomId,
    user: &OwnedUserId,
    server: &OwnedServerName,
) -> Result<(), FederationError> {
    let request = prepare_leave_event::v1::Request::new(room_id.clone(), user.clone());
    let prepared = node.federation.send(&node.gateway, server, request).await?;
    let version = prepared.room_version.unwrap_or(RoomVersionId::V1);
    let leave = from_template(node, server, (room_id, &version, &prepared.event), (user, json!({ "membership": "leave" })))?;
    let request = create_leave_event::v2::Request::new(room_id.clone(), leave.event_id().clone(), raw(server, &leave)?);
    node.federation.send(&node.gateway, server, request).await.map(|_| ())
}

/// Has the invited user's homeserver sign an invite. What comes back is the same event, with that signature.
pub(crate) async fn invite(
    node: &Arc<Node>,
    server: &OwnedServerName,
    pdu: &Pdu,
    (version, state): (&RoomVersionId, Vec<Arc<Pdu>>),
) -> Result<Pdu, FederationError> {
    let state = state.iter().map(|event| raw(server, event).map(RawStrippedState::Pdu)).collect::<Result<_, _>>()?;
    let request =
        create_invite::v2::Request::new(pdu.room_id().clone(), pdu.event_id().clone(), version.clone(), raw(server, pdu)?, state);
    let answer = node.federation.send(&node.gateway, server, request).await?;
    let signed = checked_pdu(node, answer.event.get(), version).await.map_err(|error| FederationError::malformed(server, error))?;
    match signed.event_id() == pdu.event_id() {
        true => Ok(Arc::unwrap_or_clone(signed)),
        false => Err(FederationError::malformed(server, "it signed another event than the invite")),
    }
}

/// The state that goes with an invite, as whole events (since Matrix 1.16).
pub(crate) fn invite_state(room: &Room) -> Vec<Arc<Pdu>> {
    INVITE_STATE.iter().filter_map(|kind| room.state_event(kind, "")).cloned().collect()
}
