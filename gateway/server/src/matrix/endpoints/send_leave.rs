//! `PUT /_matrix/federation/v2/send_leave/{roomId}/{eventId}`

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use ruma::api::federation::membership::create_leave_event::v2::{Request, Response};

use super::send_join::check_membership;
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::matrix::gap::take_with_gap;
use crate::matrix::receive::{Duty, Received, checked_pdu, room_version};
use crate::node::Node;
use crate::telemetry::{Direction, Fate, Intake};

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let intake = Intake::one(Direction::MatrixToMimi);
    let done = leave(&node, signed).await;
    intake.ends(done.as_ref().map_or_else(MatrixError::fate, |(_, fate)| *fate));
    done.map(|(answer, _)| Answer(answer))
}

async fn leave(node: &Arc<Node>, signed: Signed<Request>) -> Result<(Response, Fate), MatrixError> {
    let Signed { origin, request } = signed;
    let version = room_version(node, &request.room_id).await?;
    let pdu = checked_pdu(node, request.pdu.get(), &version).await?;
    check_membership(&pdu, &origin, ("leave", request.room_id.as_str(), request.event_id.as_str()))?;
    let received = take_with_gap(node, &origin, &pdu, (&version, Duty::TakeAndRelay)).await?;
    let fate = received.fate();
    match received {
        Received::Taken | Received::Known | Received::Unheeded | Received::Parked => Ok((Response::new(), fate)),
        Received::Refused(code, why) => Err(MatrixError::new(code, why)),
        Received::MissingPrev(_) | Received::MissingAuth(_) => {
            Err(MatrixError::new(code::EVENT_CONTEXT_MISSING, "the leave refers to unknown events"))
        }
    }
}
