//! `GET /_matrix/federation/v1/state/{roomId}` and `/state_ids/{roomId}`: the state before an event.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use causeway_core::matrix::{Pdu, Room};
use ruma::api::federation::event::{get_room_state, get_room_state_ids};
use ruma::{OwnedEventId, OwnedRoomId, OwnedServerName};
use serde_json::value::RawValue;

use super::{in_room, room_of};
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::node::{Node, NodeError, Session};

/// Events by their ids.
type Events = BTreeMap<OwnedEventId, Arc<Pdu>>;

pub(super) async fn handler(
    State(node): State<Arc<Node>>,
    signed: Signed<get_room_state::v1::Request>,
) -> Result<Answer<get_room_state::v1::Response>, MatrixError> {
    let Signed { origin, request } = signed;
    let (state, chain) = state_at(&node, origin, (request.room_id, request.event_id)).await?;
    let raw = |events: Events| events.values().map(|event| RawValue::from_string(event.json())).collect::<Result<Vec<_>, _>>();
    let (state, chain) = (raw(state).map_err(MatrixError::internal)?, raw(chain).map_err(MatrixError::internal)?);
    Ok(Answer(get_room_state::v1::Response::new(chain, state)))
}

pub(super) async fn ids_handler(
    State(node): State<Arc<Node>>,
    signed: Signed<get_room_state_ids::v1::Request>,
) -> Result<Answer<get_room_state_ids::v1::Response>, MatrixError> {
    let Signed { origin, request } = signed;
    let (state, chain) = state_at(&node, origin, (request.room_id, request.event_id)).await?;
    Ok(Answer(get_room_state_ids::v1::Response::new(chain.into_keys().collect(), state.into_keys().collect())))
}

async fn state_at(
    node: &Arc<Node>,
    origin: OwnedServerName,
    (room_id, event_id): (OwnedRoomId, OwnedEventId),
) -> Result<(Events, Events), MatrixError> {
    let found = node.transaction("state", move |session| {
        let (origin, room_id, event_id) = (origin.clone(), room_id.clone(), event_id.clone());
        Box::pin(async move {
            let conversation = in_room(session, &room_id, &origin).await?;
            let found = before(session, room_of(&conversation)?, &event_id).await;
            session.unchanged(conversation);
            found
        })
    });
    Ok(found.await?)
}

async fn before(session: &mut Session<'_>, room: &Room, event_id: &OwnedEventId) -> Result<(Events, Events), NodeError> {
    let row = session.tx.event(event_id.as_str()).await?.filter(|row| row.room_id == room.room_id().as_str());
    let row = row.ok_or(NodeError::NoSuchRoom)?;
    let state = session.state_before(&row).await?.ok_or(NodeError::NoSuchRoom)?;
    let mut events = Events::new();
    for id in state.values() {
        events.insert(id.clone(), event(session, room, id).await?);
    }
    let chain = auth_chain(session, room, events.values().cloned().collect()).await?;
    Ok((events, chain))
}

/// Everything that allows the given events.
pub(super) async fn auth_chain(session: &mut Session<'_>, room: &Room, from: Vec<Arc<Pdu>>) -> Result<Events, NodeError> {
    let mut chain = Events::new();
    let mut queue: Vec<OwnedEventId> = from.iter().flat_map(|event| event.auth_events()).cloned().collect();
    while let Some(id) = queue.pop() {
        if chain.contains_key(&id) {
            continue;
        }
        let found = event(session, room, &id).await?;
        queue.extend(found.auth_events().iter().cloned());
        chain.insert(id, found);
    }
    Ok(chain)
}

async fn event(session: &mut Session<'_>, room: &Room, id: &OwnedEventId) -> Result<Arc<Pdu>, NodeError> {
    if let Some(event) = room.event(id) {
        return Ok(event.clone());
    }
    let row = session.tx.event(id.as_str()).await?.ok_or_else(|| NodeError::Stored(format!("event {id} is missing")))?;
    Pdu::parse(&row.json, room.version()).map(Arc::new).map_err(|error| NodeError::Stored(error.to_string()))
}
