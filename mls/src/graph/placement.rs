//! Where each commit and each statement is put.

use super::statement::MAX_TERMS;
use super::{CommitFacts, Epoch, EpochGraph, MAX_CHILDREN, Statement};
use crate::{EpochId, EpochRef};

/// Where a commit stands. Each one that arrives is placed exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// It was made in the head and is the head now.
    ExtendsHead,
    /// It won a fork, or the branch that it is on did: the head has moved to another branch.
    WinsFork {
        /// The head until now.
        left: EpochId,
        /// The newest epoch that both branches have.
        fork: EpochId,
    },
    /// It lost a fork, or is on a branch that did: the head stays.
    LosesFork,
    /// Its parent is not known yet.
    WaitsForParent,
    /// It is known.
    Duplicate,
    /// It is refused.
    Refused(Refusal),
}

/// Why the graph does not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It forks off before the anchor, and the branch that it is on is not known to others either.
    #[error("DMLS-7: the epoch is final, no other commit can be made in it")]
    Final,
    /// A losing branch grows past the window.
    #[error("DMLS-8: the branch has lost, and has run past the window")]
    TooLong,
    /// The epoch has enough children that rank better.
    #[error("DMLS-9: too many commits in one epoch, and all others rank better")]
    Crowded,
    /// Too many statements.
    #[error("DMLS-17: too many statements of terms")]
    TooManyTerms,
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementPlacement {
    /// It counts; the head may have moved.
    InForce {
        /// The head until now, if it is another one now.
        left: Option<EpochId>,
    },
    /// It is kept, and counts once what it builds on is known (DMLS-15), or never (DMLS-16).
    Dormant,
    /// The epoch that it names is not known yet.
    WaitsForEpoch,
    /// It is known.
    Duplicate,
    /// It is refused.
    Refused(Refusal),
}

impl EpochGraph {
    /// Whether a commit made in `parent` could be placed at all: asked before any work is spent on it. Whether the parent
    /// is known is another question.
    ///
    /// # Errors
    /// The rule against it.
    pub fn admits(&self, parent: &EpochRef) -> Result<(), Refusal> {
        if !self.contains(&parent.id) {
            return if parent.number < self.root.number { Err(Refusal::Final) } else { Ok(()) };
        }
        let fork = self.fork_point(&parent.id, &self.head).and_then(|fork| self.number(&fork)).unwrap_or(parent.number);
        // One more than the window is kept: it shows that somebody may have taken that branch for final.
        if parent.number.saturating_sub(fork) > self.window { Err(Refusal::TooLong) } else { Ok(()) }
    }

    /// Places a valid commit.
    pub fn place(&mut self, commit: CommitFacts) -> Placement {
        if self.contains(&commit.id) {
            return Placement::Duplicate;
        }
        let Some(number) = self.number(&commit.parent) else { return Placement::WaitsForParent };
        if let Err(refusal) = self.admits(&EpochRef { id: commit.parent, number }) {
            return Placement::Refused(refusal);
        }
        let (id, parent, left) = (commit.id, commit.parent, self.head);
        self.insert(number + 1, commit);
        if !self.thin_out(&parent, &id) {
            return Placement::Refused(Refusal::Crowded);
        }
        self.move_head();
        match self.head {
            head if head == left => Placement::LosesFork,
            _ if parent == left => Placement::ExtendsHead,
            head => Placement::WinsFork { left, fork: self.fork_point(&left, &head).unwrap_or(self.anchor) },
        }
    }

    fn insert(&mut self, number: u64, commit: CommitFacts) {
        let (id, parent) = (commit.id, commit.parent);
        let alike = self.children_of(&parent).any(|sibling| sibling.is_alike(&commit));
        if let Some(epoch) = self.epochs.get_mut(&parent) {
            epoch.children.insert(id);
            if alike {
                epoch.equivocators.insert((commit.committer.user_uri(), commit.term));
            }
        }
        self.epochs.insert(id, Epoch::new(number, Some(commit)));
    }

    fn children_of(&self, parent: &EpochId) -> impl Iterator<Item = &CommitFacts> {
        let children = self.epochs.get(parent).into_iter().flat_map(|epoch| &epoch.children);
        children.filter_map(|child| self.commit(child))
    }

    /// Keeps the best-ranked children of an epoch, and of each committer two: more would show nothing new. Whether
    /// `id` is among them.
    fn thin_out(&mut self, parent: &EpochId, id: &EpochId) -> bool {
        while let Some(worst) = self.superfluous_child(parent, id) {
            for gone in self.subtree(worst) {
                self.epochs.remove(&gone);
            }
            if let Some(epoch) = self.epochs.get_mut(parent) {
                epoch.children.remove(&worst);
            }
        }
        self.contains(id)
    }

    fn superfluous_child(&self, parent: &EpochId, id: &EpochId) -> Option<EpochId> {
        let new = self.commit(id)?;
        let alike: Vec<EpochId> = self.children_of(parent).filter(|child| child.is_alike(new)).map(|child| child.id).collect();
        let all: Vec<EpochId> = self.children_of(parent).map(|child| child.id).collect();
        let crowd = match (alike.len() > 2, all.len() > MAX_CHILDREN) {
            (true, _) => alike,
            (false, true) => all,
            (false, false) => return None,
        };
        crowd.into_iter().max_by_key(|child| self.rank(child))
    }

    /// Takes a statement whose signature holds.
    pub fn state(&mut self, statement: Statement) -> StatementPlacement {
        if self.statements.contains(&statement) {
            return StatementPlacement::Duplicate;
        }
        let epoch = match &statement {
            Statement::Acceptance(accepted) => accepted.epoch,
            Statement::HubTerm(term) => term.from.id,
            Statement::AnchorOverride(anchor) => anchor.anchor.id,
        };
        if !self.contains(&epoch) {
            return StatementPlacement::WaitsForEpoch;
        }
        if statement.opens().is_some() && self.statements.terms() >= MAX_TERMS {
            return StatementPlacement::Refused(Refusal::TooManyTerms);
        }
        let left = self.head;
        self.statements.insert(statement.clone());
        self.settle_statements();
        self.go_back_to_overrides();
        self.move_head();
        match statement.opens().is_none() || self.statements.is_in_force(&statement) {
            true => StatementPlacement::InForce { left: Some(left).filter(|left| *left != self.head) },
            false => StatementPlacement::Dormant,
        }
    }

    fn settle_statements(&mut self) {
        let mut statements = std::mem::take(&mut self.statements);
        // What is not remembered any more is final, and so before everything that is.
        let precedes = |a: &EpochRef, b: &EpochRef| !self.contains(&a.id) || self.is_ancestor(&a.id, &b.id);
        statements.settle(self.window, precedes);
        self.statements = statements;
    }

    pub(super) fn move_head(&mut self) {
        self.head = self.descend(self.anchor);
        self.move_anchor();
    }
}
