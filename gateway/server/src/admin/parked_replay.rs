//! `POST /admin/v1/parked/replay`: something that is parked is processed again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::records::AuditRow;
use causeway_store::StoreError;
use causeway_store::operator::ParkedLine;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::refusal::Refusal;
use crate::node::{ReplayError, now_ms};

#[derive(Deserialize)]
pub(super) struct Question {
    id: i64,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    id: i64,
    outcome: &'static str,
    dry_run: bool,
}

pub(super) async fn handler(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    let Question { id, dry_run } = question;
    let lines = admin.node.store.transaction::<_, StoreError, _>("operator: replay", move |tx| {
        Box::pin(async move {
            let line = tx.parked_lines().await?.into_iter().find(|line| line.id == id);
            // Before anything is done, so that nothing is done unnoted.
            if let (Some(line), false) = (&line, dry_run) {
                tx.insert_audit(&audit(line)).await?;
            }
            Ok(line)
        })
    });
    let line = lines.await?.ok_or_else(|| Refusal::not_found(ReplayError::NotParked(id).to_string()))?;
    tracing::info!(action = "parked/replay", id, kind = line.kind, code = line.code, dry_run, "an operator's command");
    if dry_run {
        return Ok(Json(Answer { id, outcome: "not tried", dry_run }));
    }
    match admin.node.replay_parked(id).await {
        Ok(()) => Ok(Json(Answer { id, outcome: "processed", dry_run })),
        Err(error @ ReplayError::NotParked(_)) => Err(Refusal::not_found(error.to_string())),
        Err(error @ ReplayError::HeldBack(_)) => Err(Refusal::conflict(error.to_string())),
        Err(ReplayError::Node(error)) => Err(Refusal::conflict(format!("it fails again, and stays parked: {error}"))),
    }
}

fn audit(line: &ParkedLine) -> AuditRow {
    AuditRow {
        at: now_ms() as i64,
        action: "parked/replay".to_owned(),
        subject: format!("parked {}", line.id),
        detail: format!("{} {} of {}: {}", line.kind, line.subject, line.source, line.code),
    }
}
