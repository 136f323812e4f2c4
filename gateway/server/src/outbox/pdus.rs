//! Events for a homeserver: one transaction at a time, at most 50, the same id for a retry (Matrix §3.1).

use std::sync::Arc;

use causeway_core::code::{self, Coded};
use causeway_core::conversation::Outgoing;
use causeway_core::records::OutboxRow;
use causeway_store::StoreError;
use ruma::api::federation::transactions::send_transaction_message::v1::Request;
use ruma::{MilliSecondsSinceUnixEpoch, OwnedServerName};
use serde_json::value::RawValue;

use super::Peer;
use super::deliver::{backoff, forget, postpone, refused};
use crate::crash;
use crate::matrix::FederationError;
use crate::node::{Node, NodeError};
use crate::telemetry::Delivery;

pub(super) async fn deliver(node: &Arc<Node>, rows: &[OutboxRow]) -> Result<(), NodeError> {
    let Some(head) = rows.first() else { return Ok(()) };
    let stored = |error: String| NodeError::Stored(error);
    let server = head.lane.strip_prefix("pdu:").ok_or_else(|| stored(format!("lane {}", head.lane)))?;
    let server = OwnedServerName::try_from(server).map_err(|error| stored(error.to_string()))?;
    let pdus = events(node, rows).await?;
    tokio::time::sleep(node.outbox.pace.reserve(&server, pdus.len())).await;
    let ours = OwnedServerName::try_from(node.gateway.names.server_name()).map_err(|error| stored(error.to_string()))?;
    // The batch is the head's until it is taken apart, so the id is, too. Ids of this database never come again.
    let transaction_id = format!("causeway-{}-{}", head.id, rows.len());
    let mut request = Request::new(transaction_id.into(), ours, MilliSecondsSinceUnixEpoch::now());
    request.pdus = pdus;
    let sent = node.federation.send(&node.gateway, &server, request).await;
    crash::point("after-request", "pdu");
    node.outbox.labels.delivery(rows, Delivery::of(&sent, FederationError::is_final));
    match sent {
        Ok(answer) => {
            for (event_id, result) in answer.pdus {
                if let Err(why) = result {
                    tracing::warn!(code = %code::EVENT_REFUSED_THERE, %server, %event_id, why, "a homeserver refuses an event of ours");
                }
            }
            Ok(forget(node, rows).await?)
        }
        Err(error) if error.is_about_the_body() => {
            tracing::error!(code = %code::TRANSACTION_REFUSED_THERE, %server, %error, events = rows.len(), "a homeserver refuses a whole transaction for good");
            refused(node, rows, (code::TRANSACTION_REFUSED_THERE, error.coded())).await
        }
        Err(error) => {
            tracing::info!(code = %error.code(), %server, %error, "events are not delivered yet");
            let wait = error.retry_after().unwrap_or_else(|| backoff(head.attempts));
            postpone(node, rows, wait, error.coded()).await?;
            node.outbox.waits_for(Peer::Homeserver(server));
            Ok(())
        }
    }
}

async fn events(node: &Node, rows: &[OutboxRow]) -> Result<Vec<Box<RawValue>>, NodeError> {
    let mut ids = Vec::new();
    for row in rows {
        match Outgoing::from_bytes(&row.body) {
            Ok(Outgoing::Pdu { event_id }) => ids.push(event_id),
            _ => return Err(NodeError::Stored("an item that is no event in an event lane".to_owned())),
        }
    }
    let ids = Arc::new(ids);
    let found = node.store.transaction("events to send", move |tx| {
        let ids = ids.clone();
        Box::pin(async move {
            let mut found = Vec::new();
            for id in ids.iter() {
                if let Some(row) = tx.event(id).await? {
                    found.push(row.json);
                }
            }
            Ok::<_, StoreError>(found)
        })
    });
    let found = found.await?;
    found.into_iter().map(|json| RawValue::from_string(json).map_err(|error| NodeError::Stored(error.to_string()))).collect()
}
