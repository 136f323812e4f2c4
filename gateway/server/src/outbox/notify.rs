//! Fan-outs for a follower: in the order of acceptance, several in one body (P-066), the same body for a retry (P-071).

use std::sync::Arc;

use causeway_core::conversation::Outgoing;
use causeway_core::loss::Feature;
use causeway_core::records::{LossRow, OutboxRow};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};

use super::Peer;
use super::deliver::{backoff, forget, postpone};
use crate::crash;
use crate::mimi::Target;
use crate::node::{Node, NodeError, now_ms};

fn stored(error: impl std::fmt::Display) -> NodeError {
    NodeError::Stored(error.to_string())
}

pub(super) async fn deliver(node: &Arc<Node>, rows: &[OutboxRow]) -> Result<(), NodeError> {
    let mut body = Vec::new();
    let mut to = None;
    for row in rows {
        match Outgoing::from_bytes(&row.body).map_err(stored)? {
            // One lane is one room at one provider.
            Outgoing::Notify { room, provider, message } => {
                to = Some((room, provider));
                body.extend(message);
            }
            _ => return Err(stored("an item that is no fan-out in a batch of them")),
        }
    }
    let Some((room, provider)) = to else { return Ok(()) };
    let (room, provider): (RoomUri, ProviderDomain) = (room.parse().map_err(stored)?, provider.parse().map_err(stored)?);
    let sent = node.providers.post(&provider, Target::Notify(&room), (&room.provider(), body)).await;
    crash::point("after-request", "notify");
    match sent {
        Ok(_) => Ok(forget(node, rows).await?),
        Err(error) if error.is_about_the_body() => {
            tracing::error!(%provider, %room, %error, messages = rows.len(), "a follower refuses a fan-out for good");
            refused(node, rows, error.to_string()).await
        }
        Err(error) => {
            tracing::info!(%provider, %room, %error, "a fan-out is not delivered yet");
            node.outbox.waits_for(Peer::Provider(provider));
            let attempts = rows.first().map_or(1, |row| row.attempts);
            let wait = error.retry_after().unwrap_or_else(|| backoff(attempts));
            Ok(postpone(node, rows, wait, error.to_string()).await?)
        }
    }
}

/// Operators see what a follower would not have.
async fn refused(node: &Node, rows: &[OutboxRow], detail: String) -> Result<(), NodeError> {
    let loss = Arc::new(LossRow {
        conversation_id: rows.first().and_then(|row| row.conversation_id).unwrap_or_default(),
        source: "notify".to_owned(),
        direction: "matrix_to_mimi".to_owned(),
        feature: Feature::RefusedByFollower.to_string(),
        detail,
        recorded_at: now_ms() as i64,
    });
    let ids: Arc<Vec<i64>> = Arc::new(rows.iter().map(|row| row.id).collect());
    node.store
        .transaction("refused fan-out", move |tx| {
            let (ids, loss) = (ids.clone(), loss.clone());
            Box::pin(async move {
                tx.insert_loss(&loss).await?;
                tx.forget(&ids).await
            })
        })
        .await?;
    Ok(())
}
