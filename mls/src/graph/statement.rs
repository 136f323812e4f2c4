//! Authority statements: who orders commits, what they have accepted, and where a group that fell apart goes on.
//!
//! A *term* is a number that only grows. Term 0 belongs to the hub that the room's URI names. A [`HubTerm`] opens the next
//! one, under another authority; commits made in it carry its number in their SafeAAD, so that whatever an older
//! authority accepts afterwards ranks behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use serde::{Deserialize, Serialize};

use super::CommitFacts;
use crate::planted::planted;
use crate::{EpochId, EpochRef};

/// So many statements of terms by one signer are kept (DMLS-17).
const MAX_TERMS: usize = 16;
/// So many overrides of one signer within a window are in force: who decides has to be able to decide again, when yet
/// another side turns up.
const OVERRIDES: usize = 4;
/// So far above the latest term that somebody knows an override may be.
const AHEAD: u64 = 8;
/// So many terms before the latest one, what has opened them is remembered, however long ago that was.
const REMEMBERED_TERMS: u64 = 8;

/// Who orders the commits of a term.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Authority {
    /// A hub: what it accepts, in its order. It signs with this key.
    Hub {
        /// The hub.
        provider: ProviderDomain,
        /// Its Ed25519 key, as the group's `franking_agent` has it.
        #[serde(with = "serde_bytes")]
        signature_key: Vec<u8>,
    },
    /// Nobody: the rank alone decides.
    Members,
    /// The resolved state of a Matrix room: of the commits made in an epoch it names one (DMLS-36).
    MatrixRoom {
        /// The room: `!` and whatever follows, at most 255 octets.
        room_id: String,
    },
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub { provider, .. } => write!(f, "hub {provider}"),
            Self::Members => f.write_str("members"),
            Self::MatrixRoom { room_id } => write!(f, "Matrix room {room_id}"),
        }
    }
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
    /// Who says so. It counts while that is who orders the term (DMLS-22). None in term 0, which nobody has opened: there
    /// the epoch itself names its hub.
    pub authority: Option<Authority>,
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
    /// The epoch that it is about.
    pub fn epoch(&self) -> EpochId {
        match self {
            Self::HubTerm(term) => term.from.id,
            Self::AnchorOverride(anchor) => anchor.anchor.id,
            Self::Acceptance(accepted) => accepted.epoch,
        }
    }

    /// Whether it opens a term.
    pub fn opens_a_term(&self) -> bool {
        self.opens().is_some()
    }

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
    /// What opens terms.
    opening: BTreeSet<Statement>,
    /// What has been accepted, once for each term and key: the least position.
    accepted: BTreeMap<EpochId, Vec<Acceptance>>,
    in_force: BTreeMap<u64, Vec<Statement>>,
    /// Terms up to here were in force; what opened them is not remembered any more.
    base: u64,
}

impl Statements {
    pub(super) fn all(&self) -> impl Iterator<Item = Statement> {
        let accepted = self.accepted.values().flatten().cloned().map(Statement::Acceptance);
        self.opening.iter().cloned().chain(accepted)
    }

    /// Whether a statement is known, or one that says as much.
    pub(super) fn contains(&self, statement: &Statement) -> bool {
        let Statement::Acceptance(accepted) = statement else { return self.opening.contains(statement) };
        let known = self.accepted.get(&accepted.epoch).into_iter().flatten();
        known.filter(|known| known.is_alike(accepted)).any(|known| known.position <= accepted.position)
    }

    /// Up to this term, what has opened terms is not remembered any more.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Terms up to this one were in force before anything that is remembered.
    pub(super) fn begin_after(&mut self, term: u64, window: u64) {
        self.base = self.base.max(term);
        self.weigh(window);
    }

    /// Whether exactly this is kept.
    pub(super) fn keeps(&self, statement: &Statement) -> bool {
        match statement {
            Statement::Acceptance(accepted) => self.accepted.get(&accepted.epoch).is_some_and(|kept| kept.contains(accepted)),
            opening => self.opening.contains(opening),
        }
    }

