//! Who may do what: a commit against the room's policy, proposal by proposal; and proposals before they are queued.

use std::borrow::Cow;
use std::collections::HashSet;

use causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::numbers::{COMPONENT_HARDENING, COMPONENT_PARTICIPANT_LIST};
use openmls::prelude::{AppDataUpdateOperation, AppDataUpdateProposal, Proposal, QueuedProposal, Sender, StagedCommit};

use super::{CommitSummary, Group};
use crate::credential::named_client;
use crate::hardening::can_puncture;
use crate::policy::{ClientChange, NotAllowed};
use crate::{MlsError, RoomState};

/// P-121: no user is touched twice in a commit; P-123: metadata, which is replaced as a whole, changes at most once, and
/// so does everything else that is.
fn once_each<'a>(proposals: impl Iterator<Item = &'a AppDataUpdateProposal>, state: &RoomState) -> Result<(), MlsError> {
    let (lists, others): (Vec<_>, Vec<_>) = proposals.partition(|proposal| proposal.component_id() == COMPONENT_PARTICIPANT_LIST);
    if let Some(pair) = others.windows(2).find(|pair| pair[0].component_id() == pair[1].component_id()) {
        return Err(MlsError::Invalid(format!("P-123: component {:#06x} is replaced twice in one commit", pair[0].component_id())));
    }
    let updates = lists.iter().filter_map(|proposal| match proposal.operation() {
        AppDataUpdateOperation::Update(data) => Some(causeway_drafts::decode_exact(data.as_slice())),
        AppDataUpdateOperation::Remove => None,
    });
    let updates: Vec<ParticipantListUpdate> = updates.collect::<Result<_, _>>().map_err(MlsError::malformed)?;
    if updates.is_empty() {
        return Ok(());
    }
    state.participants.apply_all(&updates).map(|_| ()).map_err(MlsError::invalid)
}

fn refuse(rule: &'static str, why: &str) -> Result<(), MlsError> {
    Err(NotAllowed { rule, why: why.to_owned() }.into())
}

impl Group {
    /// The room's policy, proposal by proposal, each in the name of who proposed it.
    pub(super) fn authorise(&self, staged: &StagedCommit, summary: &CommitSummary) -> Result<(), MlsError> {
        for proposal in staged.queued_proposals() {
            self.check_kind(proposal.proposal(), proposal.sender(), Some(&summary.committer))?;
            self.check_update(proposal)?;
            self.check_switch(proposal, Some(&summary.committer))?;
        }
        if self.state.is_plain() {
            return self.check_clients(staged, summary);
        }
        let committer = summary.committer.user_uri();
        if self.state.participants.find(&committer).is_none() {
            return Err(NotAllowed { rule: "P-035", why: format!("{committer} is not a participant") }.into());
        }
        self.state.may_follow(&summary.after)?;
        let mut proposals: Vec<_> = staged.app_data_update_proposals().collect();
        proposals.sort_by_key(|proposal| proposal.app_data_update_proposal().component_id());
        once_each(proposals.iter().map(|proposal| proposal.app_data_update_proposal()), &self.state)?;
        let mut state = Cow::Borrowed(&self.state);
        for proposal in proposals {
            let next = state.after(proposal.app_data_update_proposal())?;
            if let Some(actor) = self.proposer(proposal.sender(), Some(&committer)) {
                state.may_become(&next, &actor)?;
            }
            state = Cow::Owned(next);
        }
        self.authorise_clients(staged, summary, &committer)
    }

    /// What holds whatever the policy: a client is in the group once, and an external commit may only replace its own former
    /// leaf, never remove somebody else.
    fn check_clients(&self, staged: &StagedCommit, summary: &CommitSummary) -> Result<(), MlsError> {
        let held: HashSet<&ClientUri> = match summary.added.is_empty() {
            true => HashSet::new(),
            false => self.members.iter().map(|member| &member.client).collect(),
        };
        for (client, _) in &summary.added {
            if held.contains(client) && !summary.removed.iter().any(|(gone, _)| gone == client) {
                return Err(MlsError::Invalid(format!("{client} is in the group already")));
            }
        }
        for proposal in staged.remove_proposals() {
            let removed = self.member_at(proposal.remove_proposal().removed())?;
            if summary.external && removed.client != summary.committer {
                return Err(MlsError::Invalid("RFC 9420 §12.2: an external commit removes another client".to_owned()));
            }
        }
        Ok(())
    }

    fn authorise_clients(&self, staged: &StagedCommit, summary: &CommitSummary, committer: &UserUri) -> Result<(), MlsError> {
        self.check_clients(staged, summary)?;
        for (_, user) in &summary.added {
            self.state.may_change_client(&summary.after, committer, &ClientChange::Added(user.clone()))?;
        }
        for proposal in staged.remove_proposals() {
            let removed = self.member_at(proposal.remove_proposal().removed())?;
            if let Some(actor) = self.proposer(proposal.sender(), Some(committer)) {
                self.state.may_change_client(&summary.after, &actor, &ClientChange::Removed(removed.user.clone()))?;
            }
        }
        let removed: HashSet<&ClientUri> = summary.removed.iter().map(|(gone, _)| gone).collect();
        let remaining = self.members.iter().filter(|member| !removed.contains(&member.client));
        let users: Vec<_> = remaining.map(|member| &member.user).chain(summary.added.iter().map(|(_, user)| user)).collect();
        Ok(summary.after.covers(users)?)
    }

