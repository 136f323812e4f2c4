//! `POST /admin/v1/certificates/reload`: what SIGHUP does, with an answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::Admin;

pub(super) async fn handler(State(admin): State<Arc<Admin>>) -> (StatusCode, Json<Value>) {
    tracing::info!(action = "certificates/reload", "an operator's command");
    match admin.certificates.reload(&admin.node) {
        Ok(()) => (StatusCode::OK, Json(json!({ "reloaded": true }))),
        Err(error) => (StatusCode::CONFLICT, Json(json!({ "reloaded": false, "error": format!("{error:#}") }))),
    }
}
