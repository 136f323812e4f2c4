//! Taking an event in [Matrix: checks performed on receipt of a PDU, 4 to 6].
//!
//! Format, signatures and hash (checks 1 to 3) have been done by whoever made the [`Pdu`].

use std::sync::Arc;

use ruma::OwnedEventId;
use ruma::events::StateEventType;
use ruma::state_res;

use super::{Room, StateMap, StoredEvent};
use crate::matrix::{Pdu, PduError};

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is part of the room.
    Accepted,
    /// It is valid at its place in the graph, but not against the current state: kept, not acted upon.
    SoftFailed(String),
    /// A rule forbids it.
    Rejected(String),
    /// The state after these events is not known: [`Room::learn_state`], then again.
    MissingPrev(Vec<OwnedEventId>),
    /// These events are not known: [`Room::learn_event`], then again.
    MissingAuth(Vec<OwnedEventId>),
    /// Known already.
    Duplicate,
}

impl Room {
    /// Takes an event in. The room is unchanged unless it is accepted, soft-failed or rejected.
    pub fn accept(&mut self, pdu: Arc<Pdu>) -> Outcome {
        if self.knows_state_after(pdu.event_id()) {
            return Outcome::Duplicate;
        }
        if *pdu.room_id() != self.room_id {
            return Outcome::Rejected("the event is of another room".to_owned());
        }
        let missing: Vec<_> = pdu.auth_events().iter().filter(|id| !self.events.contains_key(*id)).cloned().collect();
        if !missing.is_empty() {
            return Outcome::MissingAuth(missing);
        }
        let missing: Vec<_> = pdu.prev_events().iter().filter(|id| self.state_after(id).is_none()).cloned().collect();
        if !missing.is_empty() {
            return Outcome::MissingPrev(missing);
        }
        let before: Vec<_> = pdu.prev_events().iter().filter_map(|id| self.state_after(id)).collect();
        let before = match self.resolve(&before) {
            Ok(before) => before,
            Err(error) => return Outcome::Rejected(error.to_string()),
        };
        self.judge(pdu, before)
    }

    /// Whether the state after an event is known in memory.
    pub fn knows_state_after(&self, event_id: &OwnedEventId) -> bool {
        self.extremities.contains_key(event_id) || self.states.contains_key(event_id)
    }

    fn state_after(&self, event_id: &OwnedEventId) -> Option<Arc<StateMap>> {
        self.extremities.get(event_id).or_else(|| self.states.get(event_id)).cloned()
    }

    fn judge(&mut self, pdu: Arc<Pdu>, before: Arc<StateMap>) -> Outcome {
        if let Err(rule) = self.check_auth_events(&pdu).and_then(|()| self.check_against(&pdu, &before)) {
            self.remember(pdu.clone(), before, Some(rule.clone()), false);
            self.rejected.insert(pdu.event_id().clone());
            return Outcome::Rejected(rule);
        }
        let after = state_after(&pdu, &before);
        if let Err(rule) = self.check_against(&pdu, &self.current.clone()) {
            // Soft-failed: later events may refer to it, but we neither show it nor build on it.
            self.states.insert(pdu.event_id().clone(), after);
            self.remember(pdu, before, None, true);
            return Outcome::SoftFailed(rule);
        }
        self.extend(pdu, before, after);
        Outcome::Accepted
    }

    /// Check 4: the event is allowed by the events that it names.
    pub(super) fn check_auth_events(&self, pdu: &Arc<Pdu>) -> Result<(), String> {
        if let Some(rejected) = pdu.auth_events().iter().find(|id| self.rejected.contains(*id)) {
            return Err(format!("its auth event {rejected} was rejected"));
        }
        state_res::check_state_independent_auth_rules(&self.rules.authorization, pdu, |id| self.events.get(id).cloned())?;
        let named: Vec<&Arc<Pdu>> = pdu.auth_events().iter().filter_map(|id| self.events.get(id)).collect();
        state_res::check_state_dependent_auth_rules(&self.rules.authorization, pdu, |kind, key| {
            let found = named.iter().find(|event| event.event_type() == kind.to_string() && event.state_key() == Some(key));
            found.map(|event| (*event).clone()).or_else(|| self.create_event_for(kind))
        })
    }

    /// Since v12, the create event is not named but implied by the room id.
    fn create_event_for(&self, kind: &StateEventType) -> Option<Arc<Pdu>> {
        let implied = *kind == StateEventType::RoomCreate && self.rules.authorization.room_create_event_id_as_room_id;
        implied.then(|| self.events.values().find(|event| event.event_type() == "m.room.create").cloned()).flatten()
    }

    /// Checks 5 and 6: the event is allowed by a state.
    pub(super) fn check_against(&self, pdu: &Arc<Pdu>, state: &StateMap) -> Result<(), String> {
        state_res::check_state_dependent_auth_rules(&self.rules.authorization, pdu, |kind, key| {
            let id = state.get(&(kind.to_string(), key.to_owned()))?;
            self.events.get(id).cloned()
        })
    }

    /// The event becomes the newest.
    pub(super) fn extend(&mut self, pdu: Arc<Pdu>, before: Arc<StateMap>, after: Arc<StateMap>) {
        for prev in pdu.prev_events() {
            if let Some(state) = self.extremities.remove(prev) {
                self.states.insert(prev.clone(), state);
            }
        }
        self.extremities.insert(pdu.event_id().clone(), after);
        self.extremities_changed = true;
        self.remember(pdu, before, None, false);
        if let Ok(current) = self.resolve_extremities() {
            self.current = current;
        }
    }

    fn remember(&mut self, pdu: Arc<Pdu>, before: Arc<StateMap>, rejected: Option<String>, soft_failed: bool) {
        self.events.insert(pdu.event_id().clone(), pdu.clone());
        self.changed.push(StoredEvent { pdu, state_before: Some(before), rejected, soft_failed });
    }

    /// Takes in an event of which only its place in an auth chain matters.
    ///
    /// # Errors
    /// If the events that it names do not allow it.
    pub fn accept_outlier(&mut self, pdu: Arc<Pdu>) -> Result<(), PduError> {
        if self.events.contains_key(pdu.event_id()) {
            return Ok(());
        }
        self.check_auth_events(&pdu).map_err(PduError::Format)?;
        self.events.insert(pdu.event_id().clone(), pdu.clone());
        self.changed.push(StoredEvent { pdu, state_before: None, rejected: None, soft_failed: false });
        Ok(())
    }
}

pub(super) fn state_after(pdu: &Pdu, before: &Arc<StateMap>) -> Arc<StateMap> {
    let Some(state_key) = pdu.state_key() else { return before.clone() };
    let mut after = StateMap::clone(before);
    after.insert((pdu.event_type().to_owned(), state_key.to_owned()), pdu.event_id().clone());
    Arc::new(after)
}
