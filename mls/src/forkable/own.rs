//! Own commits: prepared in the head, published, and only then part of the graph.
//!
//! openmls cannot process an own commit that comes back, so the epoch that it opens is made at once and kept aside.

use causeway_drafts::mimi_room_policy_04::roles_list::NO_ROLE;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use serde::{Deserialize, Serialize};

use super::receive::facts;
use super::size::check_size;
use super::{ForkableGroup, HeadChange, Judge, is_in_graph};
use crate::graph::{CommitFacts, Placement};
use crate::group::{Child, CommitPlan, PendingCommit};
use crate::planted::planted;
use crate::rows::GroupSnapshot;
use crate::{ClientIdentity, EpochId, EpochRecord, EpochRef, MlsError};

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
    /// Made beside what leads to the head.
    #[serde(default)]
    beside: bool,
}

impl ForkableGroup {
    /// Makes a commit in the head. It carries the latest term; the plan's own is not used.
    ///
    /// # Errors
    /// If MLS or the room's policy forbids it, the client holds no secrets in the head, or the group is in conflict.
    pub fn prepare(&mut self, identity: &ClientIdentity, plan: &CommitPlan, judge: Judge<'_>) -> Result<Prepared, MlsError> {
        self.check_sending(&identity.client_uri)?;
        self.prepare_in(self.head().id, identity, plan, judge)
    }

    /// What takes out whoever has made the first commit that a client could not open: for [`Self::prepare_beside`], where
    /// nobody can open what leads to the head. It outranks that in most cases (DMLS-11); where it does not, an
    /// `anchor_override` names it.
    ///
    /// # Errors
    /// If the client holds the head, or nothing before it.
    pub fn expulsion(&self, client: &ClientUri) -> Result<(CommitPlan, UserUri), MlsError> {
        let path = self.graph.path_to(&self.head().id);
        let held = self.newest_held(client).ok_or_else(|| MlsError::Stranded(client.clone()))?;
        let dead = path.into_iter().skip_while(|id| *id != held).nth(1).and_then(|id| self.graph.commit(&id));
        let author = dead.ok_or_else(|| MlsError::Invalid("the client holds the head".to_owned()))?.committer.user_uri();
        let parent = self.state(&held)?;
        let state = parent.room_state();
        let clients = parent.members().iter().filter(|member| member.user == author);
        let plan = CommitPlan {
            participants: state.participants_update(&state.with_role(&author, NO_ROLE)),
            remove_clients: clients.map(|member| member.client.clone()).collect(),
            ..CommitPlan::default()
        };
        Ok((plan, author))
    }

    /// Makes a commit beside what leads to the head, in the newest epoch before it whose secrets a stranded client holds: the
    /// way on for a group whose commits nobody can open. It is published by [`Self::publish_beside`].
    ///
    /// # Errors
    /// If MLS or the room's policy forbids it there, or the client holds the head, or nothing before it.
    pub fn prepare_beside(&mut self, identity: &ClientIdentity, plan: &CommitPlan, judge: Judge<'_>) -> Result<Prepared, MlsError> {
        match self.check_sending(&identity.client_uri) {
            Err(MlsError::Stranded(_)) => {}
            Ok(()) => return Err(MlsError::Invalid("who holds the head commits there".to_owned())),
            Err(error) => return Err(error),
        }
        let parent = self.newest_held(&identity.client_uri);
        let parent = parent.ok_or_else(|| MlsError::Stranded(identity.client_uri.clone()))?;
        self.graph.admits(&EpochRef { id: parent, number: self.graph.number(&parent).unwrap_or_default() })?;
        let prepared = self.prepare_in(parent, identity, plan, judge)?;
        self.unpublished.entry(prepared.id).and_modify(|unpublished| unpublished.beside = true);
        Ok(prepared)
    }

    /// The newest epoch on the way to the head whose secrets a client holds.
    pub fn newest_held(&self, client: &ClientUri) -> Option<EpochId> {
        let path = self.graph.path_to(&self.head().id);
        path.into_iter().rev().find(|id| self.states.get(id).is_some_and(|state| state.holds(client)))
    }

    fn prepare_in(
        &mut self,
        parent: EpochId,
        identity: &ClientIdentity,
        plan: &CommitPlan,
        judge: Judge<'_>,
    ) -> Result<Prepared, MlsError> {
        let plan = CommitPlan { term: self.graph.term(), ..plan.clone() };
        let mut group = self.state(&parent)?.clone();
        let pending = group.commit(identity, &plan, judge.roots, judge.now_ms)?;
        let staged = group.stage(&pending.commit, judge.roots, judge.now_ms)?;
        check_size(&pending.commit, self.state(&parent)?, staged.summary())?;
        let facts = facts(parent, &pending.commit, &staged)?;
        let Child { group, record, .. } = group.child(staged)?;
        let id = facts.id;
        if planted!(AppliedBeforePublished) {
            self.graph.place(facts.clone());
            self.keep(record.clone(), group.clone())?;
        }
        self.unpublished.insert(id, Unpublished { facts, record, state: group.snapshot().clone(), beside: false });
        Ok(Prepared { id, pending })
    }

    /// A prepared commit is on its way: it takes its place in the graph. The caller stores that together with the message.
    ///
    /// # Errors
    /// [`MlsError::WrongEpoch`] if the head has moved meanwhile; then the commit is given up, and nobody has seen it.
    pub fn publish(&mut self, id: &EpochId) -> Result<HeadChange, MlsError> {
        let before = self.head();
        let unpublished = self.take_prepared(id, false)?;
        if unpublished.facts.parent != before.id {
            return Err(MlsError::WrongEpoch { current: before.number });
        }
        self.enter(unpublished)?;
        self.change_since(before).ok_or(MlsError::WrongEpoch { current: before.number })
    }

    /// As [`Self::publish`], for what was prepared beside what leads to the head, which may stay what it is.
    ///
    /// # Errors
    /// If the graph does not take it.
    pub fn publish_beside(&mut self, id: &EpochId) -> Result<Option<HeadChange>, MlsError> {
        let before = self.head();
        let unpublished = self.take_prepared(id, true)?;
        self.enter(unpublished)?;
        Ok(self.change_since(before))
    }

    fn take_prepared(&mut self, id: &EpochId, beside: bool) -> Result<Unpublished, MlsError> {
        let unpublished = self.unpublished.remove(id).filter(|unpublished| unpublished.beside == beside);
        unpublished.ok_or_else(|| MlsError::Stored(format!("no commit is prepared for epoch {id}")))
    }

    /// An own commit takes its place.
    fn enter(&mut self, unpublished: Unpublished) -> Result<(), MlsError> {
        let group = crate::Group::load_unstored(unpublished.state)?;
        let placement = self.graph.place(unpublished.facts);
        self.drop_unknown_states();
        match placement {
            placement if is_in_graph(&placement) => self.keep(unpublished.record, group)?,
            Placement::Refused(refusal) => return Err(MlsError::NotPlaced(refusal)),
            _ => {}
        }
        Ok(())
    }

    /// A prepared commit will not be published.
    pub fn abandon(&mut self, id: &EpochId) {
        self.unpublished.remove(id);
    }

    /// The commits that are prepared.
    pub fn prepared(&self) -> impl Iterator<Item = &EpochId> {
        self.unpublished.keys()
    }

    pub(super) fn check_sending(&self, client: &ClientUri) -> Result<(), MlsError> {
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
