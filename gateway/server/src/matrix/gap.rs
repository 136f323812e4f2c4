//! Filling gaps: events that a received one refers to, and that we have not got.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use causeway_core::matrix::{Pdu, PduError, Room, StateMap};
use causeway_store::StoreError;
use ruma::api::federation::authorization::get_event_authorization;
use ruma::api::federation::event::{get_event, get_missing_events, get_room_state};
use ruma::{OwnedEventId, RoomVersionId, ServerName, UInt};
use serde_json::value::RawValue;

use super::FederationError;
use super::receive::{Duty, Received, checked_pdu, state_after, take};
use crate::node::{Node, NodeError};
use crate::telemetry::{Direction, Intake};

/// So many events are asked for at once to fill a gap; Synapse gives 20.
const PAGE: usize = 50;
/// So many answers fill a gap,
const PAGES: usize = 60;
/// with so many events. A wider one is jumped over by asking for the state behind it.
const WIDEST: usize = 1000;
/// An auth chain of more events than this is not looked at.
const MAX_CHAIN: usize = 1000;
/// So many rounds of missing things for one event.
const ROUNDS: usize = 4;

/// What was fetched from a peer, for the room to learn.
#[derive(Default)]
pub(crate) struct Fetched {
    /// Events that matter for authorisation only.
    outliers: Vec<Arc<Pdu>>,
    /// Events with the state after them.
    states: Vec<(OwnedEventId, StateMap)>,
}

impl Fetched {
    /// Tells the room what holds. What does not is the peer's fault, and as if it had not come.
    pub(super) fn teach(&self, room: &mut Room) {
        room.accept_outliers_that_hold(self.outliers.clone());
        for (event_id, state) in &self.states {
            if state.values().all(|id| room.event(id).is_some()) {
                room.learn_state(event_id.clone(), state.clone());
            }
        }
    }
}

/// Takes an event in; what it refers to and we lack is asked of `origin`.
pub(crate) async fn take_with_gap(
    node: &Arc<Node>,
    origin: &ServerName,
    pdu: &Arc<Pdu>,
    (version, duty): (&RoomVersionId, Duty),
) -> Result<Received, NodeError> {
    let mut fetched = Fetched::default();
    let mut received = take(node, pdu, Fetched::default(), (duty, Some(origin))).await?;
    for round in 0..ROUNDS {
        match &received {
            Received::MissingPrev(missing) => {
                if round == 0 {
                    fill(node, origin, pdu, version).await;
                } else {
                    fetched.extend(jump(node, origin, pdu, (missing, version)).await);
                }
            }
            Received::MissingAuth(missing) => fetched.outliers.extend(auth_events(node, origin, pdu, (missing, version)).await),
            Received::Taken | Received::Known | Received::Unheeded | Received::Parked | Received::Refused(..) => break,
        }
        received = take(node, pdu, std::mem::take(&mut fetched), (duty, Some(origin))).await?;
    }
    Ok(received)
}

impl Fetched {
    fn extend(&mut self, other: Self) {
        self.outliers.extend(other.outliers);
        self.states.extend(other.states);
    }
}

/// The events between what we know and the given one, each taken in as if it had been sent.
async fn fill(node: &Arc<Node>, origin: &ServerName, pdu: &Arc<Pdu>, version: &RoomVersionId) {
    for event in between(node, origin, pdu, version).await {
        let intake = Intake::one(Direction::MatrixToMimi);
        match take(node, &event, Fetched::default(), (Duty::Take, None)).await {
            Ok(received) => {
                intake.ends(received.fate());
                if !received.is_settled() {
                    tracing::debug!(event_id = %event.event_id(), ?received, "an event of the gap is not taken");
                }
            }
            Err(error) => return tracing::warn!(%error, "cannot store an event of the gap"),
        }
    }
}

/// What a homeserver gives of a gap at once is the end of it; it is asked again from there, until the beginning is known.
async fn between(node: &Arc<Node>, origin: &ServerName, pdu: &Arc<Pdu>, version: &RoomVersionId) -> Vec<Arc<Pdu>> {
    let earliest = extremities(node, pdu).await;
    let (mut between, mut latest) = (BTreeMap::new(), vec![pdu.event_id().clone()]);
    for _ in 0..PAGES {
        let mut request = get_missing_events::v1::Request::new(pdu.room_id().clone(), earliest.clone(), latest);
        request.limit = UInt::from(PAGE as u32);
        let page = match node.federation.send(&node.gateway, origin, request).await {
            Ok(answer) => of_room(pdu, check_all(node, &answer.events, version).await),
            Err(error) => {
                tracing::info!(%origin, %error, "cannot get missing events");
                break;
            }
        };
        let before = between.len();
        between.extend(page.into_iter().take(PAGE).map(|event| (event.event_id().clone(), event)));
        latest = ends(node, &between).await;
        if latest.is_empty() || between.len() == before || between.len() >= WIDEST {
            break;
        }
    }
    let mut between: Vec<_> = between.into_values().collect();
    between.sort_by_key(|event| event.depth());
    between
}

/// Those that follow something that is neither among them nor stored.
async fn ends(node: &Arc<Node>, between: &BTreeMap<OwnedEventId, Arc<Pdu>>) -> Vec<OwnedEventId> {
    let prevs = between.values().flat_map(|event| event.prev_events()).filter(|id| !between.contains_key(*id));
    let prevs: Arc<BTreeSet<OwnedEventId>> = Arc::new(prevs.cloned().collect());
    let unknown = node.store.transaction("unknown events", move |tx| {
        let prevs = prevs.clone();
        Box::pin(async move {
            let mut unknown = BTreeSet::new();
            for id in prevs.iter() {
                if tx.event(id.as_str()).await?.is_none() {
                    unknown.insert(id.clone());
                }
            }
            Ok::<_, StoreError>(unknown)
        })
    });
    let unknown = unknown.await.unwrap_or_default();
    let is_end = |event: &&Arc<Pdu>| event.prev_events().iter().any(|id| unknown.contains(id));
    between.values().filter(is_end).map(|event| event.event_id().clone()).collect()
}

