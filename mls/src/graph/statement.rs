//! Authority statements: who orders commits, what they have accepted, and where a group that fell apart goes on.
//!
//! A *term* is a number that only grows. Term 0 belongs to the hub that the room's URI names. A [`HubTerm`] opens the next
//! one, under another authority; commits made in it carry its number in their SafeAAD, so that whatever an older
//! authority accepts afterwards ranks behind them.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use serde::{Deserialize, Serialize};

use super::CommitFacts;
use crate::{EpochId, EpochRef};

/// So many statements of terms are kept (DMLS-17).
pub(super) const MAX_TERMS: usize = 256;

/// Who orders the commits of a term.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Authority {
    /// A hub: what it accepts, in its order. It signs with this key.
    Hub {
        /// The hub.
        provider: ProviderDomain,
        /// Its Ed25519 key, as the group's `franking_agent` has it.
        signature_key: Vec<u8>,
    },
    /// Nobody: the rank alone decides.
    Members,
}

/// The authority changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HubTerm {
    /// The new term.
    pub term: u64,
    /// The epoch at which its signer was allowed to say so; the first commit of the term is made here or later.
    pub from: EpochRef,
    /// Who orders from now on.
    pub authority: Authority,
    /// Whose client signed it.
    pub signer: UserUri,
}

/// A group that fell apart goes on at an epoch, even if that one is behind somebody's anchor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AnchorOverride {
    /// The new term, in which nobody orders.
    pub term: u64,
    /// The epoch that the head has to descend from.
    pub anchor: EpochRef,
    /// Whose client signed it.
    pub signer: UserUri,
}

/// The authority of a term has accepted a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Acceptance {
    /// The term.
    pub term: u64,
    /// The epoch that the commit opens.
    pub epoch: EpochId,
    /// Its place in the authority's order, the least first.
    pub position: u64,
}

/// A statement whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Statement {
    /// Another authority.
    HubTerm(HubTerm),
    /// Another anchor.
    AnchorOverride(AnchorOverride),
    /// A commit is accepted.
    Acceptance(Acceptance),
}

impl Statement {
    /// The term that it opens, with its epoch and its signer; an acceptance opens none.
    pub(super) fn opens(&self) -> Option<(u64, EpochRef, &UserUri)> {
        match self {
            Self::HubTerm(term) => Some((term.term, term.from, &term.signer)),
            Self::AnchorOverride(anchor) => Some((anchor.term, anchor.anchor, &anchor.signer)),
            Self::Acceptance(_) => None,
        }
    }
}

/// All statements, and which of them are in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Statements {
    known: BTreeSet<Statement>,
    in_force: BTreeMap<u64, Vec<Statement>>,
}

impl Statements {
    pub(super) fn all(&self) -> impl Iterator<Item = &Statement> {
        self.known.iter()
    }

    pub(super) fn contains(&self, statement: &Statement) -> bool {
        self.known.contains(statement)
    }

    pub(super) fn terms(&self) -> usize {
        self.known.iter().filter(|statement| statement.opens().is_some()).count()
    }

    pub(super) fn insert(&mut self, statement: Statement) {
        self.known.insert(statement);
    }

    /// Forgets acceptances of epochs that are not known any more.
    pub(super) fn retain_acceptances(&mut self, known: impl Fn(&EpochId) -> bool) {
        self.known.retain(|statement| !matches!(statement, Statement::Acceptance(accepted) if !known(&accepted.epoch)));
    }

    /// Computes anew which terms are in force, from the set alone: in the order of terms, each one that is at most one
    /// above those in force before its epoch (DMLS-15), and no second one of a signer within `window` (DMLS-16).
    pub(super) fn settle(&mut self, window: u64, precedes: impl Fn(&EpochRef, &EpochRef) -> bool) {
        let mut terms: Vec<&Statement> = self.known.iter().filter(|statement| statement.opens().is_some()).collect();
        terms.sort_by_key(|statement| (statement.opens().map(|(term, ..)| term), *statement));
        let mut in_force: Vec<&Statement> = Vec::new();
        for statement in terms {
            let Some((term, from, signer)) = statement.opens() else { continue };
            let before = in_force.iter().filter_map(|earlier| earlier.opens());
            let (mut highest, mut repeated) = (0, false);
            for (earlier, at, by) in before {
                highest = highest.max(if precedes(&at, &from) { earlier } else { 0 });
                repeated |= by == signer && at.number.abs_diff(from.number) < window.max(1);
            }
            if (1..=highest + 1).contains(&term) && !repeated {
                in_force.push(statement);
            }
        }
        let mut by_term: BTreeMap<u64, Vec<Statement>> = BTreeMap::new();
        for statement in in_force {
            by_term.entry(statement.opens().map_or(0, |(term, ..)| term)).or_default().push(statement.clone());
        }
        self.in_force = by_term;
    }

    pub(super) fn is_in_force(&self, statement: &Statement) -> bool {
        self.in_force.values().flatten().any(|known| known == statement)
    }

    pub(super) fn latest_term(&self) -> u64 {
        self.in_force.last_key_value().map_or(0, |(term, _)| *term)
    }

    /// Where several statements open one term, the least of them says who orders it.
    pub(super) fn authority_of(&self, term: u64) -> Option<&Authority> {
        match self.in_force.get(&term)?.first()? {
            Statement::HubTerm(term) => Some(&term.authority),
            _ => Some(&Authority::Members),
        }
    }

    /// The overrides in force, with their terms.
    pub(super) fn overrides(&self) -> impl Iterator<Item = (u64, &EpochRef)> {
        self.in_force.values().flatten().filter_map(|statement| match statement {
            Statement::AnchorOverride(anchor) => Some((anchor.term, &anchor.anchor)),
            _ => None,
        })
    }

    /// The term that a commit counts in: the one that it carries or one that it was accepted in, the latest in force.
    pub(super) fn term_of(&self, commit: &CommitFacts) -> u64 {
        let carried = Some(commit.term).filter(|term| self.in_force.contains_key(term));
        carried.into_iter().chain(self.acceptances(&commit.id).map(|accepted| accepted.term)).max().unwrap_or(0)
    }

    /// Where a term's authority has put a commit.
    pub(super) fn position(&self, term: u64, epoch: &EpochId) -> Option<u64> {
        self.acceptances(epoch).filter(|accepted| accepted.term == term).map(|accepted| accepted.position).min()
    }

    fn acceptances(&self, epoch: &EpochId) -> impl Iterator<Item = &Acceptance> {
        let counts = |term: u64| term == 0 || self.in_force.contains_key(&term);
        self.known.iter().filter_map(move |statement| match statement {
            Statement::Acceptance(accepted) if accepted.epoch == *epoch && counts(accepted.term) => Some(accepted),
            _ => None,
        })
    }
}
