//! Events that other homeservers send [Matrix: checks performed on receipt of a PDU].

use std::collections::BTreeSet;
use std::sync::Arc;

use causeway_core::conversation::Conversation;
use causeway_core::loss::Feature;
use causeway_core::matrix::{Checked, Outcome, Pdu, PduError, Room, StateMap, check_signatures, required_servers};
use causeway_core::records::LossRow;
use ruma::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma::{OwnedEventId, OwnedRoomId, OwnedServerName, RoomVersionId};

use super::gap::Fetched;
use crate::node::{Find, Node, NodeError, Session};

/// What became of a received event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It is part of the room now, or was before.
    Taken,
    /// The room's rules refuse it.
    Refused(String),
    /// The state after these events is not known here.
    MissingPrev(Vec<OwnedEventId>),
    /// These events, by which it is allowed, are not known here.
    MissingAuth(Vec<OwnedEventId>),
}

/// What besides taking an event in has to be done with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Its origin tells everybody.
    Take,
    /// It came by send_join or send_leave: as the resident server we tell the others.
    TakeAndRelay,
}

/// Checks 1 to 3: the format, the signatures, and the hash (an event whose hash is wrong is redacted).
pub(crate) async fn checked_pdu(node: &Arc<Node>, json: &str, version: &RoomVersionId) -> Result<Arc<Pdu>, PduError> {
    let mut object: CanonicalJsonObject = serde_json::from_str(json).map_err(|error| PduError::Format(error.to_string()))?;
    let at = match object.get("origin_server_ts") {
        Some(CanonicalJsonValue::Integer(at)) => i64::from(*at).max(0) as u64,
        _ => return Err(PduError::Format("origin_server_ts is missing".to_owned())),
    };
    let servers: BTreeSet<OwnedServerName> = required_servers(&object, version)?;
    let keys = node.public_keys(&servers, at).await;
    if check_signatures(&mut object, version, &keys)? == Checked::Signatures {
        tracing::debug!("an event's hash is wrong: it is redacted");
    }
    Pdu::from_object(object, version).map(Arc::new)
}

/// The version of a room that we are in, or were invited to.
pub(crate) async fn room_version(node: &Arc<Node>, room_id: &OwnedRoomId) -> Result<RoomVersionId, NodeError> {
    let find = Find::Matrix(room_id.to_string());
    node.transaction("room version", move |session| {
        let find = find.clone();
        Box::pin(async move {
            let conversation = session.conversation(&find).await?;
            let version = conversation.row.room_version.as_deref().and_then(|version| RoomVersionId::try_from(version).ok());
            session.unchanged(conversation);
            version.ok_or_else(|| NodeError::Stored("a room has no version".to_owned()))
        })
    })
    .await
}

/// Takes an event in, with what it means for the conversation, in one transaction. `fetched` is what was missing
/// at an earlier try.
///
/// If the conversation cannot bear what the event means, the event is part of the room all the same: the graph has to
/// stay whole, or nothing after it could be taken in.
pub(crate) async fn take(node: &Arc<Node>, pdu: &Arc<Pdu>, fetched: Fetched, duty: Duty) -> Result<Received, NodeError> {
    let fetched = Arc::new(fetched);
    match attempt(node, pdu, fetched.clone(), (duty, None)).await {
        Err(NodeError::Conversation(error)) => {
            tracing::warn!(event_id = %pdu.event_id(), %error, "an event cannot be acted upon");
            attempt(node, pdu, fetched, (duty, Some(error.to_string()))).await
        }
        other => other,
    }
}

