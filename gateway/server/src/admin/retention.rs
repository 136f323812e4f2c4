//! `POST /admin/v1/rooms/retention`: how long a room's group keeps secrets of past epochs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::conversation::Retention;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::command::{Command, carry_out};
use super::refusal::Refusal;

/// A room, by its conversation's number. What is not named follows what is set for all.
#[derive(Deserialize)]
pub(super) struct Question {
    conversation: i64,
    epochs: Option<u64>,
    minutes: Option<u64>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    conversation: i64,
    epochs: Option<u64>,
    minutes: Option<u64>,
    dry_run: bool,
}

pub(super) async fn handler(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    let Question { conversation: id, epochs, minutes, dry_run } = question;
    let retention = Retention { epochs, age_ms: minutes.map(|minutes| minutes.saturating_mul(60_000)) };
    let detail = format!("epochs: {epochs:?}, minutes: {minutes:?}");
    let command = Command { action: "rooms/retention", conversation: id, detail, dry_run };
    carry_out(&admin, command, move |conversation, turn| conversation.retain(turn, retention)).await?;
    Ok(Json(Answer { conversation: id, epochs, minutes, dry_run }))
}
