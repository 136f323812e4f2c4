//! What is kept of epochs that are over, for stragglers.

use std::collections::BTreeMap;

use super::Group;
use crate::MlsError;
use crate::epoch_id::EpochId;
use crate::rows::{GroupSnapshot, PastEpoch};
use crate::storage::node::Nodes;
use crate::storage::{self, Public};

/// Stragglers of so many past epochs still decrypt (application messages only), if nothing else is set: their states are kept.
pub const PAST_EPOCHS: usize = 2;
/// The most that may be set.
pub const MAX_PAST_EPOCHS: u64 = 16;

impl Group {
    /// From the next epoch on, stragglers of so many past epochs decrypt.
    pub fn keep_past_epochs(&mut self, epochs: usize) {
        self.past_epochs = epochs;
    }

    /// The secrets of past epochs go whose time is up.
    pub fn forget_past(&mut self, is_due: impl Fn(&EpochId) -> bool) {
        self.snapshot.past.retain(|id, _| !is_due(id));
        self.snapshot.nodes = self.snapshot.roots();
    }

    /// A hub orders from now on, and this epoch is over: of its secrets, those stay that open messages.
    pub(crate) fn keep_for_stragglers(&mut self) {
        self.rest();
        for rows in self.snapshot.clients.values_mut() {
            *rows = storage::for_stragglers(rows);
        }
    }

    /// The secrets of this epoch go.
    pub(crate) fn drop_secrets(&mut self) {
        self.rest();
        self.snapshot.clients.clear();
        self.snapshot.past.clear();
        self.snapshot.nodes = self.snapshot.roots();
    }

    /// What of the epochs before it a state of the same epoch has brought.
    pub(crate) fn keep_past(&mut self, past: BTreeMap<EpochId, PastEpoch>, nodes: &Nodes) {
        self.snapshot.past.extend(past);
        self.snapshot.nodes.extend(nodes);
        self.snapshot.nodes = self.snapshot.roots();
    }

    /// The same, where it is stored with the state already.
    pub(crate) fn stored_past(&mut self, past: BTreeMap<EpochId, PastEpoch>, nodes: &Nodes) {
        self.stored.past.extend(past.clone());
        self.keep_past(past, nodes);
    }

    /// Keeps the last epochs for stragglers, with what opens messages of those who are still in.
    pub(super) fn keep_before(&mut self, before: GroupSnapshot) -> Result<(), MlsError> {
        let oldest = self.snapshot.head.number.saturating_sub(self.past_epochs as u64);
        let mut nodes = before.nodes;
        let mut head = PastEpoch { public: before.public, clients: before.clients };
        for rows in head.clients.values_mut() {
            *rows = storage::for_stragglers(rows);
        }
        for (id, mut past) in before.past.into_iter().chain([(before.head.id, head)]) {
            past.clients.retain(|client, _| self.snapshot.clients.contains_key(client));
            let public = Public { nodes: nodes.roots_of(&past.public), rows: past.public.clone() };
            if !past.clients.is_empty() && number_of(&public).is_ok_and(|number| number >= oldest) {
                self.snapshot.past.insert(id, past);
            }
        }
        nodes.extend(&self.snapshot.nodes);
        self.snapshot.nodes = nodes;
        self.snapshot.nodes = self.snapshot.roots();
        Ok(())
    }
}

/// The number of an epoch.
pub(crate) fn number_of(public: &Public) -> Result<u64, MlsError> {
    Ok(storage::group_context(public)?.epoch().as_u64())
}
