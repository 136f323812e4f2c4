//! `POST /admin/v1/queue/drop`: an item is given up, and counts as a loss.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::loss::Feature;
use causeway_core::records::{AuditRow, LossRow};
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
        tx.insert_audit(&AuditRow {
            at: now,
            action: "queue/drop".to_owned(),
            subject: format!("item {}", item.id),
            detail: format!("{} of {}: {}", item.kind, item.lane, question.reason),
        })
        .await?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use std::sync::Arc;

    use causeway_store::{Keyring, Store, StoreError};
    use zeroize::Zeroizing;

    use super::{Found, Question, drop_item};

    /// Depth of the outbox, losses, audited commands.
    async fn counts(store: &Store) -> (i64, usize, usize) {
        let counts = store.transaction::<_, StoreError, _>("count", |tx| {
            Box::pin(async move { Ok((tx.outbox_depth().await?, tx.loss_lines(None).await?.len(), tx.audit(10).await?.len())) })
        });
        counts.await.unwrap()
    }

    async fn drop_it(store: &Store, id: i64, dry_run: bool) -> Found {
        let question = Arc::new(Question { id, reason: "closed down".to_owned(), dry_run });
        let dropped = store.transaction::<_, StoreError, _>("drop", move |tx| {
            let question = question.clone();
            Box::pin(async move { drop_item(tx, &question).await })
        });
        dropped.await.unwrap()
    }

    /// A dry run changes nothing; a drop is a loss, and is in the audit log with its reason.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_drop_is_a_loss_and_is_audited() {
        let folder = tempfile::TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("causeway.db").display());
        let store = Store::connect(&url, Keyring::new(&Zeroizing::new([1; 32]))).await.unwrap();
        let queued = store.transaction::<_, StoreError, _>("queue", |tx| {
            Box::pin(async move {
                tx.queue("pdu:hs.test", "pdu", None, b"content").await?;
                Ok(tx.queue_lines().await?[0].id)
            })
        });
        let id = queued.await.unwrap();
        assert!(matches!(drop_it(&store, id + 1, false).await, Found::Nothing));
        assert!(matches!(drop_it(&store, id, true).await, Found::Item(_)));
        assert_eq!(counts(&store).await, (1, 0, 0));
        assert!(matches!(drop_it(&store, id, false).await, Found::Item(_)));
        assert_eq!(counts(&store).await, (0, 1, 1));
        let audit = store.transaction::<_, StoreError, _>("audit", |tx| Box::pin(tx.audit(1))).await.unwrap();
        assert_eq!(
            (audit[0].subject.as_str(), audit[0].detail.as_str()),
            (format!("item {id}").as_str(), "pdu of pdu:hs.test: closed down")
        );
    }
}
