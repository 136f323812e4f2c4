//! `GET /_matrix/federation/v1/backfill/{roomId}`: events before the given ones.

use std::sync::Arc;

use axum::extract::State;
use ruma::api::federation::backfill::get_backfill::v1::{Request, Response};
use ruma::{MilliSecondsSinceUnixEpoch, OwnedServerName};

use super::get_missing_events::{Walk, walk_back};
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::node::Node;

const MAX_EVENTS: u64 = 100;

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    let walk = Walk {
        room_id: request.room_id,
        from: request.v,
        until: Vec::new(),
        min_depth: 0,
        limit: u64::from(request.limit).min(MAX_EVENTS) as usize,
        with_start: true,
    };
    let pdus = walk_back(&node, origin, walk).await?;
    let origin = OwnedServerName::try_from(node.gateway.names.server_name()).map_err(MatrixError::internal)?;
    Ok(Answer(Response::new(origin, MilliSecondsSinceUnixEpoch::now(), pdus)))
}
