//! What of a group is stored: rows, and the changes to them.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ClientUri;
use serde::{Deserialize, Serialize};

use crate::epoch_id::{EpochId, EpochRecord, EpochRef};
use crate::storage::Public;
use crate::storage::node::Nodes;

/// Rows of openmls' storage by key.
pub type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A group as stored: the public part once, the private part per own client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSnapshot {
    /// The MLS group id.
    pub group_id: Vec<u8>,
    /// The epoch that new messages use.
    pub head: EpochRef,
    /// Tree, context, transcript hash, confirmation tag.
    pub public: Rows,
    /// Secrets, by own client.
    pub clients: BTreeMap<ClientUri, Rows>,
    /// What the public rows refer to.
    #[serde(skip)]
    pub nodes: Nodes,
    /// Epochs before the head whose stragglers still open.
    #[serde(default)]
    pub past: BTreeMap<EpochId, PastEpoch>,
}

/// An epoch that is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastEpoch {
    /// As in [`GroupSnapshot::public`].
    pub public: Rows,
    /// As in [`GroupSnapshot::clients`].
    pub clients: BTreeMap<ClientUri, Rows>,
}

impl GroupSnapshot {
    /// Of a group of which nothing has been stored yet.
    pub(crate) fn empty(group_id: &[u8], head: EpochRef) -> Self {
        let group_id = group_id.to_vec();
        Self { group_id, head, public: Rows::new(), clients: BTreeMap::new(), nodes: Nodes::default(), past: BTreeMap::new() }
    }

    /// The public state of the head.
    pub(crate) fn public_state(&self) -> Public {
        self.public_of(&self.public)
    }

    pub(crate) fn public_of(&self, rows: &Rows) -> Public {
        Public { rows: rows.clone(), nodes: self.nodes.roots_of(rows) }
    }

    /// The nodes that rows refer to, and no others.
    pub(crate) fn roots(&self) -> Nodes {
        let mut roots = self.nodes.roots_of(&self.public);
        self.past.values().for_each(|past| roots.extend(&self.nodes.roots_of(&past.public)));
        roots
    }

    /// All epochs, the head included.
    fn states(&self) -> BTreeMap<EpochId, State<'_>> {
        let past = self.past.iter().map(|(id, past)| (*id, (&past.public, &past.clients)));
        let head = (!self.public.is_empty() || !self.clients.is_empty()).then_some((self.head.id, (&self.public, &self.clients)));
        past.chain(head).collect()
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
    /// Epochs whose state is kept without secrets from now on: the key that those were under goes.
    pub emptied: Vec<EpochId>,
    /// Epochs that came to be, in order.
    pub epochs: Vec<EpochRecord>,
    /// Nodes that the public rows of kept epochs refer to, by digest: what no kept epoch refers to any more goes.
    pub nodes: RowChanges,
}

impl GroupChanges {
    /// From what is stored to what is to be stored, but for the nodes.
    pub(crate) fn between(stored: &GroupSnapshot, snapshot: &GroupSnapshot, epochs: Vec<EpochRecord>) -> Self {
        let (before, after) = (stored.states(), snapshot.states());
        let nothing = (&Rows::new(), &BTreeMap::new());
        let has_none = |id: &EpochId| after.get(id).is_some_and(|(_, clients)| clients.is_empty());
        let states = after.iter().map(|(id, state)| (*id, EpochChanges::between(*before.get(id).unwrap_or(&nothing), *state)));
        Self {
            head: snapshot.head,
            states: states.filter(|(_, changes)| !changes.is_empty()).collect(),
            forgotten: before.keys().filter(|id| !after.contains_key(id)).copied().collect(),
            emptied: before.iter().filter(|(id, (_, clients))| !clients.is_empty() && has_none(id)).map(|(id, _)| *id).collect(),
            epochs,
            nodes: RowChanges::default(),
        }
    }
}

type State<'a> = (&'a Rows, &'a BTreeMap<ClientUri, Rows>);

impl EpochChanges {
    /// From one state of an epoch to another.
    fn between((public_before, before): State<'_>, (public_after, after): State<'_>) -> Self {
        let none = Rows::new();
        let all_clients: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let clients = all_clients.into_iter().map(|client| {
            let (before, after) = (before.get(client), after.get(client));
            (client.clone(), RowChanges::between(before.unwrap_or(&none), after.unwrap_or(&none)))
        });
        Self {
            public: RowChanges::between(public_before, public_after),
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
