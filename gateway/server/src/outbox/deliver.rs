//! One delivery: what the item means now, the request, and what follows from the answer.

use std::sync::Arc;

use causeway_core::conversation::{Answer, ConversationError, Next, Outgoing, Prepared};
use causeway_core::loss::Feature;
use causeway_core::records::{LossRow, OutboxRow};
use causeway_store::StoreError;

use super::{BREATHER, LEASE, Peer, matrix, mimi, notify, pdus};
use crate::crash;
use crate::node::{Find, Node, NodeError, now_ms};

/// The first wait after a failure, ms; it doubles.
const FIRST_WAIT: u64 = 250;
/// The longest wait, ms.
const LONGEST_WAIT: u64 = 10 * 60 * 1000;

/// What came of a request.
pub(super) enum Outcome {
    /// The peer has answered; the conversation has to hear what.
    Answered(Answer),
    /// Not now.
    Failed {
        /// To whom.
        peer: Peer,
        /// Why.
        why: String,
        /// When the peer wants to be asked again, ms.
        retry_after: Option<u64>,
    },
}

/// Delivers a lane's head, or the batch that begins with it.
pub(super) async fn deliver(node: &Arc<Node>, rows: Vec<OutboxRow>) {
    let Some(head) = rows.first() else { return };
    crash::point("after-lease", &head.kind);
    let result = match head.kind.as_str() {
        "pdu" => pdus::deliver(node, &rows).await,
        "notify" => notify::deliver(node, &rows).await,
        _ => deliver_item(node, head).await,
    };
    if let Err(error) = result {
        tracing::error!(lane = head.lane, kind = head.kind, %error, "a delivery failed; it is tried again");
        let wait = backoff(head.attempts);
        let until = now_ms() + LEASE as u64;
        while let Err(error) = postpone(node, &rows, wait, error.to_string()).await {
            tracing::error!(%error, "cannot postpone a delivery");
            if now_ms() > until {
                // The lease has run out by itself.
                return;
            }
            tokio::time::sleep(BREATHER).await;
        }
    }
}

async fn deliver_item(node: &Arc<Node>, row: &OutboxRow) -> Result<(), NodeError> {
    let item = Outgoing::from_bytes(&row.body).map_err(|error| NodeError::Stored(error.to_string()))?;
    let item = Arc::new(item);
    let prepared = match prepare(node, row, &item).await? {
        Some(prepared) => prepared,
        None => return Ok(()),
    };
    let outcome = match prepared {
        Prepared::Done | Prepared::Wait(_) => return Ok(()),
        Prepared::Mimi(request) => mimi::send(node, request).await?,
        Prepared::Invite(pdu) => matrix::invite(node, row, *pdu).await?,
        Prepared::Join => matrix::join(node, row, &item).await?,
        Prepared::Decline => matrix::decline(node, &item).await?,
    };
    crash::point("after-request", &row.kind);
    match outcome {
        Outcome::Answered(answer) => answered(node, row, &item, answer).await,
        Outcome::Failed { peer, why, retry_after } => {
            tracing::info!(lane = row.lane, kind = row.kind, why, attempts = row.attempts, "not delivered yet");
            node.outbox.waits_for(peer);
            let wait = retry_after.unwrap_or_else(|| backoff(row.attempts));
            Ok(postpone(node, std::slice::from_ref(row), wait, why).await?)
        }
    }
}

/// What the item means now. What the core reserves for it (a generation, a pending commit) is stored before anything
/// leaves. None if nothing has to leave.
async fn prepare(node: &Arc<Node>, row: &OutboxRow, item: &Arc<Outgoing>) -> Result<Option<Prepared>, NodeError> {
    let (row, item) = (Arc::new(row.clone()), item.clone());
    node.transaction("prepare", move |session| {
        let (row, item) = (row.clone(), item.clone());
        Box::pin(async move {
            let Some(id) = row.conversation_id else { return Err(NodeError::Stored("an item without conversation".to_owned())) };
            let mut conversation = session.conversation(&Find::Id(id)).await?;
            let (prepared, decision) = session.turn(|turn| conversation.prepare(turn, &item))?;
            session.save(conversation, decision).await?;
            match prepared {
                Prepared::Done => session.tx.forget(&[row.id]).await?,
                Prepared::Wait(ms) => session.tx.postpone(&[row.id], (now_ms() + ms) as i64, "not yet").await?,
                prepared => return Ok(Some(prepared)),
            }
            Ok(None)
        })
    })
    .await
}

