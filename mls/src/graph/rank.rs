//! Which of two commits made in the same epoch wins.
//!
//! What bounds a member that wants to win for ever (DMLS-12 to DMLS-14): nothing that it can choose freely counts before
//! its turn does. Whoever committed longer ago goes first, so that `m` members who work together win at most `m` of
//! `m + 1` epochs against one that commits too; the draw between equals depends on names that were fixed before the
//! parent existed; and who makes two commits in one epoch loses with both.

use std::cmp::Reverse;

use sha2::{Digest, Sha256};

use super::{CommitClass, CommitFacts, EpochGraph, TURNS};
use crate::EpochId;

const DRAW_LABEL: &[u8] = b"causeway dmls/1 draw";

/// A commit's rank among those with the same parent; the least is best.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// What leads to an epoch that an override names comes first, the latest override before others (DMLS-19).
    overridden: Reverse<u64>,
    /// The later term first (DMLS-10).
    term: Reverse<u64>,
    /// What the term's authority has accepted, in its order, before all else.
    accepted: (bool, u64),
    /// Whether its committer made two commits here in this term: those come last (DMLS-14).
    equivocated: bool,
    /// Removals before other changes, those before renewals (DMLS-11).
    class: CommitClass,
    /// Whose turn it is: how many epochs ago the committer last committed, the longest first (DMLS-12).
    turn: Reverse<usize>,
    /// The draw among those whose turn is equally old (DMLS-13).
    draw: [u8; 32],
    /// Its name.
    id: EpochId,
}

impl EpochGraph {
    /// The rank of a commit; the root has none.
    pub fn rank(&self, id: &EpochId) -> Option<Rank> {
        let commit = self.commit(id)?;
        let term = self.statements.term_of(commit);
        let position = self.statements.position(term, id);
        Some(Rank {
            overridden: Reverse(self.override_through(id)),
            term: Reverse(term),
            accepted: (position.is_none(), position.unwrap_or_default()),
            equivocated: position.is_none() && self.equivocated(commit),
            class: commit.class,
            turn: Reverse(self.turn(commit)),
            draw: draw(commit),
            id: *id,
        })
    }

    /// The term of the latest override that a commit leads to, or 0.
    fn override_through(&self, id: &EpochId) -> u64 {
        let through = self.statements.overrides().filter(|(_, anchor)| self.is_ancestor(id, &anchor.id));
        through.map(|(term, _)| term).max().unwrap_or(0)
    }

    /// How many epochs ago the committer last committed, counted from the parent; at most [`TURNS`].
    fn turn(&self, commit: &CommitFacts) -> usize {
        let recent = self.recent_committers(&commit.parent);
        let committer = commit.committer.user_uri();
        recent.iter().position(|recent| *recent == committer).unwrap_or(TURNS)
    }

    fn equivocated(&self, commit: &CommitFacts) -> bool {
        let parent = self.epochs.get(&commit.parent);
        parent.is_some_and(|parent| parent.equivocators.contains(&(commit.committer.user_uri(), commit.term)))
    }
}

fn draw(commit: &CommitFacts) -> [u8; 32] {
    let hash = Sha256::new().chain_update(DRAW_LABEL).chain_update(commit.parent.as_bytes());
    hash.chain_update(commit.committer.user_uri().as_str().as_bytes()).finalize().into()
}
