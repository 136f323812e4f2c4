//! A group whose commits nobody orders, or somebody who may vanish: its graph, and the state of every epoch that is kept
//! (SPEC §14).
//!
//! The caller loads a [`ForkableSnapshot`], calls one operation, stores [`ForkableGroup::take_changes`] in one
//! transaction, and only then sends what came out:
//!
//! * what a peer sent goes to [`receive_commit`](ForkableGroup::receive_commit) and
//!   [`receive_statement`](ForkableGroup::receive_statement); after a [`HeadChange`], the losing branch may have left
//!   something to [settle](ForkableGroup::settlement);
//! * where a Matrix room [orders](ForkableGroup::orders_by_matrix), what its state says goes to
//!   [`matrix_order`](ForkableGroup::matrix_order), and what [`matrix_claims`](ForkableGroup::matrix_claims) has, to the room;
//! * an own commit is [prepared](ForkableGroup::prepare), which changes nothing that others see, and
//!   [published](ForkableGroup::publish) once it is on its way;
//! * messages are [sealed](ForkableGroup::seal) in the head and [opened](ForkableGroup::open) in any epoch that is kept;
//! * own clients that cannot follow are [stranded](ForkableGroup::stranded) and come back by an external commit
//!   ([`rejoin`](ForkableGroup::rejoin));
//! * two who have the graph tell each other what they [know](ForkableGroup::known), and what the other
//!   [lacks](ForkableGroup::news_for);
//! * [`forget`](ForkableGroup::forget) lets go of what is final;
//! * whoever has been apart for longer than anybody remembers [begins anew](ForkableGroup::begin_anew) from a peer's tail.
//!
//! Time and trust roots are arguments; there is no clock and no socket here.

mod anew;
mod forget;
mod hub;
mod matrix;
mod message;
mod news;
mod own;
mod receive;
mod rejoin;
mod settlement;
mod signed;
mod size;
mod snapshot;
mod statements;
mod tail;
mod unpunctured;
mod variants;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::ClientUri;

pub use news::{Known, KnownEpoch, News, Sha256Digest};
pub use own::Prepared;
pub use receive::{CommitOutcome, Placed, Received};
pub use settlement::{Abandoned, Intent, IntentKind, Settlement};
pub use signed::SignedStatement;
pub use snapshot::{EpochRows, ForkableChanges, ForkableSnapshot};
pub use statements::StatementOutcome;
pub use tail::Tail;

use crate::graph::{Conflict, EpochGraph, Placement, RecentCommit};
use crate::group::Group;
use crate::planted::planted;
use crate::storage::node::StoredNodes;
use crate::{EpochId, EpochRecord, EpochRef, MlsError, TrustRoots};
use own::Unpublished;
use waiting::Waiting;

/// Against what and when something is judged.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The pinned roots of credentials.
    pub roots: &'a TrustRoots,
    /// Now, in ms since 1970.
    pub now_ms: u64,
}

/// The head has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadChange {
    /// The head until now.
    pub from: EpochRef,
    /// The head now.
    pub to: EpochRef,
    /// The newest epoch that both branches have; where that is not `from`, a branch has lost.
    pub fork: EpochId,
}

/// A group as a graph of epochs.
#[derive(Clone)]
pub struct ForkableGroup {
    graph: EpochGraph,
    /// The state of each epoch in the graph: public state, and secrets as long as they are kept.
    states: BTreeMap<EpochId, Group>,
    /// The commits that opened them: first the one that the state was made with, then variants of it.
    commits: BTreeMap<EpochId, Vec<Vec<u8>>>,
    /// Signed statements, as they came.
    statements: Vec<SignedStatement>,
    waiting: Waiting,
    /// Own clients, also those that hold no secrets at present.
    own: BTreeSet<ClientUri>,
    unpublished: BTreeMap<EpochId, Unpublished>,
    /// GroupInfos of epochs whose secrets have gone before they were final.
    infos: BTreeMap<EpochId, Vec<u8>>,
    /// Epochs whose secrets are gone, and have sealed or opened something, with their numbers: they are never made again.
    used: BTreeMap<EpochId, u64>,
    records: Vec<EpochRecord>,
    /// Epochs that are gone, with their last states: one that comes again before that is stored is stored as a difference.
    forgotten: BTreeMap<EpochId, Option<Group>>,
    is_over: bool,
    stored_nodes: StoredNodes,
    /// Everything but states and commits, as it is stored; empty if it is not.
    stored_core: Vec<u8>,
}