    /// Proposals that come together, before they are queued: once they are, every commit takes them, and would be refused for
    /// what they may not do (P-042). Who is in a list, and whose certificates hold, is asked when they are committed.
    pub(super) fn authorise_proposals(&self, proposals: &[QueuedProposal]) -> Result<(), MlsError> {
        for proposal in proposals {
            self.check_kind(proposal.proposal(), proposal.sender(), None)?;
            self.check_update(proposal)?;
            self.check_switch(proposal, None)?;
            self.check_newcomer(proposal)?;
        }
        if self.state.is_plain() {
            return Ok(());
        }
        let mut state = self.state.clone();
        for proposal in proposals {
            let Proposal::AppDataUpdate(update) = proposal.proposal() else { continue };
            let next = state.after(update)?;
            if let Some(actor) = self.proposer(proposal.sender(), None) {
                state.may_become(&next, &actor)?;
            }
            state = next;
        }
        for proposal in proposals {
            let (Proposal::Remove(removal), Some(actor)) = (proposal.proposal(), self.proposer(proposal.sender(), None)) else {
                continue;
            };
            let removed = self.member_at(removal.removed())?;
            self.state.may_change_client(&state, &actor, &ClientChange::Removed(removed.user.clone()))?;
        }
        Ok(())
    }

    /// A client renews its own leaf, and stays who it is.
    pub(super) fn check_update(&self, proposal: &QueuedProposal) -> Result<(), MlsError> {
        let (Proposal::Update(update), Sender::Member(leaf)) = (proposal.proposal(), proposal.sender()) else { return Ok(()) };
        match named_client(update.leaf_node().credential())?.0 == self.member_at(*leaf)?.client {
            true => Ok(()),
            false => Err(MlsError::CredentialRefused("the new leaf names another client".to_owned())),
        }
    }

    /// DMLS-34: who switches the hardening commits that, too, so that it is weighed together with who comes in.
    fn check_switch(&self, proposal: &QueuedProposal, committer: Option<&ClientUri>) -> Result<(), MlsError> {
        let Proposal::AppDataUpdate(update) = proposal.proposal() else { return Ok(()) };
        let is_own = committer.is_some_and(|committer| self.is_member(proposal.sender(), committer));
        match update.component_id() != COMPONENT_HARDENING || is_own {
            true => Ok(()),
            false => refuse("DMLS-34", "who switches the hardening does so in a commit of its own"),
        }
    }

    /// DMLS-34: what a hardened group cannot commit is not queued.
    fn check_newcomer(&self, proposal: &QueuedProposal) -> Result<(), MlsError> {
        let leaf = match proposal.proposal() {
            Proposal::Add(add) => add.key_package().leaf_node(),
            Proposal::Update(update) => update.leaf_node(),
            _ => return Ok(()),
        };
        match !self.state.hardening.is_on() || can_puncture(leaf) {
            true => Ok(()),
            false => refuse("DMLS-34", "a leaf comes in that does not list the hardening"),
        }
    }

    /// What may be proposed at all, and committed by this client. In a room: what its policy says something of, and nothing
    /// that goes round it. Extensions of the GroupContext say who the hub is (P-115); a PSK that others lack keeps them out; a
    /// ReInit ends the group.
    fn check_kind(&self, proposal: &Proposal, sender: &Sender, committer: Option<&ClientUri>) -> Result<(), MlsError> {
        let is_plain = self.state.is_plain();
        match proposal {
            Proposal::SelfRemove if committer.is_some_and(|committer| self.is_member(sender, committer)) => {
                Err(MlsError::Invalid("RFC 9420 §12.2: who commits does not leave by its own commit".to_owned()))
            }
            Proposal::Add(_) | Proposal::Update(_) | Proposal::Remove(_) | Proposal::SelfRemove => Ok(()),
            Proposal::ExternalInit(_) | Proposal::AppDataUpdate(_) => Ok(()),
            Proposal::GroupContextExtensions(_) | Proposal::PreSharedKey(_) if is_plain => Ok(()),
            Proposal::GroupContextExtensions(_) => refuse("P-126", "a room changes by AppDataUpdate, and by nothing else"),
            // How many and which, is asked of the whole commit.
            Proposal::PreSharedKey(_) if self.state.hardening.is_on() && committer.is_some() => Ok(()),
            Proposal::PreSharedKey(_) => refuse("R-075", "nobody has canSendMLSPSKProposal, which is reserved"),
            Proposal::ReInit(_) => refuse("P-051", "a group is not made anew by ReInit"),
            _ => refuse("R-075", "the policy says nothing of proposals of this kind"),
        }
    }

    fn is_member(&self, sender: &Sender, client: &ClientUri) -> bool {
        matches!(sender, Sender::Member(leaf) if self.member_at(*leaf).is_ok_and(|member| member.client == *client))
    }

    fn proposer(&self, sender: &Sender, committer: Option<&UserUri>) -> Option<UserUri> {
        match sender {
            Sender::Member(leaf) => self.member_at(*leaf).ok().map(|member| member.user.clone()),
            Sender::NewMemberCommit => committer.cloned(),
            // The hub, whose word orders the room.
            _ => None,
        }
    }
}
