//! `GET /_matrix/federation/v1/event/{eventId}`

use std::sync::Arc;

use axum::extract::State;
use ruma::api::federation::event::get_event::v1::{Request, Response};
use ruma::{MilliSecondsSinceUnixEpoch, OwnedServerName, RoomId};

use super::{in_room, room_of};
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::matrix::visibility::as_seen_by;
use crate::node::{Node, NodeError};

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    let event_id = request.event_id;
    let pdu = node
        .transaction("event", move |session| {
            let (origin, event_id) = (origin.clone(), event_id.clone());
            Box::pin(async move {
                let row = session.tx.event(event_id.as_str()).await?.ok_or(NodeError::NoSuchRoom)?;
                let room_id = <&RoomId>::try_from(row.room_id.as_str()).map_err(|error| NodeError::Stored(error.to_string()))?;
                let conversation = in_room(session, room_id, &origin).await?;
                let seen = as_seen_by(session, room_of(&conversation)?, (&row, &origin)).await;
                session.unchanged(conversation);
                seen
            })
        })
        .await?;
    let origin = OwnedServerName::try_from(node.gateway.names.server_name()).map_err(MatrixError::internal)?;
    Ok(Answer(Response::new(origin, MilliSecondsSinceUnixEpoch::now(), pdu)))
}
