//! What of a group is stored: rows, and the changes to them.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::ClientUri;
use serde::{Deserialize, Serialize};

use crate::epoch_id::{EpochRecord, EpochRef};

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

/// What changed since the group was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupChanges {
    /// The head.
    pub head: EpochRef,
    /// The public part.
    pub public: RowChanges,
    /// The private parts.
    pub clients: BTreeMap<ClientUri, RowChanges>,
    /// Epochs that came to be, in order.
    pub epochs: Vec<EpochRecord>,
}

impl GroupChanges {
    /// Whether no row and no record is new, changed or gone.
    pub(crate) fn is_empty(&self) -> bool {
        self.public.is_empty() && self.clients.values().all(RowChanges::is_empty) && self.epochs.is_empty()
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
