//! `POST /admin/v1/queue/drop`: an item is given up, and counts as a loss.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::loss::Feature;
use causeway_core::records::LossRow;
use causeway_store::{Queued, StoreError, Tx};
use serde::{Deserialize, Serialize};

use super::Admin;
use super::refusal::Refusal;
use crate::node::now_ms;
use crate::telemetry::Tally;

/// The longest reason.
const MAX_REASON: usize = 500;

#[derive(Deserialize)]
pub(super) struct Question {
    id: i64,
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    id: i64,
    lane: String,
    kind: String,
    conversation: Option<i64>,
    dry_run: bool,
}

/// What was found.
enum Found {
    Nothing,
    BeingSent,
    Item(Queued),
}

pub(super) async fn handler(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    if question.reason.trim().is_empty() || question.reason.len() > MAX_REASON {
        return Err(Refusal::invalid(format!("give a reason of at most {MAX_REASON} octets")));
    }
    let question = Arc::new(question);
    let asked = question.clone();
    let dropped = admin.node.store.transaction("operator: drop", move |tx| {
        let question = asked.clone();
        Box::pin(async move { drop_item(tx, &question).await })
    });
    let Question { id, reason, dry_run } = &*question;
    match dropped.await? {
        Found::Nothing => Err(Refusal::not_found(format!("no item {id} waits"))),
        Found::BeingSent => Err(Refusal::conflict(format!("item {id} is being sent; try again in a while"))),
        Found::Item(Queued { id, lane, kind, conversation_id, .. }) => {
            tracing::warn!(action = "queue/drop", id, lane, kind, reason, dry_run, "an operator's command");
            if !dry_run {
                let mut tally = Tally::default();
                tally.loss(&Feature::Discarded.to_string(), direction(&lane));
                tally.count();
            }
            admin.node.outbox.wake();
            Ok(Json(Answer { id, lane, kind, conversation: conversation_id, dry_run: *dry_run }))
        }
    }
}

async fn drop_item(tx: &mut Tx, question: &Question) -> Result<Found, StoreError> {
    let Some(item) = tx.queued(question.id).await? else { return Ok(Found::Nothing) };
    let now = now_ms() as i64;
    if item.leased_until > now {
        return Ok(Found::BeingSent);
    }
    if !question.dry_run {
        let loss = LossRow {
            conversation_id: item.conversation_id.unwrap_or_default(),
            source: item.kind.clone(),
            direction: direction(&item.lane).to_owned(),
            feature: Feature::Discarded.to_string(),
            detail: format!("dropped by an operator: {}", question.reason),
            recorded_at: now,
        };
        tx.insert_loss(&loss).await?;
        tx.forget(&[item.id]).await?;
    }
    Ok(Found::Item(item))
}

/// Which way what a lane carries goes.
fn direction(lane: &str) -> &'static str {
    match lane.split(':').next() {
        Some("pdu" | "matrix") => "mimi_to_matrix",
        _ => "matrix_to_mimi",
    }
}
