//! `GET /_matrix/key/v2/server`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::matrix::error::MatrixError;
use crate::node::{Node, now_ms};

/// Others may use the answer so long: a day.
const LIFETIME: u64 = 24 * 3600 * 1000;

pub(super) async fn handler(State(node): State<Arc<Node>>) -> Result<Json<Value>, MatrixError> {
    Ok(Json(node.gateway.keys.published(now_ms() + LIFETIME)?))
}
