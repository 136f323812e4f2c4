//! `GET /_matrix/federation/v1/make_leave/{roomId}/{userId}`

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use ruma::api::federation::membership::prepare_leave_event::v1::{Request, Response};
use serde_json::value::to_raw_value;

use super::make_join::template;
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::node::Node;

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    if request.user_id.server_name() != origin {
        return Err(MatrixError::new(code::SENDER_ELSEWHERE, "a homeserver may only ask for its own users"));
    }
    let (version, template) = template(&node, &request.room_id, request.user_id, "leave").await?;
    Ok(Answer(Response::new(Some(version), to_raw_value(&template).map_err(MatrixError::internal)?)))
}
