//! Users and their devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::json;

use super::Answer;
use crate::provider::Provider;

#[derive(Deserialize)]
pub(super) struct Create {
    user: String,
    devices: Vec<String>,
}

pub(super) async fn create(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<Create>) -> Answer {
    let (user, clients) = provider.add_devices(&body.user, &body.devices)?;
    Ok(Json(json!({ "user_uri": user, "clients": clients })))
}

#[derive(Deserialize)]
pub(super) struct AddDevice {
    user: String,
    device: String,
}

pub(super) async fn add_device(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<AddDevice>) -> Answer {
    let (_, clients) = provider.add_devices(&body.user, &[body.device])?;
    Ok(Json(json!({ "client": clients.first() })))
}