/// `loss` is why the conversation is not to hear of the event.
async fn attempt(
    node: &Arc<Node>,
    pdu: &Arc<Pdu>,
    fetched: Arc<Fetched>,
    (duty, loss): (Duty, Option<String>),
) -> Result<Received, NodeError> {
    let (pdu, loss) = (pdu.clone(), Arc::new(loss));
    node.transaction("matrix event", move |session| {
        let (pdu, fetched, loss) = (pdu.clone(), fetched.clone(), loss.clone());
        Box::pin(async move {
            let mut conversation = session.conversation(&Find::Matrix(pdu.room_id().to_string())).await?;
            let known = session.tx.event(pdu.event_id().as_str()).await?;
            if let Some(known) = known.filter(|known| !known.outlier) {
                session.unchanged(conversation);
                return Ok(known.rejected.map_or(Received::Taken, Received::Refused));
            }
            let Some(room) = conversation.room.as_mut() else {
                session.unchanged(conversation);
                return Ok(Received::Refused("we are not in this room".to_owned()));
            };
            fetched.teach(room);
            teach_stored(session, room, &pdu).await?;
            let outcome = room.accept(pdu.clone());
            act(session, conversation, &pdu, (outcome, duty, loss.as_deref())).await
        })
    })
    .await
}

/// What the room's verdict on an event leads to.
async fn act(
    session: &mut Session<'_>,
    mut conversation: Conversation,
    pdu: &Arc<Pdu>,
    (outcome, duty, loss): (Outcome, Duty, Option<&str>),
) -> Result<Received, NodeError> {
    let received = match outcome {
        Outcome::MissingPrev(missing) => return Ok(Received::MissingPrev(missing)),
        Outcome::MissingAuth(missing) => return Ok(Received::MissingAuth(missing)),
        Outcome::Duplicate | Outcome::Accepted | Outcome::SoftFailed(_) => Received::Taken,
        Outcome::Rejected(ref why) => Received::Refused(why.clone()),
    };
    let accepted = outcome == Outcome::Accepted;
    if let Outcome::SoftFailed(why) | Outcome::Rejected(why) = &outcome {
        tracing::info!(event_id = %pdu.event_id(), why, "an event is not acted upon");
    }
    let id = conversation.row.id;
    let ((), decision) = session.turn(|turn| {
        if accepted && duty == Duty::TakeAndRelay {
            conversation.relay(turn, pdu);
        }
        match loss {
            None if accepted => conversation.matrix_event(turn, pdu),
            None => Ok(()),
            Some(detail) => {
                turn.decision.losses.push(discarded(id, pdu, detail, turn.now));
                Ok(())
            }
        }
    })?;
    session.save(conversation, decision).await?;
    Ok(received)
}

fn discarded(conversation_id: i64, pdu: &Pdu, detail: &str, now: u64) -> LossRow {
    LossRow {
        conversation_id,
        source: pdu.event_id().to_string(),
        direction: "matrix_to_mimi".to_owned(),
        feature: Feature::Discarded.to_string(),
        detail: detail.to_owned(),
        recorded_at: now as i64,
    }
}

/// Tells the room what it does not remember, but the database does.
async fn teach_stored(session: &mut Session<'_>, room: &mut Room, pdu: &Pdu) -> Result<(), NodeError> {
    for auth in pdu.auth_events() {
        if room.event(auth).is_none()
            && let Some(row) = session.tx.event(auth.as_str()).await?
        {
            room.learn_event(parse(&row.json, room.version())?);
        }
    }
    for prev in pdu.prev_events() {
        if room.knows_state_after(prev) {
            continue;
        }
        let Some(row) = session.tx.event(prev.as_str()).await? else { continue };
        let Some(before) = session.state_before(&row).await? else { continue };
        let event = parse(&row.json, room.version())?;
        let after = if row.rejected.is_some() { before } else { state_after(&event, before) };
        for id in after.values() {
            if room.event(id).is_none()
                && let Some(row) = session.tx.event(id.as_str()).await?
            {
                room.learn_event(parse(&row.json, room.version())?);
            }
        }
        room.learn_state(prev.clone(), after);
    }
    Ok(())
}

fn parse(json: &str, version: &RoomVersionId) -> Result<Arc<Pdu>, NodeError> {
    Pdu::parse(json, version).map(Arc::new).map_err(|error| NodeError::Stored(error.to_string()))
}

/// The state after an event, from the state before it.
pub(crate) fn state_after(pdu: &Pdu, mut before: StateMap) -> StateMap {
    if let Some(state_key) = pdu.state_key() {
        before.insert((pdu.event_type().to_owned(), state_key.to_owned()), pdu.event_id().clone());
    }
    before
}
