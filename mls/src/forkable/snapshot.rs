//! What of a forkable group is stored, and what has changed of it.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ClientUri;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::own::Unpublished;
use super::waiting::Waiting;
use super::{ForkableGroup, SignedStatement};
use crate::graph::EpochGraph;
use crate::group::number_of;
use crate::planted::planted;
use crate::rows::{EpochChanges, GroupChanges, GroupSnapshot, PastEpoch, Rows};
use crate::storage::Public;
use crate::storage::node::{Nodes, StoredNodes};
use crate::{EpochId, EpochRef, Group, MlsError};

/// An epoch's public rows, and each own client's.
pub type EpochRows = (Rows, BTreeMap<ClientUri, Rows>);

/// A forkable group as stored.
#[derive(Clone)]
pub struct ForkableSnapshot {
    /// The MLS group id.
    pub group_id: Vec<u8>,
    /// Graph, statements and what waits, as [`ForkableChanges::core`] last gave it. A secret: prepared commits are in it.
    pub core: Vec<u8>,
    /// The state of each kept epoch: public rows, and each own client's.
    pub states: BTreeMap<EpochId, EpochRows>,
    /// The commits of the graph's epochs.
    pub commits: BTreeMap<EpochId, Vec<u8>>,
    /// What the public rows refer to.
    pub nodes: Nodes,
}

/// What has changed since a forkable group was loaded.
pub struct ForkableChanges {
    /// Graph, statements and what waits, if any of it has changed. A secret: seal it.
    pub core: Option<Vec<u8>>,
    /// The states of its epochs; an epoch's record comes a second time when its right tags are known.
    pub group: GroupChanges,
}

#[derive(Serialize, Deserialize)]
struct Core {
    graph: EpochGraph,
    #[serde(with = "crate::octets")]
    statements: Vec<Vec<u8>>,
    waiting: Waiting,
    own: BTreeSet<ClientUri>,
    /// Other commits of the same epochs, which differ in their tags only.
    variants: BTreeMap<EpochId, Vec<ByteBuf>>,
    unpublished: BTreeMap<EpochId, Unpublished>,
    #[serde(default)]
    infos: BTreeMap<EpochId, ByteBuf>,
    #[serde(default)]
    used: BTreeMap<EpochId, u64>,
}

impl ForkableGroup {
    /// A group that the store has given back.
    ///
    /// # Errors
    /// If it is not what was stored.
    pub fn load(snapshot: ForkableSnapshot) -> Result<Self, MlsError> {
        let mut core: Core = rmp_serde::from_slice(&snapshot.core).map_err(MlsError::stored)?;
        let (mut states, mut before) = (BTreeMap::new(), BTreeMap::new());
        for (id, (public, clients)) in snapshot.states {
            let Some(number) = core.graph.number(&id) else {
                before.insert(id, PastEpoch { public, clients });
                continue;
            };
            let (head, nodes, past) = (EpochRef { id, number }, snapshot.nodes.roots_of(&public), BTreeMap::new());
            let group_id = snapshot.group_id.clone();
            states.insert(id, Group::load_state(GroupSnapshot { group_id, head, public, clients, nodes, past })?);
        }
        for (id, past) in before {
            stored_past(&mut states, id, past, &snapshot.nodes);
        }
        for unpublished in core.unpublished.values_mut() {
            unpublished.state.nodes = snapshot.nodes.roots_of(&unpublished.state.public);
        }
        let statements = core.statements.iter().map(|bytes| SignedStatement::from_bytes(bytes)).collect::<Result<_, _>>()?;
        let mut group = Self {
            graph: core.graph,
            states,
            commits: with_variants(snapshot.commits, core.variants),
            statements,
            waiting: core.waiting,
            own: core.own,
            unpublished: core.unpublished,
            infos: core.infos.into_iter().map(|(id, info)| (id, info.into_vec())).collect(),
            used: core.used,
            records: Vec::new(),
            forgotten: BTreeMap::new(),
            is_over: false,
            stored_nodes: StoredNodes::default(),
            stored_core: snapshot.core,
        };
        group.stored_nodes = StoredNodes::of(&snapshot.nodes, group.nodes());
        Ok(group)
    }

