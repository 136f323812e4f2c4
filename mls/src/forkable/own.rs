//! Own commits: prepared in the head, published, and only then part of the graph.
//!
//! openmls cannot process an own commit that comes back, so the epoch that it opens is made at once and kept aside.

use serde::{Deserialize, Serialize};

use super::receive::facts;
use super::{ForkableGroup, HeadChange, Judge, is_in_graph};
use crate::graph::{CommitFacts, Placement};
use crate::group::{Child, CommitPlan, PendingCommit};
use crate::rows::GroupSnapshot;
use crate::{ClientIdentity, EpochId, EpochRecord, MlsError};

/// A commit that nobody but us has seen.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The epoch that it opens.
    pub id: EpochId,
    /// The commit with what joiners need.
    pub pending: PendingCommit,
}

/// The epoch of a prepared commit, kept aside. A secret: seal it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Unpublished {
    pub(super) facts: CommitFacts,
    pub(super) record: EpochRecord,
    pub(super) state: GroupSnapshot,
}

impl ForkableGroup {
    /// Makes a commit in the head. It carries the latest term; the plan's own is not used.
    ///
    /// # Errors
    /// If MLS or the room's policy forbids it, the client holds no secrets in the head, or the group is in conflict.
    pub fn prepare(&mut self, identity: &ClientIdentity, plan: &CommitPlan, judge: Judge<'_>) -> Result<Prepared, MlsError> {
        self.check_sending(&identity.client_uri)?;
        let parent = self.head();
        let plan = CommitPlan { term: self.graph.term(), ..plan.clone() };
        let mut group = self.head_state()?.clone();
        let pending = group.commit(identity, &plan, judge.roots, judge.now_ms)?;
        let staged = group.stage(&pending.commit, judge.roots, judge.now_ms)?;
        let facts = facts(parent.id, &pending.commit, &staged)?;
        let Child { group, record, .. } = group.child(staged)?;
        let id = facts.id;
        self.unpublished.insert(id, Unpublished { facts, record, state: group.snapshot().clone() });
        Ok(Prepared { id, pending })
    }

    /// A prepared commit is on its way: it takes its place in the graph. The caller stores that together with the message.
    ///
    /// # Errors
    /// [`MlsError::WrongEpoch`] if the head has moved meanwhile; then the commit is given up, and nobody has seen it.
    pub fn publish(&mut self, id: &EpochId) -> Result<HeadChange, MlsError> {
        let before = self.head();
        let unpublished = self.unpublished.remove(id);
        let unpublished = unpublished.ok_or_else(|| MlsError::Stored(format!("no commit is prepared for epoch {id}")))?;
        if unpublished.facts.parent != before.id {
            return Err(MlsError::WrongEpoch { current: before.number });
        }
        let group = crate::Group::load_unstored(unpublished.state)?;
        let placement = self.graph.place(unpublished.facts);
        self.drop_unknown_states();
        match placement {
            placement if is_in_graph(&placement) => self.keep(unpublished.record, group),
            Placement::Refused(refusal) => return Err(MlsError::NotPlaced(refusal)),
            _ => {}
        }
        self.head_change(before).ok_or(MlsError::WrongEpoch { current: before.number })
    }

    /// A prepared commit will not be published.
    pub fn abandon(&mut self, id: &EpochId) {
        self.unpublished.remove(id);
    }

    /// The commits that are prepared.
    pub fn prepared(&self) -> impl Iterator<Item = &EpochId> {
        self.unpublished.keys()
    }

    pub(super) fn check_sending(&self, client: &causeway_drafts::mimi_uri::ClientUri) -> Result<(), MlsError> {
        if let Some(conflict) = self.conflict() {
            return Err(MlsError::Conflict(conflict));
        }
        let head = self.head_state()?;
        let is_member = head.members().iter().any(|member| member.client == *client);
        match (head.holds(client), is_member) {
            (true, _) => Ok(()),
            (false, true) => Err(MlsError::Stranded(client.clone())),
            (false, false) => Err(MlsError::NoSuchClient(client.clone())),
        }
    }
}
