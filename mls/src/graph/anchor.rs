//! What is final: the anchor, what is forgotten behind it, and what to do when two sides have gone too far apart.

use std::collections::BTreeSet;

use super::{EpochGraph, MEMORY};
use crate::{EpochId, EpochRef};

/// Another side of the group has taken another branch for final. Nobody sends until an
/// [`AnchorOverride`](super::AnchorOverride) says where the group goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The newest epoch that both sides have.
    pub fork: EpochId,
    /// Our final epoch.
    pub ours: EpochId,
    /// The other side's newest epoch.
    pub theirs: EpochId,
}

impl EpochGraph {
    /// The anchor follows the head at the window's distance, and never goes back by itself.
    pub(super) fn move_anchor(&mut self) {
        let path = self.path_to(&self.head);
        let behind = path.len().saturating_sub(1 + self.window as usize);
        if let Some(anchor) = path.get(behind)
            && self.number(anchor) > self.number(&self.anchor)
        {
            self.anchor = *anchor;
        }
    }

    /// An override in force may name an epoch that is not below our anchor: then the anchor goes back to the fork.
    pub(super) fn go_back_to_overrides(&mut self) {
        let latest = self.statements.overrides().max_by_key(|(term, _)| *term).map(|(_, anchor)| anchor.id);
        let aside = |id: &EpochId| !self.is_ancestor(&self.anchor, id) && !self.is_ancestor(id, &self.anchor);
        let Some(latest) = latest.filter(aside) else { return };
        if let Some(fork) = self.fork_point(&latest, &self.anchor) {
            self.anchor = fork;
        }
    }

    /// Whether another side has taken another branch for final: there is one that ranks better where it forks off
    /// before our anchor, has run past the window, and has commits of two users or more (DMLS-18).
    pub fn conflict(&self) -> Option<Conflict> {
        let path = self.path_to(&self.anchor);
        path.windows(2).find_map(|pair| {
            let (fork, ours) = (pair[0], pair[1]);
            let others = self.epochs.get(&fork)?.children.iter().filter(|child| **child != ours);
            let mut better = others.filter(|child| self.rank(child) < self.rank(&ours));
            better.find_map(|child| self.taken_for_final(&fork, *child)).map(|theirs| Conflict { fork, ours: self.anchor, theirs })
        })
    }

    fn taken_for_final(&self, fork: &EpochId, child: EpochId) -> Option<EpochId> {
        let branch = self.subtree(child);
        let committers: BTreeSet<_> = branch.iter().filter_map(|id| self.committer(id)).collect();
        let tip = branch.into_iter().max_by_key(|id| (self.number(id), *id))?;
        let past = self.number(&tip)? - self.number(fork)? > self.window;
        (past && committers.len() > 1).then_some(tip)
    }

    /// Epochs that nothing but an override can bring back: everything before the anchor, and what forks off there.
    /// Their secrets can go.
    pub fn is_final(&self, id: &EpochId) -> bool {
        self.contains(id) && !self.is_ancestor(&self.anchor, id)
    }

    /// Forgets epochs that lie further behind the anchor than anybody needs them; gives their names.
    pub fn take_final(&mut self) -> Vec<EpochId> {
        let path = self.path_to(&self.anchor);
        let Some(id) = path.len().checked_sub(MEMORY + 1).and_then(|index| path.get(index)).copied() else { return Vec::new() };
        if id == self.root.id {
            return Vec::new();
        }
        self.before_root = self.recent_committers(&id);
        self.root = EpochRef { id, number: self.number(&id).unwrap_or(self.root.number) };
        let kept: BTreeSet<EpochId> = self.subtree(id).into_iter().collect();
        let forgotten: Vec<EpochId> = self.epochs.keys().filter(|id| !kept.contains(id)).copied().collect();
        self.epochs.retain(|id, _| kept.contains(id));
        if let Some(root) = self.epochs.get_mut(&id) {
            root.commit = None;
        }
        self.statements.retain_acceptances(|id| kept.contains(id));
        forgotten
    }
}
