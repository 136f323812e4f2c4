//! Where each commit and each statement is put.

use super::{CommitFacts, Epoch, EpochGraph, Statement};
use crate::planted::planted;
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
    /// The epoch, or its user, has enough commits that rank better, and others are waited for already.
    #[error("DMLS-9: too many commits in one epoch or by one user")]
    Crowded,
    /// Too many statements.
    #[error("DMLS-17: too many statements of terms by one signer")]
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
        self.place_with(commit, Vec::new())
    }

    /// Places a valid commit together with statements that have waited for its epoch: they have to count when it is
    /// weighed against its siblings, or it might not be kept long enough for them.
    pub fn place_with(&mut self, commit: CommitFacts, statements: Vec<Statement>) -> Placement {
        if self.contains(&commit.id) {
            return Placement::Duplicate;
        }
        let Some(number) = self.number(&commit.parent) else { return Placement::WaitsForParent };
        if let Err(refusal) = self.admits(&EpochRef { id: commit.parent, number }) {
            return Placement::Refused(refusal);
        }
        if planted!(FirstChildrenKept) && self.children_of(&commit.parent).count() >= super::MAX_CHILDREN {
            return Placement::Refused(Refusal::TooLong);
        }
        self.drop_spares(&commit);
        let (id, parent, left) = (commit.id, commit.parent, self.head);
        self.insert(number + 1, commit);
        for statement in statements {
            self.statements.insert(statement, self.window);
        }
        if self.statements.are_about(&id) {
            self.weigh_spares();
        }
        self.make_room(&id);
        self.go_back_to_overrides();
        self.move_head();
        match self.head {
            head if head == left && !self.contains(&id) => Placement::Refused(Refusal::Crowded),
            head if head == left => Placement::LosesFork,
            head if parent == left && head == id => Placement::ExtendsHead,
            head => Placement::WinsFork { left, fork: self.fork_point(&left, &head).unwrap_or(self.anchor) },
        }
    }

    fn insert(&mut self, number: u64, commit: CommitFacts) {
        let (id, parent) = (commit.id, commit.parent);
        if let Some(epoch) = self.epochs.get_mut(&parent) {
            epoch.children.insert(id);
        }
        self.epochs.insert(id, Epoch::new(number, Some(commit)));
    }

    /// The commits made in an epoch, without those that do not count.
    pub(super) fn counting_children(&self, parent: &EpochId) -> impl Iterator<Item = &CommitFacts> {
        self.children_of(parent).filter(|child| !self.spares.contains_key(&child.id))
    }

    pub(super) fn children_of(&self, parent: &EpochId) -> impl Iterator<Item = &CommitFacts> {
        let children = self.epochs.get(parent).into_iter().flat_map(|epoch| &epoch.children);
        children.filter_map(|child| self.commit(child))
    }

    /// Takes a statement whose signature holds.
    pub fn state(&mut self, statement: Statement) -> StatementPlacement {
        if self.statements.contains(&statement) {
            return StatementPlacement::Duplicate;
        }
        if !self.contains(&statement.epoch()) {
            return StatementPlacement::WaitsForEpoch;
        }
        let left = self.head;
        if !self.statements.insert(statement.clone(), self.window) {
            return StatementPlacement::Refused(Refusal::TooManyTerms);
        }
        self.weigh_spares();
        self.go_back_to_overrides();
        self.move_head();
        match statement.opens().is_none() || self.statements.is_in_force(&statement) {
            true => StatementPlacement::InForce { left: Some(left).filter(|left| *left != self.head) },
            false => StatementPlacement::Dormant,
        }
    }

    /// Takes what opened a term at an epoch that is not known here, because whoever told the graph says so (SPEC §14.7): a
    /// newcomer has to rank commits as the others do. False if its signer has said too much.
    pub fn believe(&mut self, statement: Statement) -> bool {
        let is_taken = statement.opens().is_some() && self.statements.insert(statement, self.window);
        if is_taken {
            self.weigh_spares();
            self.move_head();
        }
        is_taken
    }

    pub(super) fn move_head(&mut self) {
        self.head = self.descend(self.anchor);
        self.move_anchor();
    }
}
