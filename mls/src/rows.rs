//! What of a group is stored: rows, and the changes to them.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ClientUri;
use serde::{Deserialize, Serialize};

use crate::epoch_id::{EpochId, EpochRecord, EpochRef};

/// Rows of openmls' storage by key.
pub type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A group as stored: the public part once, the private part per own client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSnapshot {
    /// The MLS group id.
    pub group_id: Vec<u8>,
    /// The epoch that new messages use.
    pub head: EpochRef,
    /// Tree, context, transcript hash, confirmation tag, proposals.
    pub public: Rows,
    /// Secrets, by own client.
    pub clients: BTreeMap<ClientUri, Rows>,
}

impl GroupSnapshot {
    /// Of a group of which nothing has been stored yet.
    pub(crate) fn empty(group_id: &[u8], head: EpochRef) -> Self {
        Self { group_id: group_id.to_vec(), head, public: Rows::new(), clients: BTreeMap::new() }
    }
}

/// Puts and deletes; the deletes are where forward secrecy happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowChanges {
    /// New or changed rows.
    pub put: Rows,
    /// Rows that go.
    pub delete: Vec<Vec<u8>>,
}

/// What changed of the state of one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochChanges {
    /// The public part.
    pub public: RowChanges,
    /// The private parts.
    pub clients: BTreeMap<ClientUri, RowChanges>,
}

/// What changed since the group was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupChanges {
    /// The head.
    pub head: EpochRef,
    /// The states of epochs that are kept: all of a new one's rows, the differences of one that was there.
    pub states: BTreeMap<EpochId, EpochChanges>,
    /// Epochs whose state is kept no longer: all of their rows go, and the key that their secrets are under.
    pub forgotten: Vec<EpochId>,
    /// Epochs that came to be, in order.
    pub epochs: Vec<EpochRecord>,
}

impl GroupSnapshot {
    fn has_rows(&self) -> bool {
        !self.public.is_empty() || !self.clients.is_empty()
    }
}

impl GroupChanges {
    /// From what is stored to what is to be stored, where only the head is kept.
    pub(crate) fn between(stored: &GroupSnapshot, snapshot: &GroupSnapshot, epochs: Vec<EpochRecord>) -> Self {
        let (id, is_same) = (snapshot.head.id, stored.head.id == snapshot.head.id);
        let changes = match is_same {
            true => EpochChanges::between(stored, snapshot),
            false => EpochChanges::between(&GroupSnapshot::empty(&snapshot.group_id, snapshot.head), snapshot),
        };
        let forgotten = if !is_same && stored.has_rows() { vec![stored.head.id] } else { Vec::new() };
        let states = if changes.is_empty() { BTreeMap::new() } else { BTreeMap::from([(id, changes)]) };
        Self { head: snapshot.head, states, forgotten, epochs }
    }
}

impl EpochChanges {
    /// From one state of an epoch to another.
    pub(crate) fn between(before: &GroupSnapshot, after: &GroupSnapshot) -> Self {
        let none = Rows::new();
        let all_clients: BTreeSet<_> = before.clients.keys().chain(after.clients.keys()).collect();
        let clients = all_clients.into_iter().map(|client| {
            let (before, after) = (before.clients.get(client), after.clients.get(client));
            (client.clone(), RowChanges::between(before.unwrap_or(&none), after.unwrap_or(&none)))
        });
        Self {
            public: RowChanges::between(&before.public, &after.public),
            clients: clients.filter(|(_, changes)| !changes.is_empty()).collect(),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.public.is_empty() && self.clients.is_empty()
    }
}

impl RowChanges {
    /// From one state of rows to another.
    pub(crate) fn between(before: &Rows, after: &Rows) -> Self {
        let put =
            after.iter().filter(|(key, value)| before.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let delete = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
        Self { put, delete }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.delete.is_empty()
    }
}
