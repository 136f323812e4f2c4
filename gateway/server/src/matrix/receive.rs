//! Events that other homeservers send [Matrix: checks performed on receipt of a PDU].

use std::collections::BTreeSet;
use std::sync::Arc;

use causeway_core::code::{self, Code, Coded};
use causeway_core::conversation::Conversation;
use causeway_core::loss::Feature;
use causeway_core::matrix::{Checked, Outcome, Pdu, PduError, Room, StateMap, check_signatures, required_servers};
use causeway_core::records::{LossRow, ParkedRow};
use causeway_store::StoreError;
use ruma::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma::{OwnedEventId, OwnedRoomId, OwnedServerName, RoomVersionId, ServerName};
use tracing::Instrument;

use super::gap::Fetched;
use super::parked::park_event;
use crate::node::{Find, Node, NodeError, Session, now_ms, to_park};
use crate::telemetry::Fate;

/// What became of a received event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It is part of the room now.
    Taken,
    /// It was before.
    Known,
    /// It is part of the room, which does not heed it: by its present rules it is not allowed.
    Unheeded,
    /// It cannot be processed, and waits for an operator; its sender has done its part.
    Parked,
    /// It is refused, with the reason.
    Refused(Code, String),
    /// The state after these events is not known here.
    MissingPrev(Vec<OwnedEventId>),
    /// These events, by which it is allowed, are not known here.
    MissingAuth(Vec<OwnedEventId>),
}

impl Received {
    /// Whether the event's sender has nothing more to do.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self, Self::Taken | Self::Known | Self::Unheeded | Self::Parked)
    }

    /// What is counted of it.
    pub(crate) fn fate(&self) -> Fate {
        match self {
            Self::Taken => Fate::Translated,
            Self::Known => Fate::Duplicate,
            Self::Parked => Fate::Parked,
            Self::Unheeded | Self::Refused(..) | Self::MissingPrev(_) | Self::MissingAuth(_) => Fate::Refused,
        }
    }
}

/// What besides taking an event in has to be done with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Its origin tells everybody.
    Take,
    /// It came by send_join or send_leave: as the resident server we tell the others.
    TakeAndRelay,
    /// It is parked already: if it fails again, that is told.
    Replay,
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
    let room_id = room_id.to_string();
    let read = node.store.transaction::<_, StoreError, _>("room version", move |tx| {
        let room_id = room_id.clone();
        Box::pin(async move { tx.room_version(&room_id).await })
    });
    // Without loading the room: its events can be checked, and parked, even if its state is unreadable.
    let version = read.await?.ok_or(NodeError::NoSuchRoom)?;
    RoomVersionId::try_from(version).map_err(|error| NodeError::Stored(error.to_string()))
}

/// Takes an event in, with what it means for the conversation, in one transaction. `fetched` is what was missing
/// at an earlier try; `sender` is the homeserver that has sent it, none if we have asked for it.
///
/// If the room takes the event, but the conversation cannot bear what it means, the event is part of the room all the
/// same: the graph has to stay whole, or nothing after it could be taken in. What it means is parked, or lost where it
/// is forbidden. If not even the room can take it, for what is stored here, it is parked as it is.
pub(crate) async fn take(
    node: &Arc<Node>,
    pdu: &Arc<Pdu>,
    fetched: Fetched,
    (duty, sender): (Duty, Option<&ServerName>),
) -> Result<Received, NodeError> {
    let (fetched, sender) = (Arc::new(fetched), sender.map(ToOwned::to_owned));
    let error = match attempt(node, pdu, &fetched, (duty, &sender, None)).await {
        Err(error) if duty != Duty::Replay && (error.parks_input() || matches!(error, NodeError::Conversation(_))) => error,
        done => return done,
    };
    match attempt(node, pdu, &fetched, (duty, &sender, Some(Arc::new(Failed::new(&error))))).await {
        Err(error) if error.parks_input() => park_event(node, pdu, error).await.map(|()| Received::Parked),
        done => done,
    }
}

/// Why a conversation does not hear of an event that its room has taken.
struct Failed {
    code: Code,
    reason: String,
    /// Whether it may hear of it later. Otherwise somebody was not allowed to do it, and that stays so.
    parks: bool,
}

impl Failed {
    fn new(error: &NodeError) -> Self {
        let parks = error.parks_input() || error.code().entry().retryable;
        Self { code: error.code(), reason: error.to_string(), parks }
    }
}