/// The conversation hears the answer, and the item goes, stays or changes, in one transaction.
async fn answered(node: &Arc<Node>, row: &OutboxRow, item: &Arc<Outgoing>, answer: Answer) -> Result<(), NodeError> {
    let (row, item, answer) = (Arc::new(row.clone()), item.clone(), Arc::new(answer));
    let kept = row.clone();
    let done = node
        .transaction("answered", move |session| {
            let (row, item, answer) = (row.clone(), item.clone(), answer.clone());
            Box::pin(async move {
                let id = row.conversation_id.unwrap_or_default();
                let mut conversation = session.conversation(&Find::Id(id)).await?;
                let (next, decision) = session.turn(|turn| conversation.answered(turn, &item, &answer))?;
                session.save(conversation, decision).await?;
                match next {
                    Next::Done => session.tx.forget(&[row.id]).await?,
                    Next::Replace(item) => session.tx.replace_item(&row, &item.to_bytes()).await?,
                    Next::Retry(ms) => session.tx.postpone(&[row.id], (now_ms() + ms) as i64, "the peer wants it later").await?,
                }
                Ok(())
            })
        })
        .await;
    match done {
        Err(NodeError::Conversation(error)) => unusable(node, &kept, &error).await,
        other => other,
    }
}

/// An answer that the conversation cannot use will not get better: the item goes, as a loss that operators see.
async fn unusable(node: &Arc<Node>, row: &Arc<OutboxRow>, error: &ConversationError) -> Result<(), NodeError> {
    tracing::warn!(lane = row.lane, kind = row.kind, %error, "a peer's answer cannot be used");
    let loss = Arc::new(LossRow {
        conversation_id: row.conversation_id.unwrap_or_default(),
        source: row.kind.clone(),
        direction: "matrix_to_mimi".to_owned(),
        feature: Feature::Discarded.to_string(),
        detail: error.to_string(),
        recorded_at: now_ms() as i64,
    });
    let row = row.clone();
    node.store
        .transaction("unusable answer", move |tx| {
            let (row, loss) = (row.clone(), loss.clone());
            Box::pin(async move {
                tx.insert_loss(&loss).await?;
                tx.forget(&[row.id]).await
            })
        })
        .await?;
    Ok(())
}

/// The peer has taken them.
pub(super) async fn forget(node: &Node, rows: &[OutboxRow]) -> Result<(), StoreError> {
    let ids: Arc<Vec<i64>> = Arc::new(rows.iter().map(|row| row.id).collect());
    node.store
        .transaction("delivered", move |tx| {
            let ids = ids.clone();
            Box::pin(async move { tx.forget(&ids).await })
        })
        .await
}

/// The lane waits.
pub(super) async fn postpone(node: &Node, rows: &[OutboxRow], wait: u64, why: String) -> Result<(), StoreError> {
    let ids: Arc<Vec<i64>> = Arc::new(rows.iter().map(|row| row.id).collect());
    let (not_before, why) = ((now_ms() + wait) as i64, Arc::new(why));
    node.store
        .transaction("postpone", move |tx| {
            let (ids, why) = (ids.clone(), why.clone());
            Box::pin(async move { tx.postpone(&ids, not_before, &why).await })
        })
        .await
}

/// Exponential, with up to a quarter of jitter, so that peers that come back are not met by everybody at once.
pub(super) fn backoff(attempts: i32) -> u64 {
    let doublings = attempts.saturating_sub(1).clamp(0, 16) as u32;
    let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    wait + rand::random_range(0..=wait / 4)
}

#[cfg(test)]
mod tests {
    use super::{FIRST_WAIT, LONGEST_WAIT, backoff};

    #[test]
    fn waits_double_up_to_a_limit() {
        for (attempts, least) in [(1, FIRST_WAIT), (2, FIRST_WAIT * 2), (5, FIRST_WAIT * 16), (1000, LONGEST_WAIT)] {
            let wait = backoff(attempts);
            assert!(wait >= least && wait <= least + least / 4, "{attempts}: {wait}");
        }
    }
}
