//! `POST /admin/v1/rooms/hub_lost`: the hub of a room is given up, its members order their commits by themselves; and
//! `hub_back`: it orders them again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::conversation::outgoing::lane;
use causeway_core::records::AuditRow;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::refusal::Refusal;
use crate::node::{Find, NodeError, now_ms};

/// A room, by its conversation's number.
#[derive(Deserialize)]
pub(super) struct Question {
    conversation: i64,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    conversation: i64,
    /// The term that has been opened, or would be.
    term: u64,
    dry_run: bool,
}

/// What becomes of the hub.
#[derive(Clone, Copy)]
enum Change {
    Lost,
    Back,
}

impl Change {
    fn action(self) -> &'static str {
        match self {
            Self::Lost => "rooms/hub_lost",
            Self::Back => "rooms/hub_back",
        }
    }
}

pub(super) async fn lost(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    change(&admin, Change::Lost, question).await
}

pub(super) async fn back(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    change(&admin, Change::Back, question).await
}

async fn change(admin: &Admin, change: Change, question: Question) -> Result<Json<Answer>, Refusal> {
    let Question { conversation: id, reason, dry_run } = question;
    let reason = Arc::new(reason);
    let done = admin.node.transaction("operator: a room's hub", move |session| {
        let reason = reason.clone();
        Box::pin(async move {
            let mut conversation = session.conversation(&Find::Id(id)).await?;
            let (hub, room) = (conversation.row.hub.clone(), conversation.row.mimi_room.clone());
            let ((), decision) = session.turn(|turn| match change {
                Change::Lost => conversation.hub_lost(turn),
                Change::Back => conversation.hub_back(turn),
            })?;
            let term = conversation.forkable.as_ref().map_or(0, |forkable| forkable.graph().term());
            if dry_run {
                return Ok(term);
            }
            session.save(conversation, decision).await?;
            if let (Some(hub), Some(room)) = (hub, room) {
                // What was wanted of the hub is done by ourselves, and need not wait for it any longer.
                session.tx.retry_lane(&lane::mimi(&hub, &room)).await?;
            }
            let (action, subject) = (change.action().to_owned(), format!("conversation {id}"));
            session.tx.insert_audit(&AuditRow { at: now_ms() as i64, action, subject, detail: (*reason).clone() }).await?;
            Ok(term)
        })
    });
    match done.await {
        Ok(term) => {
            tracing::info!(action = change.action(), conversation = id, term, dry_run, "an operator's command");
            Ok(Json(Answer { conversation: id, term, dry_run }))
        }
        Err(NodeError::NoSuchRoom) => Err(Refusal::not_found("no such conversation")),
        Err(NodeError::Store(error)) => Err(error.into()),
        Err(error) => Err(Refusal::conflict(error.to_string())),
    }
}
