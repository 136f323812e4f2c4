//! `POST /admin/v1/rooms/retention`: how long a room's group keeps secrets of past epochs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::conversation::Retention;
use causeway_core::records::AuditRow;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::refusal::Refusal;
use crate::node::{Find, NodeError, now_ms};

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
    let done = admin.node.transaction("operator: retention", move |session| {
        Box::pin(async move {
            let mut conversation = session.conversation(&Find::Id(id)).await?;
            let ((), decision) = session.turn(|turn| conversation.retain(turn, retention))?;
            if dry_run {
                return Ok(());
            }
            session.save(conversation, decision).await?;
            let (action, subject) = ("rooms/retention".to_owned(), format!("conversation {id}"));
            let detail = format!("epochs: {epochs:?}, minutes: {minutes:?}");
            session.tx.insert_audit(&AuditRow { at: now_ms() as i64, action, subject, detail }).await?;
            Ok(())
        })
    });
    match done.await {
        Ok(()) => {
            tracing::info!(action = "rooms/retention", conversation = id, epochs, minutes, dry_run, "an operator's command");
            Ok(Json(Answer { conversation: id, epochs, minutes, dry_run }))
        }
        Err(NodeError::NoSuchRoom) => Err(Refusal::not_found("no such conversation")),
        Err(NodeError::Store(error)) => Err(error.into()),
        Err(error) => Err(Refusal::conflict(error.to_string())),
    }
}
