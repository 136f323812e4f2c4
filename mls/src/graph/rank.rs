//! Which of two commits made in the same epoch wins.
//!
//! What bounds a member that wants to win for ever (DMLS-12 to DMLS-14): nothing that it can choose freely counts before
//! its turn does. Whoever committed longer ago goes first, so that `m` members who work together win at most `m` of
//! `m + 1` epochs against one that commits too; the draw between equals depends on names that were fixed before the
//! parent existed; and who makes two commits in one epoch loses with both. What a removal wins out of turn (DMLS-11), its
//! committer wins with one in [`TURNS`] epochs, since there would always be somebody to remove for whoever adds one each time.

use std::cmp::Reverse;

use sha2::{Digest, Sha256};

use super::{CommitClass, CommitFacts, EpochGraph, RecentCommit, TURNS};
use crate::EpochId;
use crate::planted::planted;

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
    /// Removals before other changes, unless their committer has made one before; those before renewals (DMLS-11).
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
        let natural = self.natural_rank(commit);
        let is_accepted = !natural.accepted.0;
        Some(Rank { equivocated: !is_accepted && self.equivocated(commit), ..natural })
    }

    /// The rank of a commit, whatever else its committer has made.
    pub(super) fn natural_rank(&self, commit: &CommitFacts) -> Rank {
        let term = self.statements.term_of(commit);
        let position = self.position(term, commit);
        let draw = draw(commit);
        let recent = self.recent_commits(&commit.parent);
        Rank {
            overridden: Reverse(self.override_through(&commit.id)),
            term: Reverse(if planted!(TermsIgnored) { 0 } else { term }),
            accepted: (position.is_none(), position.unwrap_or_default()),
            equivocated: false,
            class: if planted!(ClassIgnored) { CommitClass::Change } else { class_after(&recent, commit) },
            turn: Reverse(if planted!(TurnsIgnored) { 0 } else { turn_after(&recent, commit) }),
            draw: if planted!(DrawReversed) { draw.map(|octet| !octet) } else { draw },
            id: commit.id,
        }
    }

    /// The term of the latest override that a commit leads to, or 0.
    pub(super) fn override_through(&self, id: &EpochId) -> u64 {
        let through = self.statements.overrides().filter(|(_, anchor)| self.is_ancestor(id, &anchor.id));
        through.map(|(term, _)| term).max().unwrap_or(0)
    }

    /// Whether the same user has made another commit in the same epoch that counts in the same term.
    fn equivocated(&self, commit: &CommitFacts) -> bool {
        let mut siblings = self.counting_children(&commit.parent).filter(|sibling| sibling.id != commit.id);
        !planted!(EquivocationIgnored) && siblings.any(|sibling| self.are_alike(sibling, commit))
    }

    /// Whether two commits in one epoch are made by one user, and count in one term, whatever term they say.
    pub(super) fn are_alike(&self, one: &CommitFacts, other: &CommitFacts) -> bool {
        let terms = match planted!(EquivocationByCarriedTerm) {
            true => (one.term, other.term),
            false => (self.statements.term_of(one), self.statements.term_of(other)),
        };
        terms.0 == terms.1 && one.committer.user_uri() == other.committer.user_uri()
    }
}

/// How many epochs ago the committer last committed, counted from the parent; at most [`TURNS`].
fn turn_after(recent: &[RecentCommit], commit: &CommitFacts) -> usize {
    let committer = commit.committer.user_uri();
    recent.iter().position(|recent| recent.committer == committer).unwrap_or(TURNS)
}

/// The class that a commit counts in: a removal is a change like others where its committer has made one in the last
/// [`TURNS`] epochs.
fn class_after(recent: &[RecentCommit], commit: &CommitFacts) -> CommitClass {
    let committer = commit.committer.user_uri();
    let again = recent.iter().any(|recent| recent.removes && recent.committer == committer) && !planted!(RemovalsRepeat);
    if again { commit.class.max(CommitClass::Change) } else { commit.class }
}

fn draw(commit: &CommitFacts) -> [u8; 32] {
    let hash = Sha256::new().chain_update(DRAW_LABEL).chain_update(commit.parent.as_bytes());
    hash.chain_update(commit.committer.user_uri().as_str().as_bytes()).finalize().into()
}