/// The missing events with all that allows them in turn: the event's whole auth chain, or, from a peer that does not
/// tell it, one by one.
async fn auth_events(
    node: &Arc<Node>,
    origin: &ServerName,
    pdu: &Pdu,
    (missing, version): (&[OwnedEventId], &RoomVersionId),
) -> Vec<Arc<Pdu>> {
    let request = get_event_authorization::v1::Request::new(pdu.room_id().clone(), pdu.event_id().clone());
    let chain = match node.federation.send(&node.gateway, origin, request).await {
        Ok(answer) if answer.auth_chain.len() <= MAX_CHAIN => of_room(pdu, check_all(node, &answer.auth_chain, version).await),
        Ok(answer) => {
            tracing::info!(%origin, events = answer.auth_chain.len(), "an auth chain is too long");
            Vec::new()
        }
        Err(error) => {
            tracing::info!(%origin, %error, "cannot get an auth chain");
            Vec::new()
        }
    };
    match missing.iter().all(|id| chain.iter().any(|event| event.event_id() == id)) {
        true => chain,
        false => events(node, origin, pdu, (missing, version)).await,
    }
}

async fn extremities(node: &Arc<Node>, pdu: &Arc<Pdu>) -> Vec<OwnedEventId> {
    let room_id = pdu.room_id().to_string();
    let read = node.store.transaction("extremities", move |tx| {
        let room_id = room_id.clone();
        Box::pin(async move { tx.extremities(&room_id).await })
    });
    let rows = read.await.unwrap_or_default();
    rows.into_iter().filter_map(|row| OwnedEventId::try_from(row.event_id).ok()).collect()
}

/// The gap is too wide: its far end is asked for, with the state there.
async fn jump(
    node: &Arc<Node>,
    origin: &ServerName,
    pdu: &Arc<Pdu>,
    (missing, version): (&[OwnedEventId], &RoomVersionId),
) -> Fetched {
    let mut fetched = Fetched::default();
    for event in events(node, origin, pdu, (missing, version)).await {
        let request = get_room_state::v1::Request::new(event.event_id().clone(), pdu.room_id().clone());
        match node.federation.send(&node.gateway, origin, request).await {
            Ok(answer) => {
                let state = of_room(pdu, check_all(node, &answer.pdus, version).await);
                let chain = of_room(pdu, check_all(node, &answer.auth_chain, version).await);
                let entry =
                    |pdu: &Arc<Pdu>| Some(((pdu.event_type().to_owned(), pdu.state_key()?.to_owned()), pdu.event_id().clone()));
                let before: StateMap = state.iter().filter_map(entry).collect();
                // A state of which a part does not hold, or that has no beginning, would reject for good what is right.
                let is_whole = state.len() == answer.pdus.len() && before.keys().any(|(kind, _)| kind == "m.room.create");
                if !is_whole {
                    tracing::info!(%origin, event_id = %event.event_id(), "the state behind a gap does not hold");
                    continue;
                }
                fetched.states.push((event.event_id().clone(), state_after(&event, before)));
                fetched.outliers.extend(chain.into_iter().chain(state).chain([event]));
            }
            Err(error) => tracing::info!(%origin, %error, "cannot get the state behind a gap"),
        }
    }
    fetched.outliers.sort_by_key(|event| event.depth());
    fetched.outliers.dedup_by_key(|event| event.event_id().clone());
    fetched
}

/// The events that are of the same room as the given one: a peer may tell us anything.
fn of_room(pdu: &Pdu, mut events: Vec<Arc<Pdu>>) -> Vec<Arc<Pdu>> {
    events.retain(|event| event.room_id() == pdu.room_id());
    events
}

/// Single events of the given one's room; those that cannot be had are left out.
async fn events(
    node: &Arc<Node>,
    origin: &ServerName,
    pdu: &Pdu,
    (ids, version): (&[OwnedEventId], &RoomVersionId),
) -> Vec<Arc<Pdu>> {
    let mut found = Vec::new();
    for id in ids {
        match node.federation.send(&node.gateway, origin, get_event::v1::Request::new(id.clone())).await {
            Ok(answer) => found.extend(of_room(pdu, check_all(node, &[answer.pdu], version).await)),
            Err(error) => tracing::info!(%origin, event_id = %id, %error, "cannot get an event"),
        }
    }
    found
}

/// Those events whose format and signatures hold.
pub(crate) async fn check_all(node: &Arc<Node>, events: &[Box<RawValue>], version: &RoomVersionId) -> Vec<Arc<Pdu>> {
    let mut checked = Vec::with_capacity(events.len());
    for event in events {
        match checked_pdu(node, event.get(), version).await {
            Ok(pdu) => checked.push(pdu),
            Err(error) => tracing::info!(%error, "a fetched event is left out"),
        }
    }
    checked
}

/// All of the events, or the first that does not hold.
pub(crate) async fn check_each(
    node: &Arc<Node>,
    server: &ServerName,
    events: &[Box<RawValue>],
    version: &RoomVersionId,
) -> Result<Vec<Arc<Pdu>>, FederationError> {
    let mut checked = Vec::with_capacity(events.len());
    for event in events {
        let pdu = checked_pdu(node, event.get(), version).await;
        checked.push(pdu.map_err(|error: PduError| FederationError::malformed(server, error))?);
    }
    Ok(checked)
}
