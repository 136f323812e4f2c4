//! Events that cannot be processed, and are tried again on an operator's word.

use std::sync::Arc;

use causeway_core::code::Coded;
use causeway_core::matrix::Pdu;
use causeway_core::records::ParkedRow;
use ruma::{OwnedRoomId, RoomVersionId, ServerName};
use serde::Deserialize;

use super::gap::take_with_gap;
use super::receive::{Duty, Received, checked_pdu, room_version};
use crate::node::{Find, Node, NodeError, to_park};

#[derive(Deserialize)]
struct RoomOf {
    room_id: Option<OwnedRoomId>,
}

fn stored(error: impl std::fmt::Display) -> NodeError {
    NodeError::Stored(error.to_string())
}

/// Parks an event that cannot even be taken into its room.
pub(super) async fn park_event(node: &Arc<Node>, pdu: &Arc<Pdu>, error: NodeError) -> Result<(), NodeError> {
    let (code, reason) = (error.code(), error.to_string());
    let row = to_park("event", (pdu.sender().server_name().as_str(), pdu.event_id().as_str()), (code, reason.clone()));
    let row = Arc::new(ParkedRow { body: pdu.json().into_bytes(), ..row });
    let room_id = pdu.room_id().to_string();
    node.transaction("park event", move |session| {
        let (row, room_id) = (row.clone(), room_id.clone());
        let why = NodeError::Stored(reason.clone());
        Box::pin(async move {
            if session.tx.is_parked(&row.kind, &row.subject).await? {
                return Ok(());
            }
            let conversation_id = session.tx.conversation_of_matrix_room(&room_id).await?;
            session.park(&ParkedRow { conversation_id, ..ParkedRow::clone(&row) }, why).await
        })
    })
    .await
}

/// As if its homeserver had sent it again.
pub(crate) async fn replay_event(node: &Arc<Node>, row: &ParkedRow) -> Result<(), NodeError> {
    let json = std::str::from_utf8(&row.body).map_err(stored)?;
    let RoomOf { room_id } = serde_json::from_str(json).map_err(stored)?;
    let room_id = room_id.ok_or_else(|| stored("a parked event without room"))?;
    let version = room_version(node, &room_id).await?;
    let pdu = checked_pdu(node, json, &version).await.map_err(stored)?;
    let origin = <&ServerName>::try_from(row.source.as_str()).map_err(stored)?;
    match take_with_gap(node, origin, &pdu, (&version, Duty::Replay)).await? {
        Received::MissingPrev(_) | Received::MissingAuth(_) => return Err(stored("the events that it refers to cannot be had")),
        Received::Taken | Received::Known | Received::Unheeded | Received::Parked | Received::Refused(..) => {}
    }
    let id = row.id;
    Ok(node.store.transaction("unpark", move |tx| Box::pin(tx.unpark(id))).await?)
}

/// The event is in its room already: what it means for the conversation.
pub(crate) async fn replay_effect(node: &Arc<Node>, row: &ParkedRow) -> Result<(), NodeError> {
    let (id, event_id) = (row.id, row.subject.clone());
    node.transaction("replay effect", move |session| {
        let event_id = event_id.clone();
        Box::pin(async move {
            if session.tx.parked(id).await?.is_none() {
                return Ok(());
            }
            let event = session.tx.event(&event_id).await?.ok_or_else(|| stored("a parked event is missing"))?;
            let mut conversation = session.conversation(&Find::Matrix(event.room_id.clone())).await?;
            let version = conversation.row.room_version.as_deref().unwrap_or_default();
            let version = RoomVersionId::try_from(version).map_err(stored)?;
            let pdu = Arc::new(Pdu::parse(&event.json, &version).map_err(stored)?);
            let ((), decision) = session.turn(|turn| conversation.matrix_event(turn, &pdu))?;
            session.save(conversation, decision).await?;
            Ok(session.tx.unpark(id).await?)
        })
    })
    .await
}
