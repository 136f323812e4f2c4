//! `GET /admin/v1/status`: what runs, for how long, and whether it is ready.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Admin;
use super::health::check;

pub(super) async fn handler(State(admin): State<Arc<Admin>>) -> Json<Value> {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "server_name": admin.node.gateway.names.server_name(),
        "provider": admin.node.providers.ours().to_string(),
        "uptime_seconds": admin.began.elapsed().as_secs(),
        "readiness": check(&admin).await,
    }))
}
