//! `PUT /_matrix/federation/v1/send/{txnId}`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use causeway_core::code::{self, Coded};
use causeway_core::matrix::Pdu;
use causeway_core::records::InboxRow;
use ruma::api::federation::transactions::send_transaction_message::v1::{Request, Response};
use ruma::{OwnedEventId, OwnedRoomId, OwnedServerName, RoomVersionId, ServerName};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::matrix::gap::take_with_gap;
use crate::matrix::receive::{Duty, Received, checked_pdu, room_version};
use crate::node::{Node, NodeError, now_ms};
use crate::telemetry::{Direction, Fate, Intake};

const MAX_PDUS: usize = 50;
const MAX_EDUS: usize = 100;

type Results = BTreeMap<OwnedEventId, Result<(), String>>;

#[derive(Deserialize)]
struct RoomOf {
    room_id: Option<OwnedRoomId>,
}

/// An event of a transaction that has passed the checks of its own.
struct Checked {
    intake: Intake,
    pdu: Arc<Pdu>,
    version: RoomVersionId,
}

/// What is answered is durable: each event with what it means for its conversation, then the transaction's id. A
/// transaction that comes again after a crash in between finds its events known.
pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    if request.pdus.len() > MAX_PDUS || request.edus.len() > MAX_EDUS {
        return Err(MatrixError::new(code::TRANSACTION_TOO_LARGE, "at most 50 PDUs and 100 EDUs make a transaction"));
    }
    if request.origin != origin {
        return Err(MatrixError::new(code::TRANSACTION_ORIGIN, "the transaction's origin is not who signed the request"));
    }
    let transaction_id = request.transaction_id.to_string();
    if let Some(results) = answered_before(&node, &origin, &transaction_id).await? {
        Intake::of(Direction::MatrixToMimi, request.pdus.len()).ends(Fate::Duplicate);
        return Ok(Answer(Response::new(results)));
    }
    let mut results = Results::new();
    let mut events = Vec::new();
    for json in &request.pdus {
        check(&node, json, &mut events, &mut results).await?;
    }
    // Parents before children, whatever the order in the transaction.
    events.sort_by_key(|event| event.pdu.depth());
    for Checked { intake, pdu, version } in events {
        let (result, fate) = take(&node, &origin, &pdu, &version).await?;
        intake.ends(fate);
        results.insert(pdu.event_id().clone(), result);
    }
    remember(&node, &origin, &transaction_id, &results).await?;
    Ok(Answer(Response::new(results)))
}

/// Sorts an event out: to be taken in, or refused with the reason. What has no id has no result either.
async fn check(node: &Arc<Node>, json: &RawValue, events: &mut Vec<Checked>, results: &mut Results) -> Result<(), MatrixError> {
    let intake = Intake::one(Direction::MatrixToMimi);
    let Ok(RoomOf { room_id: Some(room_id) }) = serde_json::from_str(json.get()) else {
        intake.ends(Fate::Refused);
        return Ok(());
    };
    let version = match room_version(node, &room_id).await {
        Ok(version) => version,
        Err(NodeError::NoSuchRoom) => {
            tracing::debug!(%room_id, "an event of a room that is not here");
            intake.ends(Fate::Refused);
            refuse_by_guess(json, results, code::NOT_IN_ROOM.with("we are not in this room"));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    match checked_pdu(node, json.get(), &version).await {
        Ok(pdu) => events.push(Checked { intake, pdu, version }),
        Err(error) => {
            tracing::info!(code = %error.code(), %room_id, %error, "an event is refused");
            intake.ends(Fate::Refused);
            match Pdu::parse(json.get(), &version) {
                Ok(pdu) => {
                    results.insert(pdu.event_id().clone(), Err(error.coded()));
                }
                Err(_) => tracing::debug!("it has no event id either"),
            }
        }
    }
    Ok(())
}

/// Without the room's version the event's id can only be computed by the newest rules; for most events all agree.
fn refuse_by_guess(json: &RawValue, results: &mut Results, why: String) {
    if let Ok(pdu) = Pdu::parse(json.get(), &RoomVersionId::V12) {
        results.insert(pdu.event_id().clone(), Err(why));
    }
}

/// A refusal is the event's own matter; only our own database's failure makes the whole transaction fail.
async fn take(
    node: &Arc<Node>,
    origin: &ServerName,
    pdu: &Arc<Pdu>,
    version: &RoomVersionId,
) -> Result<(Result<(), String>, Fate), MatrixError> {
    let refused = |why: String| Ok((Err(why), Fate::Refused));
    match take_with_gap(node, origin, pdu, (version, Duty::Take)).await {
        Ok(received) if received.is_settled() => Ok((Ok(()), received.fate())),
        Ok(Received::Refused(code, why)) => refused(code.with(why)),
        Ok(_) => {
            tracing::info!(code = %code::EVENT_CONTEXT_MISSING, event_id = %pdu.event_id(), "an event is refused");
            refused(code::EVENT_CONTEXT_MISSING.with("the events that it refers to cannot be had"))
        }
        Err(NodeError::NoSuchRoom) => refused(code::NOT_IN_ROOM.with("we are not in this room")),
        Err(NodeError::Conversation(error)) => {
            tracing::warn!(code = %error.code(), event_id = %pdu.event_id(), %error, "an event cannot be acted upon");
            refused(error.code().with("internal error"))
        }
        Err(error) => Err(error.into()),
    }
}

fn source(origin: &ServerName) -> String {
    format!("matrix:{origin}")
}

async fn answered_before(node: &Node, origin: &ServerName, transaction_id: &str) -> Result<Option<Results>, MatrixError> {
    let (source, digest) = (source(origin), transaction_id.to_owned());
    let read = node.store.transaction("transaction answered before", move |tx| {
        let (source, digest) = (source.clone(), digest.clone());
        Box::pin(async move { tx.answer(&source, &digest).await })
    });
    let answer: Option<Vec<u8>> = read.await?;
    answer.map(|answer| serde_json::from_slice(&answer).map_err(MatrixError::internal)).transpose()
}

async fn remember(node: &Node, origin: &OwnedServerName, transaction_id: &str, results: &Results) -> Result<(), MatrixError> {
    let answer = serde_json::to_vec(results).map_err(MatrixError::internal)?;
    let row = InboxRow { source: source(origin), digest: transaction_id.to_owned(), answer, received_at: now_ms() as i64 };
    let row = Arc::new(row);
    let stored = node.store.transaction("transaction received", move |tx| {
        let row = row.clone();
        Box::pin(async move { tx.insert_answer(&row).await })
    });
    Ok(stored.await?)
}