/// Takes an event in; where it is known why the conversation cannot act upon it, that is set aside.
async fn attempt(
    node: &Arc<Node>,
    pdu: &Arc<Pdu>,
    fetched: &Arc<Fetched>,
    (duty, sender, failed): (Duty, &Option<OwnedServerName>, Option<Arc<Failed>>),
) -> Result<Received, NodeError> {
    let span = tracing::info_span!("event", event_id = %pdu.event_id(), room = %pdu.room_id());
    let (pdu, fetched, sender) = (pdu.clone(), fetched.clone(), sender.clone());
    let taking = node.transaction("matrix event", move |session| {
        let (pdu, fetched, sender, failed) = (pdu.clone(), fetched.clone(), sender.clone(), failed.clone());
        Box::pin(async move {
            let mut conversation = session.conversation(&Find::Matrix(pdu.room_id().to_string())).await?;
            if let Some(why) = denied(&conversation, sender.as_deref()) {
                session.unchanged(conversation);
                return Ok(Received::Refused(code::SERVER_DENIED, why));
            }
            let known = session.tx.event(pdu.event_id().as_str()).await?;
            if let Some(known) = known.filter(|known| !known.outlier) {
                session.unchanged(conversation);
                return Ok(known.rejected.map_or(Received::Known, |why| Received::Refused(code::EVENT_REJECTED, why)));
            }
            if conversation.is_entering_peers_room(now_ms()) {
                return Err(NodeError::EnteringRoom);
            }
            let Some(room) = conversation.room.as_mut() else {
                session.unchanged(conversation);
                return Ok(Received::Refused(code::NOT_IN_ROOM, "we are not in this room".to_owned()));
            };
            fetched.teach(room);
            teach_stored(session, room, &pdu).await?;
            let outcome = room.accept(pdu.clone());
            match failed {
                Some(failed) if outcome == Outcome::Accepted => set_aside(session, conversation, &pdu, (duty, &failed)).await,
                _ => act(session, conversation, &pdu, (outcome, duty)).await,
            }
        })
    });
    let received = taking.instrument(span.clone()).await;
    let fate = received.as_ref().map_or_else(NodeError::fate, Received::fate);
    span.in_scope(|| tracing::debug!(outcome = fate.as_str(), "an event came in"));
    received
}

/// Why the room's server ACL keeps an event out, if it does.
fn denied(conversation: &Conversation, sender: Option<&ServerName>) -> Option<String> {
    let (room, sender) = (conversation.room.as_ref()?, sender?);
    (!room.admits(sender)).then(|| format!("this room's server ACL denies {sender}"))
}

/// What the room's verdict on an event leads to.
async fn act(
    session: &mut Session<'_>,
    mut conversation: Conversation,
    pdu: &Arc<Pdu>,
    (outcome, duty): (Outcome, Duty),
) -> Result<Received, NodeError> {
    let received = match outcome {
        Outcome::MissingPrev(missing) => return Ok(Received::MissingPrev(missing)),
        Outcome::MissingAuth(missing) => return Ok(Received::MissingAuth(missing)),
        Outcome::Accepted => Received::Taken,
        Outcome::Duplicate => Received::Known,
        Outcome::SoftFailed(_) => Received::Unheeded,
        Outcome::Rejected(ref why) => Received::Refused(code::EVENT_REJECTED, why.clone()),
    };
    let accepted = outcome == Outcome::Accepted;
    match &outcome {
        Outcome::SoftFailed(why) => not_acted_upon(code::EVENT_SOFT_FAILED, pdu, why),
        Outcome::Rejected(why) => not_acted_upon(code::EVENT_REJECTED, pdu, why),
        _ => {}
    }
    let ((), decision) = session.turn(|turn| {
        if accepted && duty == Duty::TakeAndRelay {
            conversation.relay(turn, pdu);
        }
        if accepted { conversation.matrix_event(turn, pdu) } else { Ok(()) }
    })?;
    session.save(conversation, decision).await?;
    Ok(received)
}

/// The event is in its room; what it means for the conversation waits, or is lost.
async fn set_aside(
    session: &mut Session<'_>,
    conversation: Conversation,
    pdu: &Arc<Pdu>,
    (duty, failed): (Duty, &Failed),
) -> Result<Received, NodeError> {
    let Failed { code, reason, parks } = failed;
    let id = conversation.row.id;
    let ((), decision) = session.turn(|turn| {
        if duty == Duty::TakeAndRelay {
            conversation.relay(turn, pdu);
        }
        if !parks {
            turn.decision.losses.push(discarded(id, pdu, code.with(reason), turn.now));
        }
        Ok(())
    })?;
    session.save(conversation, decision).await?;
    if !parks {
        tracing::warn!(%code, event_id = %pdu.event_id(), reason, "an event cannot be acted upon");
        return Ok(Received::Taken);
    }
    let row = to_park("effect", (pdu.sender().server_name().as_str(), pdu.event_id().as_str()), (*code, reason.clone()));
    session.park(&ParkedRow { conversation_id: Some(id), ..row }, NodeError::Stored(reason.clone())).await?;
    Ok(Received::Parked)
}

fn discarded(conversation_id: i64, pdu: &Pdu, detail: String, now: u64) -> LossRow {
    LossRow {
        conversation_id,
        source: pdu.event_id().to_string(),
        direction: "matrix_to_mimi".to_owned(),
        feature: Feature::Discarded.to_string(),
        detail,
        recorded_at: now as i64,
    }
}

fn not_acted_upon(code: Code, pdu: &Pdu, why: &str) {
    tracing::info!(%code, event_id = %pdu.event_id(), why, "an event is not acted upon");
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