    /// The group as it stands, to be loaded again.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn snapshot(&self) -> Result<ForkableSnapshot, MlsError> {
        Ok(ForkableSnapshot {
            core: self.core()?,
            group_id: self.group_id()?.to_vec(),
            states: self.states.iter().flat_map(|(id, state)| rows_of(*id, state)).collect(),
            commits: self.commits.iter().filter_map(|(id, all)| Some((*id, all.first()?.clone()))).collect(),
            nodes: self.nodes(),
        })
    }

    /// What has changed since it was loaded; asked once, then it counts as stored.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn take_changes(&mut self) -> Result<ForkableChanges, MlsError> {
        let core = self.core()?;
        let head = self.head().id;
        // Messages and commits are for the head; what comes late is opened from rows.
        self.states.iter_mut().filter(|(id, _)| **id != head).for_each(|(_, state)| state.rest());
        let (mut states, mut emptied, mut epochs) = (BTreeMap::<EpochId, EpochChanges>::new(), Vec::new(), Vec::new());
        for changes in self.states.values_mut().map(Group::take_changes_of_rows) {
            states.extend(changes.states);
            emptied.extend(changes.emptied);
            epochs.extend(changes.epochs);
            self.forgotten.extend(changes.forgotten.into_iter().map(|id| (id, None)));
        }
        epochs.append(&mut self.records);
        if planted!(DeletionsForgotten) {
            states.values_mut().flat_map(|state| state.clients.values_mut()).for_each(|rows| rows.delete.clear());
        }
        let forgotten = std::mem::take(&mut self.forgotten).into_keys().collect();
        let nodes = self.stored_nodes.change_to(self.nodes());
        let group = GroupChanges { head: self.head(), states, forgotten, emptied, epochs, nodes };
        let is_new = core != self.stored_core;
        self.stored_core = core;
        Ok(ForkableChanges { core: is_new.then(|| self.stored_core.clone()), group })
    }

    /// Lets go of openmls' objects: the next operation builds its own from the rows.
    pub fn rest(&mut self) {
        self.states.values_mut().for_each(Group::rest);
    }

    /// What the public state of all epochs is made of, that of prepared commits' included.
    pub(super) fn nodes(&self) -> Nodes {
        let mut nodes = Nodes::default();
        self.states.values().for_each(|state| nodes.extend(&state.snapshot().nodes));
        self.unpublished.values().for_each(|unpublished| nodes.extend(&unpublished.state.nodes));
        nodes
    }

    fn variants_alone(&self) -> BTreeMap<EpochId, Vec<ByteBuf>> {
        let alone = self.commits.iter().filter(|(_, all)| all.len() > 1);
        alone.map(|(id, all)| (*id, all.iter().skip(1).cloned().map(ByteBuf::from).collect())).collect()
    }

    fn core(&self) -> Result<Vec<u8>, MlsError> {
        let core = Core {
            graph: self.graph.clone(),
            statements: self.statements.iter().map(SignedStatement::to_bytes).collect(),
            waiting: self.waiting.clone(),
            own: if planted!(OwnClientsNotStored) { BTreeSet::new() } else { self.own.clone() },
            variants: self.variants_alone(),
            unpublished: if planted!(PreparedNotStored) { BTreeMap::new() } else { self.unpublished.clone() },
            infos: self.infos.iter().map(|(id, info)| (*id, ByteBuf::from(info.clone()))).collect(),
            used: self.used.clone(),
        };
        rmp_serde::to_vec_named(&core).map_err(MlsError::stored)
    }
}

/// An epoch's, and those that are kept for it.
pub(super) fn rows_of(id: EpochId, state: &Group) -> Vec<(EpochId, EpochRows)> {
    let snapshot = state.snapshot();
    let past = snapshot.past.iter().map(|(id, past)| (*id, (past.public.clone(), past.clients.clone())));
    past.chain([(id, (snapshot.public.clone(), snapshot.clients.clone()))]).collect()
}

/// An epoch from before the group was forkable is kept with the next one that own clients hold: with it, it goes.
fn stored_past(states: &mut BTreeMap<EpochId, Group>, id: EpochId, past: PastEpoch, nodes: &Nodes) {
    let number = number_of(&Public { nodes: nodes.roots_of(&past.public), rows: past.public.clone() }).unwrap_or_default();
    let later = |state: &&mut Group| (state.epoch().number <= number, state.own_clients().next().is_none(), state.epoch().number);
    if let Some(state) = states.values_mut().min_by_key(later) {
        state.stored_past(BTreeMap::from([(id, past)]), nodes);
    }
}

fn with_variants(
    commits: BTreeMap<EpochId, Vec<u8>>,
    mut variants: BTreeMap<EpochId, Vec<ByteBuf>>,
) -> BTreeMap<EpochId, Vec<Vec<u8>>> {
    let all = commits.into_iter().map(|(id, commit)| {
        let variants = variants.remove(&id).unwrap_or_default();
        (id, std::iter::once(commit).chain(variants.into_iter().map(ByteBuf::into_vec)).collect())
    });
    all.collect()
}
