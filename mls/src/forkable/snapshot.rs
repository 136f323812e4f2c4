//! What of a forkable group is stored, and what has changed of it.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ClientUri;
use serde::{Deserialize, Serialize};

use super::own::Unpublished;
use super::waiting::Waiting;
use super::{ForkableGroup, SignedStatement};
use crate::graph::EpochGraph;
use crate::planted::planted;
use crate::rows::{EpochChanges, GroupChanges, GroupSnapshot, Rows};
use crate::{EpochId, EpochRef, Group, MlsError};

/// A forkable group as stored.
#[derive(Clone)]
pub struct ForkableSnapshot {
    /// The MLS group id.
    pub group_id: Vec<u8>,
    /// Graph, statements and what waits, as [`ForkableChanges::core`] gave it. A secret: prepared commits are in it.
    pub core: Vec<u8>,
    /// The state of each kept epoch: public rows, and each own client's.
    pub states: BTreeMap<EpochId, (Rows, BTreeMap<ClientUri, Rows>)>,
    /// The commits of the graph's epochs.
    pub commits: BTreeMap<EpochId, Vec<u8>>,
}

/// What has changed since a forkable group was loaded.
pub struct ForkableChanges {
    /// Graph, statements and what waits. A secret: seal it.
    pub core: Vec<u8>,
    /// The states of its epochs; an epoch's record comes a second time when its right tags are known.
    pub group: GroupChanges,
}

#[derive(Serialize, Deserialize)]
struct Core {
    graph: EpochGraph,
    statements: Vec<Vec<u8>>,
    waiting: Waiting,
    own: BTreeSet<ClientUri>,
    /// Other commits of the same epochs, which differ in their tags only.
    variants: BTreeMap<EpochId, Vec<Vec<u8>>>,
    unpublished: BTreeMap<EpochId, Unpublished>,
    #[serde(default)]
    used: BTreeMap<EpochId, u64>,
}

impl ForkableGroup {
    /// A group that the store has given back.
    ///
    /// # Errors
    /// If it is not what was stored.
    pub fn load(snapshot: ForkableSnapshot) -> Result<Self, MlsError> {
        let core: Core = rmp_serde::from_slice(&snapshot.core).map_err(MlsError::stored)?;
        let group_id = &snapshot.group_id;
        let states = snapshot.states.into_iter().filter_map(|(id, (public, clients))| {
            let head = EpochRef { id, number: core.graph.number(&id)? };
            Some((id, Group::load(GroupSnapshot { group_id: group_id.clone(), head, public, clients })))
        });
        let states = states.map(|(id, state)| Ok((id, state?))).collect::<Result<BTreeMap<_, _>, MlsError>>()?;
        let statements = core.statements.iter().map(|bytes| SignedStatement::from_bytes(bytes)).collect::<Result<_, _>>()?;
        Ok(Self {
            graph: core.graph,
            states,
            commits: with_variants(snapshot.commits, core.variants),
            statements,
            waiting: core.waiting,
            own: core.own,
            unpublished: core.unpublished,
            used: core.used,
            records: Vec::new(),
            forgotten: BTreeMap::new(),
        })
    }

    /// The group as it stands, to be loaded again.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn snapshot(&self) -> Result<ForkableSnapshot, MlsError> {
        Ok(ForkableSnapshot {
            core: self.core()?,
            group_id: self.group_id()?.to_vec(),
            states: self.states.iter().map(|(id, state)| (*id, rows_of(state))).collect(),
            commits: self.commits.iter().filter_map(|(id, all)| Some((*id, all.first()?.clone()))).collect(),
        })
    }

    /// What has changed since it was loaded; asked once, then it counts as stored.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn take_changes(&mut self) -> Result<ForkableChanges, MlsError> {
        let core = self.core()?;
        let (mut states, mut epochs) = (BTreeMap::<EpochId, EpochChanges>::new(), Vec::new());
        for changes in self.states.values_mut().map(Group::take_changes) {
            states.extend(changes.states);
            epochs.extend(changes.epochs);
        }
        epochs.append(&mut self.records);
        if planted!(DeletionsForgotten) {
            states.values_mut().flat_map(|state| state.clients.values_mut()).for_each(|rows| rows.delete.clear());
        }
        let forgotten = std::mem::take(&mut self.forgotten).into_keys().collect();
        let group = GroupChanges { head: self.head(), states, forgotten, epochs };
        Ok(ForkableChanges { core, group })
    }

    fn variants_alone(&self) -> BTreeMap<EpochId, Vec<Vec<u8>>> {
        let alone = self.commits.iter().map(|(id, all)| (*id, all.get(1..).unwrap_or_default().to_vec()));
        alone.filter(|(_, variants)| !variants.is_empty()).collect()
    }

    fn core(&self) -> Result<Vec<u8>, MlsError> {
        let core = Core {
            graph: self.graph.clone(),
            statements: self.statements.iter().map(SignedStatement::to_bytes).collect(),
            waiting: self.waiting.clone(),
            own: if planted!(OwnClientsNotStored) { BTreeSet::new() } else { self.own.clone() },
            variants: self.variants_alone(),
            unpublished: if planted!(PreparedNotStored) { BTreeMap::new() } else { self.unpublished.clone() },
            used: self.used.clone(),
        };
        rmp_serde::to_vec_named(&core).map_err(MlsError::stored)
    }
}

fn rows_of(state: &Group) -> (Rows, BTreeMap<ClientUri, Rows>) {
    (state.snapshot().public.clone(), state.snapshot().clients.clone())
}

fn with_variants(
    commits: BTreeMap<EpochId, Vec<u8>>,
    mut variants: BTreeMap<EpochId, Vec<Vec<u8>>>,
) -> BTreeMap<EpochId, Vec<Vec<u8>>> {
    let all = commits.into_iter().map(|(id, commit)| {
        let variants = variants.remove(&id).unwrap_or_default();
        (id, std::iter::once(commit).chain(variants).collect())
    });
    all.collect()
}
