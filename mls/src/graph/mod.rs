//! Epochs as a graph: which ones there are, and which of them is the head (SPEC §14.3).
//!
//! The graph is pure: no secrets, no clock, no openmls. It is told of commits that have been judged valid at their
//! parents ([`CommitFacts`]) and of authority statements whose signatures hold ([`Statement`]), and it says where each
//! one stands. The head is a function of what is known, not of the order in which it came: from the anchor, descend
//! by the better-ranked child ([`Rank`]), never by the longer branch.
//!
//! For each commit that arrives, the caller asks [`EpochGraph::admits`] before it spends work on judging it, then
//! [`EpochGraph::place`]; for each statement, [`EpochGraph::state`]; and what a Matrix room says that orders a term,
//! [`EpochGraph::follow_room`]. Whenever the head has moved, it calls
//! [`EpochGraph::take_final`] for the epochs that nothing can bring back.

mod anchor;
mod commit;
mod matrix;
mod placement;
mod rank;
mod room;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::UserUri;
use serde::{Deserialize, Serialize};

pub use anchor::Conflict;
pub use commit::{CommitClass, CommitFacts, RecentCommit};
pub use matrix::{MAX_ORDERED_AHEAD, MatrixOrder};
pub use placement::{Placement, Refusal, StatementPlacement};
pub use rank::Rank;
pub use statement::{Acceptance, AnchorOverride, Authority, HubTerm, Statement};

use crate::planted::planted;
use crate::{EpochId, EpochRef};
use matrix::MatrixOrders;
use room::Excess;
use statement::Statements;

/// So many ancestors count when turns are taken (DMLS-12), and when a removal goes before other changes (DMLS-11).
pub const TURNS: usize = 8;
/// So many epochs before the anchor are remembered: a fork that begins there is still judged and shown, a fork from
/// before is refused (DMLS-7).
pub const MEMORY: usize = 16;
/// Of so many users the commits in one epoch are kept: of those that rank best (DMLS-9).
pub const MAX_CHILDREN: usize = 16;
/// So many commits of one user in one epoch are kept: two show that it has made two (DMLS-14).
const MAX_ALIKE: usize = 2;
/// So many commits of each user are kept, and four for each epoch of the window, besides those that others have built on
/// (DMLS-9).
pub const MAX_OF_USER: usize = 64;
/// Epochs that a branch may run ahead before it is final, where nothing else is configured.
pub const DEFAULT_WINDOW: u64 = 5;

/// A group's epochs, as far as they are not final and a little beyond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochGraph {
    window: u64,
    /// The oldest epoch that is remembered.
    root: EpochRef,
    /// The commits up to the root, the root's own first.
    before_root: Vec<RecentCommit>,
    /// The newest final epoch: an ancestor of every head to come.
    anchor: EpochId,
    head: EpochId,
    epochs: BTreeMap<EpochId, Epoch>,
    /// What came last where there was too much: it does not count, nor what follows it.
    spares: BTreeMap<EpochId, Excess>,
    statements: Statements,
    /// What Matrix rooms that order terms have accepted.
    #[serde(default)]
    orders: MatrixOrders,
}

/// An epoch in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Epoch {
    number: u64,
    /// The root has none.
    commit: Option<CommitFacts>,
    children: BTreeSet<EpochId>,
}

impl Epoch {
    fn new(number: u64, commit: Option<CommitFacts>) -> Self {
        Self { number, commit, children: BTreeSet::new() }
    }
}

impl EpochGraph {
    /// A graph that begins at an epoch. `window` is how many epochs a branch may run ahead before it is final;
    /// `before_root` are the last commits up to the root, the root's own first: at most [`TURNS`] of them count.
    pub fn new(root: EpochRef, window: u64, before_root: Vec<RecentCommit>) -> Self {
        Self {
            window,
            root,
            before_root,
            anchor: root.id,
            head: root.id,
            epochs: BTreeMap::from([(root.id, Epoch::new(root.number, None))]),
            spares: BTreeMap::new(),
            statements: Statements::default(),
            orders: MatrixOrders::default(),
        }
    }

    /// What a newcomer's graph begins with: the anchor alone, and what was said before it.
    pub fn at_anchor(&self) -> Self {
        let recent = self.recent_commits(&self.anchor);
        let before = if planted!(NewcomerWithoutTurns) { Vec::new() } else { recent };
        let (statements, orders) = (self.statements.of_terms(), self.orders.clone());
        let mut begun = Self { statements, orders, ..Self::new(self.anchor(), self.window, before) };
        begun.forget_orders();
        begun
    }

    /// The epoch that new messages use.
    pub fn head(&self) -> EpochRef {
        EpochRef { id: self.head, number: self.number(&self.head).unwrap_or(self.root.number) }
    }

    /// The newest final epoch.
    pub fn anchor(&self) -> EpochRef {
        EpochRef { id: self.anchor, number: self.number(&self.anchor).unwrap_or(self.root.number) }
    }

    /// Where the graph's memory begins.
    pub fn root(&self) -> EpochRef {
        self.root
    }

    /// How many epochs a branch may run ahead before it is final.
    pub fn window(&self) -> u64 {
        self.window
    }

    /// Whether an epoch is in the graph.
    pub fn contains(&self, id: &EpochId) -> bool {
        self.epochs.contains_key(id)
    }

    /// An epoch's number.
    pub fn number(&self, id: &EpochId) -> Option<u64> {
        self.epochs.get(id).map(|epoch| epoch.number)
    }

    /// The commit that opened an epoch; the root has none.
    pub fn commit(&self, id: &EpochId) -> Option<&CommitFacts> {
        self.epochs.get(id)?.commit.as_ref()
    }