impl ForkableGroup {
    /// A group that is forkable from its present epoch on. `recent` are the last commits, the newest
    /// first, as far as they are known; `terms` what opened terms before, in a graph that has [ended](Self::end).
    ///
    /// # Errors
    /// If those are not such statements.
    pub fn begin(mut group: Group, window: u64, recent: Vec<RecentCommit>, terms: &[Vec<u8>]) -> Result<Self, MlsError> {
        let root = group.epoch();
        let mut begun = Self {
            stored_nodes: group.take_stored_nodes(),
            stored_core: Vec::new(),
            own: group.own_clients().cloned().collect(),
            graph: EpochGraph::new(root, window, recent),
            states: BTreeMap::from([(root.id, group)]),
            commits: BTreeMap::new(),
            statements: Vec::new(),
            waiting: Waiting::default(),
            unpublished: BTreeMap::new(),
            infos: BTreeMap::new(),
            used: BTreeMap::new(),
            records: Vec::new(),
            forgotten: BTreeMap::new(),
            is_over: false,
        };
        begun.tell_terms(terms)?;
        Ok(begun)
    }

    /// The graph.
    pub fn graph(&self) -> &EpochGraph {
        &self.graph
    }

    /// The epoch that new messages use.
    pub fn head(&self) -> EpochRef {
        self.graph.head()
    }

    /// The head's state: roster, room, own clients.
    ///
    /// # Errors
    /// If it has not been loaded.
    pub fn head_state(&self) -> Result<&Group, MlsError> {
        self.state(&self.graph.head().id)
    }

    /// The state of an epoch that is kept.
    ///
    /// # Errors
    /// If it is not.
    pub fn state(&self, id: &EpochId) -> Result<&Group, MlsError> {
        self.states.get(id).ok_or_else(|| MlsError::Stored(format!("the state of epoch {id} is not kept")))
    }

    /// The MLS group id.
    ///
    /// # Errors
    /// If the head's state is missing.
    pub fn group_id(&self) -> Result<&[u8], MlsError> {
        Ok(self.head_state()?.group_id())
    }

    /// The commit that opened an epoch, as an MLSMessage.
    pub fn commit_message(&self, id: &EpochId) -> Option<&[u8]> {
        self.commits.get(id)?.first().map(Vec::as_slice)
    }

    /// The signed statements that have been taken.
    pub fn statements(&self) -> &[SignedStatement] {
        &self.statements
    }

    /// Whether another side has taken another branch for final. Then nothing is sent.
    pub fn conflict(&self) -> Option<Conflict> {
        self.graph.conflict()
    }

    /// Own clients that belong to the head and hold no secrets there: they come back by an external commit.
    ///
    /// # Errors
    /// If the head's state is missing.
    pub fn stranded(&self) -> Result<Vec<ClientUri>, MlsError> {
        let head = self.head_state()?;
        let members = head.members().iter().map(|member| &member.client).filter(|_| !planted!(StrandedUnnoticed));
        Ok(members.filter(|client| self.own.contains(client) && !head.holds(client)).cloned().collect())
    }

    /// What has become of the head since it was `from`; none if it is that.
    pub fn change_since(&self, from: EpochRef) -> Option<HeadChange> {
        let to = self.graph.head();
        let fork = self.graph.fork_point(&from.id, &to.id).unwrap_or(self.graph.anchor().id);
        (from != to).then_some(HeadChange { from, to, fork })
    }
}

/// Whether a placement put the commit into the graph.
fn is_in_graph(placement: &Placement) -> bool {
    matches!(placement, Placement::ExtendsHead | Placement::WinsFork { .. } | Placement::LosesFork)
}
