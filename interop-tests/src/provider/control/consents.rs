//! Consent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_uri::{RoomUri, UserUri};
use serde::Deserialize;

use super::{Answer, done};
use crate::provider::Provider;
use crate::provider::consent::Consent;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Operation {
    Request,
    Cancel,
    Grant,
    Revoke,
}

#[derive(Deserialize)]
pub(super) struct Act {
    operation: Operation,
    requester: UserUri,
    target: UserUri,
    room: Option<RoomUri>,
}

pub(super) async fn act(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<Act>) -> Answer {
    let operation = match body.operation {
        Operation::Request => ConsentOperation::Request,
        Operation::Cancel => ConsentOperation::Cancel,
        Operation::Grant => ConsentOperation::Grant,
        Operation::Revoke => ConsentOperation::Revoke,
    };
    provider.consent(ConsentEntry::new(operation, body.requester, body.target, body.room)).await?;
    done()
}

pub(super) async fn list(Shared(provider): Shared<Arc<Provider>>) -> Json<Vec<Consent>> {
    Json(provider.with(|state| state.consents.all().to_vec()))
}
