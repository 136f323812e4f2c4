//! State resolution, by ruma.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use ruma::OwnedEventId;
use ruma::events::StateEventType;
use ruma::state_res::{self, StateMap as RumaStateMap};

use super::{Room, StateMap};
use crate::matrix::PduError;

impl Room {
    /// The state that follows from several states.
    pub(super) fn resolve(&self, states: &[Arc<StateMap>]) -> Result<Arc<StateMap>, PduError> {
        let distinct: BTreeSet<&StateMap> = states.iter().map(AsRef::as_ref).collect();
        match distinct.len() {
            0 => return Ok(Arc::default()),
            1 => return Ok(states[0].clone()),
            _ => {}
        }
        let rules = self.rules.state_res.v2_rules().ok_or_else(|| PduError::Version(self.version.clone()))?;
        let maps: Vec<RumaStateMap<OwnedEventId>> = distinct.iter().map(|state| to_ruma(state)).collect();
        let chains = distinct.iter().map(|state| self.auth_chain_ids(state.values()).into_iter().collect()).collect();
        let resolved = state_res::resolve(
            &self.rules.authorization,
            rules,
            maps.iter(),
            chains,
            |id| self.events.get(id).cloned(),
            |conflicted| Some(self.conflicted_subgraph(conflicted.values().flatten()).into_iter().collect()),
        )
        .map_err(|error| PduError::Format(format!("state resolution: {error}")))?;
        Ok(Arc::new(resolved.into_iter().map(|((kind, key), id)| ((kind.to_string(), key), id)).collect()))
    }

    /// The state after all extremities.
    pub(super) fn resolve_extremities(&self) -> Result<Arc<StateMap>, PduError> {
        let states: Vec<_> = self.extremities.values().cloned().collect();
        self.resolve(&states)
    }

    /// The events with everything that allows them.
    fn auth_chain_ids<'a>(&self, from: impl IntoIterator<Item = &'a OwnedEventId>) -> HashSet<OwnedEventId> {
        let mut seen = HashSet::new();
        let mut queue: Vec<OwnedEventId> = from.into_iter().cloned().collect();
        while let Some(id) = queue.pop() {
            if let Some(event) = self.events.get(&id)
                && seen.insert(id)
            {
                queue.extend(event.auth_events().iter().cloned());
            }
        }
        seen
    }

    /// Since v12: the events on paths between conflicted events.
    fn conflicted_subgraph<'a>(&self, conflicted: impl IntoIterator<Item = &'a OwnedEventId>) -> HashSet<OwnedEventId> {
        let conflicted: HashSet<OwnedEventId> = conflicted.into_iter().cloned().collect();
        let below = self.auth_chain_ids(&conflicted);
        below
            .into_iter()
            .filter(|id| conflicted.contains(id) || self.auth_chain_ids([id]).iter().any(|ancestor| conflicted.contains(ancestor)))
            .collect()
    }
}

fn to_ruma(state: &StateMap) -> RumaStateMap<OwnedEventId> {
    state.iter().map(|((kind, key), id)| ((StateEventType::from(kind.as_str()), key.clone()), id.clone())).collect()
}
