//! `POST /admin/v1/rooms/hardening`: whether a room's group is hardened.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::records::AuditRow;
use causeway_mls::Hardening;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::refusal::Refusal;
use crate::node::{Find, NodeError, now_ms};

/// As it is written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    None,
    PskPuncture,
}

impl From<Kind> for Hardening {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::None => Self::None,
            Kind::PskPuncture => Self::PskPuncture,
        }
    }
}

/// A room, by its conversation's number.
#[derive(Deserialize)]
pub(super) struct Question {
    conversation: i64,
    hardening: Kind,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    conversation: i64,
    hardening: Kind,
    dry_run: bool,
}

pub(super) async fn handler(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    let Question { conversation: id, hardening, dry_run } = question;
    let done = admin.node.transaction("operator: hardening", move |session| {
        Box::pin(async move {
            let mut conversation = session.conversation(&Find::Id(id)).await?;
            let ((), decision) = session.turn(|turn| conversation.harden(turn, hardening.into()))?;
            if dry_run {
                return Ok(());
            }
            session.save(conversation, decision).await?;
            let (action, subject) = ("rooms/hardening".to_owned(), format!("conversation {id}"));
            let detail = format!("hardening: {hardening:?}");
            session.tx.insert_audit(&AuditRow { at: now_ms() as i64, action, subject, detail }).await?;
            Ok(())
        })
    });
    match done.await {
        Ok(()) => {
            tracing::info!(action = "rooms/hardening", conversation = id, ?hardening, dry_run, "an operator's command");
            Ok(Json(Answer { conversation: id, hardening, dry_run }))
        }
        Err(NodeError::NoSuchRoom) => Err(Refusal::not_found("no such conversation")),
        Err(NodeError::Store(error)) => Err(error.into()),
        Err(error) => Err(Refusal::conflict(error.to_string())),
    }
}