    /// Whether anything has been said about an epoch.
    pub(super) fn are_about(&self, epoch: &EpochId) -> bool {
        self.accepted.contains_key(epoch) || self.opening.iter().any(|statement| statement.epoch() == *epoch)
    }

    /// What a newcomer has to know: acceptances of epochs from before are of no use to it.
    pub(super) fn of_terms(&self) -> Self {
        if planted!(NewcomerWithoutTerms) {
            return Self::default();
        }
        Self { accepted: BTreeMap::new(), ..self.clone() }
    }

    /// Takes a statement; false if its signer has said too much already.
    pub(super) fn insert(&mut self, statement: Statement, window: u64) -> bool {
        match statement {
            Statement::Acceptance(accepted) => {
                let known = self.accepted.entry(accepted.epoch).or_default();
                known.retain(|known| !known.is_alike(&accepted));
                known.push(accepted);
                known.sort();
                true
            }
            opening => {
                self.opening.insert(opening.clone());
                if !(planted!(StatementsNotWeighedAgain) && self.in_force.len() < self.opening.len() - 1) {
                    self.weigh(window);
                }
                self.thin_out(&opening, window);
                self.opening.contains(&opening)
            }
        }
    }

    /// Of each signer a bounded number is kept, the lower terms before higher ones (DMLS-17). Whether they are in force does
    /// not matter: that changes with what comes next, and what is kept must not depend on what came first.
    fn thin_out(&mut self, new: &Statement, window: u64) {
        let Some((_, _, signer)) = new.opens() else { return };
        let by_signer = |statement: &&Statement| statement.opens().is_some_and(|(_, _, by)| by == signer);
        let all: Vec<&Statement> = self.opening.iter().filter(by_signer).collect();
        if all.len() <= MAX_TERMS {
            return;
        }
        let last = all.iter().max_by_key(|statement| (statement.opens().map(|(term, ..)| term), **statement));
        let last = if planted!(FirstStatementsKept) { Some(new.clone()) } else { last.map(|last| (**last).clone()) };
        if let Some(last) = last {
            self.opening.remove(&last);
            self.weigh(window);
        }
    }

    /// Forgets acceptances of epochs that are not known any more, and what opened terms long ago. `oldest` is the number
    /// of the oldest epoch that is remembered.
    pub(super) fn forget(&mut self, known: impl Fn(&EpochId) -> bool, oldest: u64, window: u64) {
        self.accepted.retain(|epoch, _| known(epoch));
        let latest = self.latest_term();
        let is_old = |statement: &Statement| {
            let old = |(term, at, _): (u64, EpochRef, &UserUri)| {
                at.number.saturating_add(window) <= oldest && term.saturating_add(REMEMBERED_TERMS) <= latest
            };
            statement.opens().is_some_and(old)
        };
        // What an override has left out between them goes with them: those who have forgotten what came after it would not
        // know whether it may still be opened.
        let gone = self.in_force.iter().take_while(|(_, opened)| opened.iter().all(is_old));
        self.base = gone.last().map_or(self.base, |(term, _)| *term);
        let base = self.base;
        self.opening.retain(|statement| !is_old(statement) || statement.opens().is_some_and(|(term, ..)| term > base));
        self.weigh(window);
    }

