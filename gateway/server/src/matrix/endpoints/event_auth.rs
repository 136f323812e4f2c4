//! `GET /_matrix/federation/v1/event_auth/{roomId}/{eventId}`

use std::sync::Arc;

use axum::extract::State;
use causeway_core::matrix::Pdu;
use ruma::api::federation::authorization::get_event_authorization::v1::{Request, Response};
use serde_json::value::RawValue;

use super::state::auth_chain;
use super::{in_room, room_of};
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::node::{Node, NodeError};

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    let request = Arc::new(request);
    let chain = node
        .transaction("event auth", move |session| {
            let (origin, request) = (origin.clone(), request.clone());
            Box::pin(async move {
                let conversation = in_room(session, &request.room_id, &origin).await?;
                let room = room_of(&conversation)?;
                let row = session.tx.event(request.event_id.as_str()).await?.filter(|row| row.room_id == room.room_id().as_str());
                let row = row.ok_or(NodeError::NoSuchRoom)?;
                let event = Pdu::parse(&row.json, room.version()).map_err(|error| NodeError::Stored(error.to_string()))?;
                let chain = auth_chain(session, room, vec![Arc::new(event)]).await;
                session.unchanged(conversation);
                chain
            })
        })
        .await?;
    let chain = chain.values().map(|event| RawValue::from_string(event.json())).collect::<Result<_, _>>();
    Ok(Answer(Response::new(chain.map_err(MatrixError::internal)?)))
}
