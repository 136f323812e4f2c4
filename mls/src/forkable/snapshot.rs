//! What of a forkable group is stored, and what has changed of it.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ClientUri;
use serde::{Deserialize, Serialize};

use super::own::Unpublished;
use super::waiting::Waiting;
use super::{ForkableGroup, SignedStatement};
use crate::graph::EpochGraph;
use crate::rows::{GroupChanges, GroupSnapshot};
use crate::{EpochId, EpochRecord, Group, MlsError};

/// A forkable group as stored.
#[derive(Clone)]
pub struct ForkableSnapshot {
    /// Graph, statements and what waits, as [`ForkableChanges::core`] gave it. A secret: prepared commits are in it.
    pub core: Vec<u8>,
    /// The state of each kept epoch.
    pub states: Vec<GroupSnapshot>,
    /// The commits of the graph's epochs, with their variants.
    pub commits: BTreeMap<EpochId, Vec<Vec<u8>>>,
}

/// What has changed since a forkable group was loaded.
pub struct ForkableChanges {
    /// Graph, statements and what waits. A secret: seal it.
    pub core: Vec<u8>,
    /// Rows of the states of epochs that are new or have changed, each by its own name.
    pub states: Vec<GroupChanges>,
    /// Epochs that came to be, or whose right tags are known now, in order.
    pub records: Vec<EpochRecord>,
    /// Epochs that are gone: all rows, and the keys that they were sealed under.
    pub forgotten: BTreeSet<EpochId>,
}

#[derive(Serialize, Deserialize)]
struct Core {
    graph: EpochGraph,
    statements: Vec<Vec<u8>>,
    waiting: Waiting,
    own: BTreeSet<ClientUri>,
    unpublished: BTreeMap<EpochId, Unpublished>,
}

impl ForkableGroup {
    /// A group that the store has given back.
    ///
    /// # Errors
    /// If it is not what was stored.
    pub fn load(snapshot: ForkableSnapshot) -> Result<Self, MlsError> {
        let core: Core = rmp_serde::from_slice(&snapshot.core).map_err(MlsError::stored)?;
        let states = snapshot.states.into_iter().map(|state| Ok((state.head.id, Group::load(state)?)));
        let states: BTreeMap<EpochId, Group> = states.collect::<Result<_, MlsError>>()?;
        let statements = core.statements.iter().map(|bytes| SignedStatement::from_bytes(bytes)).collect::<Result<_, _>>()?;
        Ok(Self {
            graph: core.graph,
            states,
            commits: snapshot.commits,
            statements,
            waiting: core.waiting,
            own: core.own,
            unpublished: core.unpublished,
            records: Vec::new(),
            forgotten: BTreeSet::new(),
        })
    }

    /// The group as it stands, to be loaded again.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn snapshot(&self) -> Result<ForkableSnapshot, MlsError> {
        Ok(ForkableSnapshot {
            core: self.core()?,
            states: self.states.values().map(|state| state.snapshot().clone()).collect(),
            commits: self.commits.clone(),
        })
    }

    /// What has changed since it was loaded; asked once, then it counts as stored.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn take_changes(&mut self) -> Result<ForkableChanges, MlsError> {
        let core = self.core()?;
        let states = self.states.values_mut().map(Group::take_changes).filter(|changes| !changes.is_empty()).collect();
        let records = std::mem::take(&mut self.records);
        Ok(ForkableChanges { core, states, records, forgotten: std::mem::take(&mut self.forgotten) })
    }

    fn core(&self) -> Result<Vec<u8>, MlsError> {
        let core = Core {
            graph: self.graph.clone(),
            statements: self.statements.iter().map(SignedStatement::to_bytes).collect(),
            waiting: self.waiting.clone(),
            own: self.own.clone(),
            unpublished: self.unpublished.clone(),
        };
        rmp_serde::to_vec_named(&core).map_err(MlsError::stored)
    }
}