    /// Computes anew which terms are in force, from the set alone: in the order of terms, each one that is at most one
    /// above those opened at an epoch with no greater number (DMLS-15), and no second one by a signer within `window`,
    /// of overrides no fifth (DMLS-16). An override says where a group goes on that has fallen apart: it may be above all
    /// others, though it names an earlier epoch, and a little further, since the two sides may not know of each other's
    /// terms.
    fn weigh(&mut self, window: u64) {
        let mut terms: Vec<&Statement> = self.opening.iter().collect();
        terms.sort_by_key(|statement| (statement.opens().map(|(term, ..)| term), *statement));
        let mut in_force: Vec<&Statement> = Vec::new();
        for statement in terms {
            let Some((term, from, signer)) = statement.opens() else { continue };
            let overrides = matches!(statement, Statement::AnchorOverride(_));
            let (mut highest, mut repeated) = (self.base, 0);
            for other in &in_force {
                let Some((earlier, at, by)) = other.opens() else { continue };
                let is_same_kind = overrides == matches!(other, Statement::AnchorOverride(_));
                highest = highest.max(if overrides || at.number <= from.number { earlier } else { 0 });
                repeated += usize::from(by == signer && is_same_kind && at.number.abs_diff(from.number) < window.max(1));
            }
            let is_bearable = repeated < if overrides { OVERRIDES } else { 1 } || planted!(SignersRepeat);
            let ahead = if overrides { AHEAD } else { 1 };
            let follows = (term > self.base && term <= highest.saturating_add(ahead)) || (planted!(TermsSkipped) && term > 0);
            if follows && is_bearable {
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
        let opened = statement.opens().and_then(|(term, ..)| self.in_force.get(&term));
        opened.is_some_and(|opened| opened.contains(statement))
    }

    pub(super) fn latest_term(&self) -> u64 {
        self.in_force.last_key_value().map_or(self.base, |(term, _)| *term)
    }

    /// What has opened the latest term.
    pub(super) fn of_latest_term(&self) -> impl Iterator<Item = &Statement> {
        self.in_force.last_key_value().into_iter().flat_map(|(_, opened)| opened)
    }

    /// Where several statements open one term, the least of them says who orders it.
    pub(super) fn authority_of(&self, term: u64) -> Option<&Authority> {
        match self.in_force.get(&term)?.first()? {
            Statement::HubTerm(term) => Some(&term.authority),
            _ => Some(&Authority::Members),
        }
    }

    /// Whether somebody has wanted this authority to order a term, be that in force or not.
    pub(super) fn names(&self, term: u64, authority: &Authority) -> bool {
        self.opening.iter().any(|statement| match statement {
            Statement::HubTerm(opened) => opened.term == term && opened.authority == *authority,
            _ => false,
        })
    }

    /// Whether somebody has wanted this Matrix room to order a term, be that in force or not.
    pub(super) fn name_room(&self, room: &str) -> bool {
        self.opening.iter().any(|statement| match statement {
            Statement::HubTerm(HubTerm { authority: Authority::MatrixRoom { room_id }, .. }) => room_id == room,
            _ => false,
        })
    }

    /// The overrides in force, with their terms.
    pub(super) fn overrides(&self) -> impl Iterator<Item = (u64, &EpochRef)> {
        self.in_force.values().flatten().filter_map(|statement| match statement {
            Statement::AnchorOverride(anchor) if !planted!(OverrideIgnored) => Some((anchor.term, &anchor.anchor)),
            _ => None,
        })
    }

    /// The term that a commit counts in: the one that it carries or one that it was accepted in, the latest in force.
    pub(super) fn term_of(&self, commit: &CommitFacts) -> u64 {
        let carried = Some(commit.term).filter(|term| *term <= self.base || self.in_force.contains_key(term));
        carried.into_iter().chain(self.acceptances(&commit.id).map(|accepted| accepted.term)).max().unwrap_or(0)
    }

    /// Where a term's authority has put a commit.
    pub(super) fn position(&self, term: u64, epoch: &EpochId) -> Option<u64> {
        let counts = |accepted: &&Acceptance| accepted.term == term || planted!(AcceptanceOfAnyTerm);
        self.acceptances(epoch).filter(counts).map(|accepted| accepted.position).min()
    }

    /// What counts of that which has been accepted.
    fn acceptances(&self, epoch: &EpochId) -> impl Iterator<Item = &Acceptance> {
        self.accepted.get(epoch).into_iter().flatten().filter(|accepted| match self.authority_of(accepted.term) {
            Some(Authority::Members | Authority::MatrixRoom { .. }) => false,
            None => accepted.term == 0 && accepted.authority.is_none(),
            authority => authority == accepted.authority.as_ref() || planted!(AcceptanceOfAnybody),
        })
    }
}

impl Acceptance {
    /// Whether both are of one commit, by one authority, in one term.
    fn is_alike(&self, other: &Self) -> bool {
        (self.epoch, self.term, &self.authority) == (other.epoch, other.term, &other.authority)
    }
}
