//! What a node has stored: rows, which change by what [`ForkableGroup::take_changes`] gives, and nothing else. A process
//! that starts again has this, and what was restored from a backup is this without what its clients knew.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::{
    EpochId, ForkableChanges, ForkableGroup, ForkableSnapshot, KeyPackageBundle, MlsError, Nodes, RowChanges, Rows,
};

use crate::planted::planted;

type Clients = BTreeMap<ClientUri, Rows>;

/// The rows of a node.
#[derive(Clone, Default)]
pub(super) struct Store {
    group_id: Vec<u8>,
    core: Vec<u8>,
    states: BTreeMap<EpochId, (Rows, Clients)>,
    commits: BTreeMap<EpochId, Vec<u8>>,
    /// What the public rows refer to, by digest.
    nodes: Rows,
    /// KeyPackages that somebody may have, by reference, with their clients.
    pub(super) key_packages: BTreeMap<Vec<u8>, (ClientUri, KeyPackageBundle)>,
    /// Of these, those that nobody has asked for yet.
    pub(super) pool: Vec<Vec<u8>>,
    /// Messages that came before their epoch.
    pub(super) early: Vec<usize>,
}

impl Store {
    /// One transaction.
    pub(super) fn apply(&mut self, group: &mut ForkableGroup) -> Result<(), MlsError> {
        self.group_id = group.group_id()?.to_vec();
        let ForkableChanges { core, group: changes } = group.take_changes()?;
        if let Some(core) = core {
            self.core = core;
        }
        alter(&mut self.nodes, changes.nodes);
        for (id, change) in changes.states {
            let (public, clients) = self.states.entry(id).or_default();
            alter(public, change.public);
            for (client, rows) in change.clients {
                let kept = clients.entry(client.clone()).or_default();
                alter(kept, rows);
                if kept.is_empty() {
                    clients.remove(&client);
                }
            }
        }
        for id in changes.forgotten {
            self.states.remove(&id);
            self.commits.remove(&id);
        }
        let known = changes.epochs.into_iter().filter(|record| !record.commit.is_empty());
        self.commits.extend(known.map(|record| (record.id, record.commit)));
        Ok(())
    }

    fn snapshot(&self) -> ForkableSnapshot {
        ForkableSnapshot {
            group_id: self.group_id.clone(),
            core: self.core.clone(),
            states: self.states.clone(),
            commits: self.commits.clone(),
            nodes: Nodes::from_rows(self.nodes.clone()),
        }
    }

    /// The group, if there is one.
    pub(super) fn load(&self) -> Result<Option<ForkableGroup>, MlsError> {
        if self.core.is_empty() { Ok(None) } else { ForkableGroup::load(self.snapshot()).map(Some) }
    }

    /// Whether this is what the process has in memory.
    pub(super) fn differs_from(&self, group: &ForkableGroup) -> Result<Option<String>, MlsError> {
        let memory = group.snapshot()?;
        let differing = memory.states.iter().find(|(id, state)| self.states.get(*id) != Some(*state)).map(|(id, _)| *id);
        let superfluous = self.states.keys().find(|id| !memory.states.contains_key(*id)).copied();
        Ok(if let Some(id) = differing.or(superfluous) {
            Some(format!("the rows of epoch {id:?} are not what they are in memory"))
        } else if memory.core != self.core {
            Some("the graph is another one".to_owned())
        } else if memory.nodes.to_rows() != self.nodes {
            Some("the nodes of the public state are others".to_owned())
        } else {
            // That of the epoch where the graph begins is stored, and nobody asks for it.
            let is_stored = memory.commits.iter().all(|(id, commit)| self.commits.get(id) == Some(commit));
            (!is_stored).then(|| "the commits are others".to_owned())
        })
    }

    /// The epochs that rows of secrets are stored of.
    pub(super) fn secret_epochs(&self) -> impl Iterator<Item = EpochId> {
        self.states.iter().filter(|(_, (_, clients))| !clients.is_empty()).map(|(id, _)| *id)
    }

    /// As the store does with a database of another incarnation than its slice ring's: what own clients knew is not
    /// used again, nor are their KeyPackages.
    pub(super) fn forget_secrets(&mut self) {
        if planted!(IncarnationIgnored) {
            return;
        }
        for (_, clients) in self.states.values_mut() {
            clients.clear();
        }
        if !planted!(KeyPackagesOutliveRestore) {
            self.key_packages.clear();
            self.pool.clear();
        }
    }
}

fn alter(rows: &mut Rows, changes: RowChanges) {
    for key in changes.delete {
        rows.remove(&key);
    }
    rows.extend(changes.put);
}
