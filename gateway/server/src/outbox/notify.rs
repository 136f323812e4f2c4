//! Fan-outs for a follower: in the order of acceptance, several in one body (P-066), the same body for a retry (P-071).

use std::sync::Arc;

use causeway_core::code::{self, Coded};
use causeway_core::conversation::Outgoing;
use causeway_core::records::OutboxRow;
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};

use super::Peer;
use super::deliver::{backoff, forget, postpone, refused};
use crate::crash;
use crate::mimi::{ProviderError, Target};
use crate::node::{Node, NodeError};
use crate::telemetry::Delivery;

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
    node.outbox.labels.delivery(rows, Delivery::of(&sent, ProviderError::is_final));
    match sent {
        Ok(_) => Ok(forget(node, rows).await?),
        Err(error) if error.is_about_the_body() => {
            tracing::error!(code = %code::FAN_OUT_REFUSED_THERE, %provider, %room, %error, messages = rows.len(), "a follower refuses a fan-out for good");
            refused(node, rows, (code::FAN_OUT_REFUSED_THERE, error.coded())).await
        }
        Err(error) => {
            tracing::info!(code = %error.code(), %provider, %room, %error, "a fan-out is not delivered yet");
            let attempts = rows.first().map_or(1, |row| row.attempts);
            let wait = error.retry_after().unwrap_or_else(|| backoff(attempts));
            postpone(node, rows, wait, error.coded()).await?;
            node.outbox.waits_for(Peer::Provider(provider));
            Ok(())
        }
    }
}
