//! One delivery: what the item means now, the request, and what follows from the answer.

use std::sync::Arc;

use causeway_core::code::{Code, Coded};
use causeway_core::conversation::{Answer, Next, Outgoing, Prepared};
use causeway_core::records::OutboxRow;
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::consent::ConsentEntry;
use causeway_store::StoreError;

use super::{BREATHER, LEASE, Peer, matrix, mimi, notify, pdus, peers_room};
use crate::crash;
use crate::node::{Find, Node, NodeError, Session, delivery_to_park, is_granted, now_ms};
use crate::telemetry::Delivery;

/// The first wait after a failure, ms; it doubles.
const FIRST_WAIT: u64 = 250;
/// The longest wait, ms.
pub(super) const LONGEST_WAIT: u64 = 10 * 60 * 1000;

/// What came of a request.
pub(super) enum Outcome {
    /// The peer has answered; the conversation has to hear what.
    Answered(Answer),
    /// Not now.
    Failed {
        /// To whom.
        peer: Peer,
        /// Why.
        code: Code,
        /// In words, the code before them.
        why: String,
        /// When the peer wants to be asked again, ms.
        retry_after: Option<u64>,
    },
}

/// Delivers a lane's head, or the batch that begins with it.
pub(crate) async fn deliver(node: &Arc<Node>, rows: Vec<OutboxRow>) {
    let Some(head) = rows.first() else { return };
    crash::point("after-lease", &head.kind);
    let result = match head.kind.as_str() {
        "pdu" => pdus::deliver(node, &rows).await,
        "notify" => notify::deliver(node, &rows).await,
        _ => deliver_item(node, head).await,
    };
    let result = match result {
        Err(error) if error.parks_delivery() => park(node, &rows, (error.code(), error.to_string())).await,
        other => other,
    };
    if let Err(error) = result {
        tracing::error!(code = %error.code(), lane = head.lane, kind = head.kind, %error, "a delivery failed; it is tried again");
        let wait = backoff(head.attempts);
        let until = now_ms() + LEASE as u64;
        while let Err(error) = postpone(node, &rows, wait, error.coded()).await {
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
        Prepared::InPeersRoom { room_id, to, message } => {
            return peers_room::say(node, row, &item, Arc::new((room_id, to, message))).await;
        }
        Prepared::OpenPeersRoom(room) => return peers_room::open(node, row, room).await,
        Prepared::DismissPeer(room_id, provider) => return peers_room::leave(node, row, (room_id, Some(provider))).await,
        Prepared::LeavePeersRoom(room_id) => return peers_room::leave(node, row, (room_id, None)).await,
        Prepared::OrderByRoom(room_id, entries) => return peers_room::order(node, row, (room_id, entries)).await,
        Prepared::NamePeer(room_id, provider) => match peers_room::name(node, row, (room_id, provider)).await? {
            Some(failed) => failed,
            None => return Ok(()),
        },
    };
    crash::point("after-request", &row.kind);
    match outcome {
        Outcome::Answered(answer) => {
            let outcome = if matches!(answer, Answer::Refused(..)) { Delivery::Refused } else { Delivery::Delivered };
            node.outbox.labels.delivery(std::slice::from_ref(row), outcome);
            answered(node, row, &item, answer).await
        }
        Outcome::Failed { peer, code, why, retry_after } => {
            tracing::info!(%code, lane = row.lane, kind = row.kind, why, attempts = row.attempts, "not delivered yet");
            node.outbox.labels.delivery(std::slice::from_ref(row), Delivery::Postponed);
            let wait = retry_after.unwrap_or_else(|| backoff(row.attempts));
            postpone(node, std::slice::from_ref(row), wait, why).await?;
            // Only now: a peer that shows itself earlier would find nothing to wake.
            node.outbox.waits_for(peer);
            Ok(())
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
            if let Some(question) = answered_already(session, &item).await? {
                let (asks, asked) = (&question.requester_uri, &question.target_uri);
                let ((), decision) = session.turn(|turn| conversation.granted(turn, asks, asked))?;
                session.save(conversation, decision).await?;
                session.tx.forget(&[row.id]).await?;
                return Ok(None);
            }
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

/// A question for consent that need not be asked, because it was granted before.
async fn answered_already(session: &mut Session<'_>, item: &Outgoing) -> Result<Option<ConsentEntry>, NodeError> {
    let Outgoing::RequestConsent { entry } = item else { return Ok(None) };
    let question: ConsentEntry = decode_exact(entry).map_err(|error| NodeError::Stored(error.to_string()))?;
    Ok(is_granted(session.tx, &question).await?.then_some(question))
}

/// The conversation hears the answer, and the item goes, stays or changes, in one transaction.
async fn answered(node: &Arc<Node>, row: &OutboxRow, item: &Arc<Outgoing>, answer: Answer) -> Result<(), NodeError> {
    let (row, item, answer) = (Arc::new(row.clone()), item.clone(), Arc::new(answer));
    let kept = OutboxRow::clone(&row);
    let done = node
        .transaction("answered", move |session| {
            let (row, item, answer) = (row.clone(), item.clone(), answer.clone());
            Box::pin(async move {
                let id = row.conversation_id.unwrap_or_default();
                let mut conversation = session.conversation(&Find::Id(id)).await?;
                let (next, decision) = session.turn(|turn| conversation.answered(turn, &item, &answer))?;
                session.save(conversation, decision).await?;
                follow(session, &row, next).await
            })
        })
        .await;
    match done {
        // An answer that the conversation cannot use will not get better.
        Err(NodeError::Conversation(error)) => park(node, std::slice::from_ref(&kept), (error.code(), error.to_string())).await,
        other => other,
    }
}

/// What becomes of an item.
pub(super) async fn follow(session: &mut Session<'_>, row: &OutboxRow, next: Next) -> Result<(), NodeError> {
    match next {
        Next::Done => session.tx.forget(&[row.id]).await?,
        Next::Replace(item) => session.tx.replace_item(row, &item.to_bytes()).await?,
        Next::Retry(ms) => session.tx.postpone(&[row.id], (now_ms() + ms) as i64, "the peer wants it later").await?,
    }
    Ok(())
}

/// A peer refuses a batch for what is in it: its items are sent one by one, so that only those at fault are parked.
pub(super) async fn refused(node: &Arc<Node>, rows: &[OutboxRow], error: (Code, String)) -> Result<(), NodeError> {
    if rows.len() == 1 {
        return park(node, rows, error).await;
    }
    let ids: Arc<Vec<i64>> = Arc::new(rows.iter().map(|row| row.id).collect());
    let apart = node.store.transaction("take apart", move |tx| {
        let ids = ids.clone();
        Box::pin(async move { tx.take_apart(&ids).await })
    });
    Ok(apart.await?)
}

/// What will not get better by itself is parked: the lane goes on.
async fn park(node: &Arc<Node>, rows: &[OutboxRow], (code, why): (Code, String)) -> Result<(), NodeError> {
    let rows = Arc::new(rows.to_vec());
    node.transaction("park delivery", move |session| {
        let (rows, why) = (rows.clone(), why.clone());
        Box::pin(async move {
            for row in rows.iter() {
                let parked = delivery_to_park(row, (code, why.clone()));
                session.park(&parked, NodeError::Stored(why.clone())).await?;
                session.tx.forget(&[row.id]).await?;
            }
            Ok(())
        })
    })
    .await
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
