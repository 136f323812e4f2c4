//! A room as one homeserver sees it: the graph's forward edge with its state, and the events that state needs.

mod accept;
mod build;
mod create;
mod resolve;
mod template;
mod views;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use ruma::room_version_rules::RoomVersionRules;
use ruma::{EventId, OwnedEventId, OwnedRoomId, RoomVersionId};

pub use accept::Outcome;
pub use build::{EventDraft, Refused};
pub use create::StateDraft;
pub use template::Template;
pub use views::Thresholds;

use super::pdu::{Pdu, PduError, rules};

/// The state of a room: `(type, state_key) → event id`.
pub type StateMap = BTreeMap<(String, String), OwnedEventId>;

/// An event that became part of the room, for the store.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The event.
    pub pdu: Arc<Pdu>,
    /// The state before it; none for outliers.
    pub state_before: Option<Arc<StateMap>>,
    /// The rule that rejected it.
    pub rejected: Option<String>,
    /// Valid at its place, but not now.
    pub soft_failed: bool,
}

/// What changed since the room was loaded.
#[derive(Clone, Debug, Default)]
pub struct RoomChanges {
    /// New events, in order.
    pub events: Vec<StoredEvent>,
    /// All extremities with the state after each; none if they did not change.
    pub extremities: Option<Vec<(OwnedEventId, Arc<StateMap>)>>,
}

/// What a room is restored from.
pub struct RoomParts {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Its version.
    pub version: RoomVersionId,
    /// All state events and outliers, in order of arrival, and the extremities.
    pub events: Vec<Arc<Pdu>>,
    /// Those of the events that a rule rejected.
    pub rejected: Vec<OwnedEventId>,
    /// Extremities with the state after each.
    pub extremities: Vec<(OwnedEventId, StateMap)>,
}

/// A room.
#[derive(Clone)]
pub struct Room {
    room_id: OwnedRoomId,
    version: RoomVersionId,
    rules: RoomVersionRules,
    events: HashMap<OwnedEventId, Arc<Pdu>>,
    rejected: HashSet<OwnedEventId>,
    extremities: BTreeMap<OwnedEventId, Arc<StateMap>>,
    /// State after events that are no extremities any more, as far as it is known in memory.
    states: HashMap<OwnedEventId, Arc<StateMap>>,
    current: Arc<StateMap>,
    changed: Vec<StoredEvent>,
    extremities_changed: bool,
}

impl Room {
    fn empty(room_id: OwnedRoomId, version: RoomVersionId) -> Result<Self, PduError> {
        Ok(Self {
            rules: rules(&version)?,
            room_id,
            version,
            events: HashMap::new(),
            rejected: HashSet::new(),
            extremities: BTreeMap::new(),
            states: HashMap::new(),
            current: Arc::default(),
            changed: Vec::new(),
            extremities_changed: false,
        })
    }

    /// A room that the store has given back.
    ///
    /// # Errors
    /// If its version is not supported, or its state cannot be resolved.
    pub fn restore(parts: RoomParts) -> Result<Self, PduError> {
        let mut room = Self::empty(parts.room_id, parts.version)?;
        room.events.extend(parts.events.into_iter().map(|pdu| (pdu.event_id().clone(), pdu)));
        room.rejected.extend(parts.rejected);
        room.extremities = parts.extremities.into_iter().map(|(id, state)| (id, Arc::new(state))).collect();
        room.current = room.resolve_extremities()?;
        Ok(room)
    }

    /// The room's id.
    pub fn room_id(&self) -> &OwnedRoomId {
        &self.room_id
    }

    /// The room's version.
    pub fn version(&self) -> &RoomVersionId {
        &self.version
    }

    /// The current, resolved state.
    pub fn state(&self) -> &StateMap {
        &self.current
    }

    /// A known event.
    pub fn event(&self, event_id: &EventId) -> Option<&Arc<Pdu>> {
        self.events.get(event_id)
    }

    /// The forward extremities.
    pub fn extremities(&self) -> impl Iterator<Item = &OwnedEventId> {
        self.extremities.keys()
    }

    /// The state event at `(type, state_key)`.
    pub fn state_event(&self, event_type: &str, state_key: &str) -> Option<&Arc<Pdu>> {
        let id = self.current.get(&(event_type.to_owned(), state_key.to_owned()))?;
        self.events.get(id)
    }

    /// Tells the room the state after an event that it does not remember, from the store or from a peer.
    pub fn learn_state(&mut self, event_id: OwnedEventId, state_after: StateMap) {
        self.states.insert(event_id, Arc::new(state_after));
    }

    /// Tells the room an event that it needs but does not remember.
    pub fn learn_event(&mut self, pdu: Arc<Pdu>) {
        self.events.entry(pdu.event_id().clone()).or_insert(pdu);
    }

    /// What has changed since the room was loaded; asked once, then it counts as stored.
    pub fn take_changes(&mut self) -> RoomChanges {
        let extremities = std::mem::take(&mut self.extremities_changed)
            .then(|| self.extremities.iter().map(|(id, state)| (id.clone(), state.clone())).collect());
        RoomChanges { events: std::mem::take(&mut self.changed), extremities }
    }

    /// Everything that allows the given events, themselves left out.
    pub fn auth_chain<'a>(&self, from: impl IntoIterator<Item = &'a OwnedEventId>) -> Vec<Arc<Pdu>> {
        let mut chain = BTreeMap::new();
        let mut queue: Vec<&OwnedEventId> =
            from.into_iter().filter_map(|id| self.events.get(id)).flat_map(|e| e.auth_events()).collect();
        while let Some(id) = queue.pop() {
            if let Some(event) = self.events.get(id)
                && chain.insert(id.clone(), event.clone()).is_none()
            {
                queue.extend(event.auth_events());
            }
        }
        chain.into_values().collect()
    }
}
