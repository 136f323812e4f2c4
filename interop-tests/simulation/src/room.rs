//! A Matrix room, as far as it orders commits (SPEC §14.11): events that name those before them, and the state that
//! follows from the ones that nothing follows yet.
//!
//! What it keeps of Matrix: a graph of events that each homeserver has a part of; the state before an event is
//! resolved from those after the ones that it names; where states differ in an entry, the latest of the events that they
//! have there stays (by `origin_server_ts`, which its sender chooses, then by event id), be it the older one in one of the branches. That is
//! what state resolution comes to among senders whose membership and power do not change; `tests/it/room.rs` plays
//! the same events in the gateway's rooms, where it is ruma's. What it leaves out: that somebody may not write any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use causeway_mls::EpochId;
use causeway_mls::graph::MatrixOrder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An event's name.
pub type EventId = [u8; 32];
type State = BTreeMap<EpochId, EventId>;

/// A state event: of the commits made in an epoch, this one is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its name.
    pub id: EventId,
    /// The room, by number.
    pub room: usize,
    /// The events that it follows.
    pub previous: BTreeSet<EventId>,
    /// When its sender says it has sent it.
    pub at: u64,
    /// The epoch, which is the state key.
    pub parent: EpochId,
    /// The epoch that the commit opens, which is the content.
    pub child: EpochId,
}

impl Event {
    /// An event that follows others.
    pub fn new(room: usize, previous: BTreeSet<EventId>, at: u64, (parent, child): (EpochId, EpochId)) -> Self {
        let hash = Sha256::new().chain_update(room.to_be_bytes()).chain_update(at.to_be_bytes());
        let hash = hash.chain_update(parent.as_bytes()).chain_update(child.as_bytes());
        let id = previous.iter().fold(hash, |hash, previous| hash.chain_update(previous)).finalize().into();
        Self { id, room, previous, at, parent, child }
    }
}

/// A room as one homeserver sees it.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    /// In the order of their coming, each after those that it names.
    events: Vec<Arc<Event>>,
    by_id: BTreeMap<EventId, Arc<Event>>,
    /// The state after each event.
    states: BTreeMap<EventId, Arc<State>>,
    /// Events that nothing follows yet.
    extremities: BTreeSet<EventId>,
    /// Events that name some which have not come yet.
    waiting: Vec<Event>,
    order: MatrixOrder,
}

impl Replica {
    /// Takes an event, and what has waited for it. Whether anything has come of it.
    pub fn accept(&mut self, event: &Event) -> bool {
        if self.contains(event) || self.waiting.contains(event) {
            return false;
        }
        self.waiting.push(event.clone());
        let known = self.events.len();
        while let Some(at) = self.waiting.iter().position(|event| event.previous.iter().all(|id| self.by_id.contains_key(id))) {
            let event = self.waiting.swap_remove(at);
            self.take(Arc::new(event));
        }
        if self.events.len() > known {
            let state = self.resolved(&self.extremities);
            self.order = state.values().filter_map(|id| self.by_id.get(id)).map(|event| (event.parent, event.child)).collect();
        }
        self.events.len() > known
    }

    fn take(&mut self, event: Arc<Event>) {
        let mut state = Arc::unwrap_or_clone(self.resolved(&event.previous));
        state.insert(event.parent, event.id);
        self.states.insert(event.id, Arc::new(state));
        self.extremities.retain(|id| !event.previous.contains(id));
        self.extremities.insert(event.id);
        self.by_id.insert(event.id, event.clone());
        self.events.push(event);
    }

    /// The state that follows from those after several events.
    fn resolved(&self, after: &BTreeSet<EventId>) -> Arc<State> {
        let states: Vec<&Arc<State>> = after.iter().filter_map(|id| self.states.get(id)).collect();
        if let [only] = states[..] {
            return only.clone();
        }
        let mut resolved = State::new();
        for (parent, id) in states.into_iter().flat_map(|state| state.iter()) {
            let latest = resolved.entry(*parent).or_insert(*id);
            if self.rank(id) > self.rank(latest) {
                *latest = *id;
            }
        }
        Arc::new(resolved)
    }

    fn rank(&self, id: &EventId) -> (u64, EventId) {
        (self.by_id.get(id).map_or(0, |event| event.at), *id)
    }

    /// What the resolved state says.
    pub fn order(&self) -> &MatrixOrder {
        &self.order
    }

    /// All events, each after those that it names.
    pub fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// The events that the next one follows.
    pub fn extremities(&self) -> &BTreeSet<EventId> {
        &self.extremities
    }

    /// Whether an event is part of the room.
    pub fn contains(&self, event: &Event) -> bool {
        self.by_id.contains_key(&event.id)
    }
}
