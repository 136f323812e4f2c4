//! Coming back: a client that is stranded on a branch that lost, or cannot open a commit, joins the head by an external
//! commit, without a person's help.

use super::receive::{CommitOutcome, Placed};
use super::{ForkableGroup, Judge};
use crate::group::{ExternalJoin, JoinableGroupInfo};
use crate::planted::planted;
use crate::{ClientIdentity, EpochId, EpochRef, Group, MlsError};

impl ForkableGroup {
    /// What somebody needs to join the head, from an own client that holds its secrets. `hub_key` is the key of one of
    /// the group's external senders.
    ///
    /// # Errors
    /// If the client does not hold them.
    pub fn joinable(&self, identity: &ClientIdentity, hub_key: Vec<u8>) -> Result<JoinableGroupInfo, MlsError> {
        let head = self.head_state()?;
        Ok(JoinableGroupInfo {
            group_info: head.group_info(identity)?,
            ratchet_tree: head.ratchet_tree()?,
            pending_proposals: Vec::new(),
            hub_key,
        })
    }

    /// Makes the external commit of a stranded client. It is published by [`Self::complete_rejoin`].
    ///
    /// # Errors
    /// If the GroupInfo is not the head's, or does not hold.
    pub fn rejoin(&self, info: &JoinableGroupInfo, identity: &ClientIdentity, judge: Judge<'_>) -> Result<ExternalJoin, MlsError> {
        let join = Group::join_externally_in_term(info, identity, self.graph.term(), (judge.roots, judge.now_ms))?;
        let head = self.head_state()?;
        head.judge(&join.commit, judge.roots, judge.now_ms)
            .map_err(|_| MlsError::Invalid("the GroupInfo is not the head's".to_owned()))?;
        Ok(join)
    }

    /// Where other tags of the head are right than those that we have, the joiner knows from the GroupInfo, and what comes
    /// after follows from its public state.
    fn take_right_tags(&mut self, epoch: &EpochRef, join: &ExternalJoin) -> Result<(), MlsError> {
        let joined = Group::load_unstored(join.public_snapshot(*epoch)?)?;
        let state = self.state_mut(&epoch.id)?;
        if state.group_context()? != joined.group_context()? {
            state.replace(joined);
        }
        Ok(())
    }

    /// The external commit is on its way: it takes its place, and the client has its state there.
    ///
    /// # Errors
    /// If the head has moved meanwhile.
    pub fn complete_rejoin(&mut self, join: &ExternalJoin, judge: Judge<'_>) -> Result<Box<Placed>, MlsError> {
        let parent: EpochId = self.head().id;
        let mut received = self.receive_commit(&join.commit, Some(parent), judge)?;
        let placed = match received.outcomes.swap_remove(0) {
            CommitOutcome::Placed(placed) => placed,
            CommitOutcome::Refused(error) => return Err(error),
            _ => return Err(MlsError::WrongEpoch { current: self.head().number }),
        };
        self.take_right_tags(&placed.epoch, join)?;
        let rows = join.private_rows()?;
        if !planted!(RejoinerWithoutSecrets) {
            self.state_mut(&placed.epoch.id)?.hold(&join.client, rows);
        }
        self.own.insert(join.client.clone());
        Ok(placed)
    }
}
