//! What is final: the anchor, what is forgotten behind it, and what to do when two sides have gone too far apart.

use std::collections::BTreeSet;

use super::{EpochGraph, MEMORY};
use crate::planted::planted;
use crate::{EpochId, EpochRef};

/// Another side of the group has taken another branch for final. Nobody sends until an
/// [`AnchorOverride`](super::AnchorOverride) says where the group goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The newest epoch that both sides have.
    pub fork: EpochId,
    /// Our final epoch, or our head where nothing of ours is final yet.
    pub ours: EpochId,
    /// The other side's newest epoch.
    pub theirs: EpochId,
}

impl EpochGraph {
    /// The anchor follows the head at the window's distance, and never goes back by itself.
    pub(super) fn move_anchor(&mut self) {
        let path = self.path_to(&self.head);
        let distance = self.window as usize - usize::from(planted!(AnchorTooNear) && self.window > 0);
        let behind = path.len().saturating_sub(1 + distance);
        if let Some(anchor) = path.get(behind)
            && (self.number(anchor) > self.number(&self.anchor) || planted!(AnchorGoesBack))
        {
            self.anchor = *anchor;
        }
    }

    /// Overrides in force may lead to an epoch that is not below our anchor: then the anchor goes back to the fork.
    pub(super) fn go_back_to_overrides(&mut self) {
        let mut leads_to = self.root.id;
        while let Some(best) = self.best_child(&leads_to).filter(|best| self.override_through(best) > 0) {
            leads_to = best;
        }
        let is_aside = !self.is_ancestor(&self.anchor, &leads_to) && !self.is_ancestor(&leads_to, &self.anchor);
        if let Some(fork) = self.fork_point(&leads_to, &self.anchor).filter(|_| is_aside && !planted!(OverrideKeepsAnchor)) {
            self.anchor = fork;
        }
    }

    /// Whether another side has taken another branch for final (DMLS-18): there is one that leaves the way to our head, has
    /// run past the window with commits of two users or more, and is not decided against by an override; and it ranks
    /// better than ours, or ours has not run as far, so that the other side is not told. In the first case we have taken
    /// for final what should have lost; in the second others have, and will not come back by themselves.
    pub fn conflict(&self) -> Option<Conflict> {
        let path = self.path_to(&self.head);
        path.windows(2).find_map(|pair| {
            let (fork, next) = (pair[0], pair[1]);
            let ours = if self.is_ancestor(&next, &self.anchor) { self.anchor } else { self.head };
            let others = self.counting_children(&fork).map(|child| child.id).filter(|child| *child != next);
            let mut taken = others.filter_map(|child| Some((child, self.taken_for_final(&fork, child)?)));
            let (_, theirs) = taken.find(|(child, _)| self.contradicts(child, &next, &fork))?;
            Some(Conflict { fork, ours, theirs })
        })
    }

    fn contradicts(&self, other: &EpochId, ours: &EpochId, fork: &EpochId) -> bool {
        let is_better = self.rank(ours) < self.rank(other);
        // Of two overrides that decide differently, all follow the same one.
        if planted!(ConflictMissed) || (is_better && self.override_through(ours) > 0) {
            return false;
        }
        let is_told = || planted!(ConflictHalfSeen) || self.taken_for_final(fork, *ours).is_some();
        !is_better || !is_told()
    }

    /// An epoch of a branch that shows that it has run past the window, with commits of two users or more.
    fn taken_for_final(&self, fork: &EpochId, child: EpochId) -> Option<EpochId> {
        let past = self.number(fork)? + self.window + 1;
        let tips = self.subtree(child).into_iter().filter(|id| self.number(id) == Some(past) && self.counts(id));
        let committers = |tip: &EpochId| {
            let branch = self.ancestors(tip).take_while(|id| id != fork);
            branch.filter_map(|id| self.committer(&id)).collect::<BTreeSet<_>>().len()
        };
        tips.filter(|tip| committers(tip) > 1).max()
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
        if id == self.root.id || planted!(NothingForgotten) {
            return Vec::new();
        }
        self.before_root = self.recent_commits(&id);
        self.root = EpochRef { id, number: self.number(&id).unwrap_or(self.root.number) };
        let kept: BTreeSet<EpochId> = self.subtree(id).into_iter().collect();
        let forgotten: Vec<EpochId> = self.epochs.keys().filter(|id| !kept.contains(id)).copied().collect();
        self.epochs.retain(|id, _| kept.contains(id));
        if let Some(root) = self.epochs.get_mut(&id) {
            root.commit = None;
        }
        self.spares.retain(|spare, _| kept.contains(spare));
        self.statements.forget(|id| kept.contains(id), self.root.number, self.window);
        self.forget_orders();
        forgotten
    }
}
