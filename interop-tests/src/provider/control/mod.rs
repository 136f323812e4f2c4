//! The control API: how tests act as the users of this provider. Plain HTTP and JSON, on loopback only.

mod consents;
mod messages;
mod rooms;
mod users;

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use http::StatusCode;
use serde_json::{Value, json};

use super::Provider;
use super::error::{Error, Result};
use super::state::Refusal;

/// All routes.
pub(crate) fn router(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/users", post(users::create))
        .route("/users/devices", post(users::add_device))
        .route("/rooms", post(rooms::create).get(rooms::list))
        .route("/rooms/add", post(rooms::add))
        .route("/rooms/remove", post(rooms::remove))
        .route("/rooms/leave", post(rooms::leave))
        .route("/rooms/rename", post(rooms::rename))
        .route("/rooms/join", post(rooms::join))
        .route("/messages", post(messages::say).get(messages::list))
        .route("/consents", post(consents::act).get(consents::list))
        .route("/log", get(log))
        .with_state(provider)
}

type Answer<T = Value> = Result<Json<T>>;

fn done() -> Answer {
    Ok(Json(json!({})))
}

async fn log(Shared(provider): Shared<Arc<Provider>>) -> Json<Vec<Refusal>> {
    Json(provider.with(|state| state.log.clone()))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::BadRequest(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unreachable(_) | Self::RootsNeeded(_) => StatusCode::BAD_GATEWAY,
            Self::WrongEpoch { .. } | Self::FutureEpoch { .. } => StatusCode::CONFLICT,
            _ => StatusCode::FORBIDDEN,
        };
        (status, Json(json!({ "error": self.to_string(), "code": self.code() }))).into_response()
    }
}

impl Provider {
    /// `<user>/<device>`
    fn client_named(&self, device: &str) -> Result<ClientUri> {
        let unusable = || Error::BadRequest(format!("{device} is not <user>/<device>"));
        let (user, device) = device.rsplit_once('/').ok_or_else(unusable)?;
        let user = UserUri::checked(&self.domain, user).map_err(|_| unusable())?;
        let client = ClientUri::checked(&user, device).map_err(|_| unusable())?;
        self.with(|state| state.device(&client).map(|_| ()))?;
        Ok(client)
    }
}