    /// All epochs with their numbers, by name.
    pub fn epochs(&self) -> impl Iterator<Item = EpochRef> {
        self.epochs.iter().map(|(id, epoch)| EpochRef { id: *id, number: epoch.number })
    }

    /// The statements that have been taken.
    pub fn statements(&self) -> impl Iterator<Item = Statement> {
        self.statements.all()
    }

    /// The epochs with a number, best-ranked branch first: where a message names its epoch by number only, these are
    /// tried in turn.
    pub fn with_number(&self, number: u64) -> Vec<EpochId> {
        let mut found: Vec<EpochId> = self.epochs().filter(|epoch| epoch.number == number).map(|epoch| epoch.id).collect();
        found.sort_by_key(|id| (!self.is_ancestor(id, &self.head), *id));
        found
    }

    /// The epochs from the root to `id`, both included; empty if it is unknown.
    pub fn path_to(&self, id: &EpochId) -> Vec<EpochId> {
        let mut path: Vec<EpochId> = self.ancestors(id).collect();
        path.reverse();
        path
    }

    /// Epochs that are not on the way to the head, parents first: what a settlement has to look at.
    pub fn losing(&self) -> Vec<EpochId> {
        let winning: BTreeSet<EpochId> = self.ancestors(&self.head).collect();
        let mut losing: Vec<EpochRef> =
            self.epochs().filter(|epoch| !winning.contains(&epoch.id) && self.counts(&epoch.id)).collect();
        losing.sort_by_key(|epoch| (epoch.number, epoch.id));
        losing.into_iter().map(|epoch| epoch.id).collect()
    }

    /// The newest common ancestor of two epochs.
    pub fn fork_point(&self, one: &EpochId, other: &EpochId) -> Option<EpochId> {
        let seen: BTreeSet<EpochId> = self.ancestors(one).collect();
        self.ancestors(other).find(|id| seen.contains(id))
    }

    /// Whether `id` is `of` or one of its ancestors.
    pub fn is_ancestor(&self, id: &EpochId, of: &EpochId) -> bool {
        self.ancestors(of).any(|ancestor| ancestor == *id)
    }

    /// The term that a commit made now has to carry: the latest one.
    pub fn term(&self) -> u64 {
        self.statements.latest_term()
    }

    /// The terms up to this one were in force, and what has opened them is not remembered any more.
    pub fn forgotten_terms(&self) -> u64 {
        self.statements.base()
    }

    /// Whoever has told the graph says that terms up to this one were in force before those that it can name (SPEC §14.7).
    pub(crate) fn begin_after_term(&mut self, term: u64) {
        self.statements.begin_after(term, self.window);
    }

    /// Who orders the commits of a term, as far as a statement says so.
    pub fn authority_of(&self, term: u64) -> Option<&Authority> {
        self.statements.authority_of(term)
    }

    /// Whether somebody has wanted this authority to order a term, be that in force or not.
    pub(crate) fn names(&self, term: u64, authority: &Authority) -> bool {
        self.statements.names(term, authority)
    }

    /// Whether a statement has been taken and is remembered, or one that says as much.
    pub fn remembers(&self, statement: &Statement) -> bool {
        self.statements.contains(statement)
    }

    /// Whether exactly this statement is remembered.
    pub(crate) fn keeps(&self, statement: &Statement) -> bool {
        self.statements.keeps(statement)
    }

    /// Who orders commits in the latest term.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority_of(self.term())
    }

    /// Whether whoever orders the latest term has accepted the commit that opened an epoch.
    pub fn is_accepted(&self, id: &EpochId) -> bool {
        self.commit(id).is_some_and(|commit| self.position(self.term(), commit).is_some())
    }

    /// Whether what opened the latest term is about an epoch of this graph, so that it has been judged here.
    pub fn has_judged_its_term(&self) -> bool {
        self.statements.of_latest_term().any(|statement| self.contains(&statement.epoch()))
    }

    /// From an epoch back to the root.
    fn ancestors(&self, id: &EpochId) -> impl Iterator<Item = EpochId> {
        let first = self.epochs.contains_key(id).then_some(*id);
        std::iter::successors(first, |id| Some(self.commit(id)?.parent).filter(|parent| self.contains(parent)))
    }

    /// The head that follows from what is known, from an epoch on.
    fn descend(&self, from: EpochId) -> EpochId {
        let mut head = from;
        while let Some(best) = self.best_child(&head) {
            head = best;
        }
        head
    }

    fn best_child(&self, parent: &EpochId) -> Option<EpochId> {
        let children: Vec<EpochId> = self.counting_children(parent).map(|child| child.id).collect();
        match children.as_slice() {
            [] => None,
            [only] => Some(*only),
            several if planted!(LongerBranchWins) => several.iter().max_by_key(|child| self.subtree(**child).len()).copied(),
            several => several.iter().min_by_key(|child| self.rank(child)).copied(),
        }
    }

    /// Epochs below `id`, itself included.
    fn subtree(&self, id: EpochId) -> Vec<EpochId> {
        let mut found = vec![id];
        let mut next = 0;
        while let Some(children) = found.get(next).and_then(|id| self.epochs.get(id)).map(|epoch| &epoch.children) {
            found.extend(children);
            next += 1;
        }
        found
    }

    fn committer(&self, id: &EpochId) -> Option<UserUri> {
        self.commit(id).map(|commit| commit.committer.user_uri())
    }

    /// The commits of an epoch and those before it, the newest first; at most [`TURNS`].
    pub fn recent_commits(&self, id: &EpochId) -> Vec<RecentCommit> {
        let known = self.ancestors(id).filter_map(|id| self.commit(&id).map(CommitFacts::as_recent));
        known.chain(self.before_root.iter().cloned()).take(TURNS).collect()
    }
}
