//! A room that no hub orders (SPEC §15): its group is a graph of epochs, and what its providers have to say to one
//! another goes to each of them directly.

use std::collections::BTreeSet;

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, UserUri};
use causeway_mls::graph::Authority;
use causeway_mls::{CommitPlan, CommitSummary, ForkableGroup, HeadChange, Judge, MlsError, Prepared as PreparedCommit};
use serde_bytes::ByteBuf;

use super::hub::frame_content;
use super::peer_message::PeerMessage;
use super::prepare::{EPOCH_PATIENCE, Prepared, parse_user_uri};
use super::{Conversation, ConversationError, Intent, Result, Topology, Turn};
use crate::loss::{Feature, Loss};

/// Commits from before the group was forkable that are kept for peers who are a little behind.
const EARLIER: usize = 3;

impl Conversation {
    /// Whether the room is without a hub.
    pub fn is_leaderless(&self) -> bool {
        self.forkable.as_ref().is_some_and(|forkable| !forkable.is_over())
    }

    /// Whether nothing can be committed in a room without a hub for now, since its sides are in conflict or no own client holds
    /// the head: what is wanted waits then.
    pub(super) fn has_to_wait(&self) -> bool {
        let Some(graph) = self.forkable.as_ref().filter(|_| self.is_leaderless()) else { return false };
        graph.conflict().is_some() || self.own_members().is_ok_and(|own| own.is_empty())
    }

    pub(super) fn forkable(&mut self) -> Result<&mut ForkableGroup> {
        self.forkable.as_mut().ok_or(ConversationError::Missing("graph of epochs"))
    }

    /// The hub is lost, somebody has decided: from now on the members order their commits by themselves.
    ///
    /// # Errors
    /// If none of our users in the room may say so (DMLS-21).
    pub fn hub_lost(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if self.is_leaderless() {
            return self.lose_hub_again(turn);
        }
        if let Some(user) = self.signer_without_a_leaf(turn)?
            && self.topology() == Some(Topology::OurHub)
        {
            self.ensure_leaf(turn, &user)?;
        }
        let terms: Vec<Vec<u8>> = self.book.terms.iter().map(|term| term.to_vec()).collect();
        self.forkable = Some(ForkableGroup::begin(self.group()?.clone(), self.window(turn), Vec::new(), &terms)?);
        if let Err(error) = self.open_term(Authority::Members) {
            self.forkable = None;
            return Err(error);
        }
        self.follow_head()?;
        self.want_peers_room(turn)?;
        self.tell_tail(turn)
    }

    /// Where a hub has been called back, and does not order after all, or a Matrix room orders. Where neither does, nothing
    /// changes.
    fn lose_hub_again(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let forkable = self.forkable()?;
        match forkable.is_ordered() || forkable.orders_by_matrix().is_some() {
            true => self.change_authority(turn, Authority::Members),
            false => Ok(()),
        }
    }

    /// What is read of the group is always the head's.
    pub(super) fn follow_head(&mut self) -> Result<()> {
        if let Some(forkable) = &self.forkable {
            self.group = Some(forkable.head_state()?.clone());
        }
        Ok(())
    }

    /// A commit that is merged before the group is forkable: whoever missed it can be given it later.
    pub(super) fn remember_commit(&mut self, commit: &[u8]) {
        self.book.earlier_commits.push(ByteBuf::from(commit.to_vec()));
        let superfluous = self.book.earlier_commits.len().saturating_sub(EARLIER);
        self.book.earlier_commits.drain(..superfluous);
    }

    // --- own commits -------------------------------------------------------------------------------------------

    /// Commits as the first own client that may, and tells the peers.
    pub(super) fn leaderless_commit(&mut self, turn: &mut Turn<'_>, plan: &CommitPlan) -> Result<CommitSummary> {
        let mut refused = ConversationError::Missing("own client in the group");
        for client in self.own_members()? {
            match self.leaderless_commit_as(turn, &client, plan) {
                Err(error @ ConversationError::Mls(MlsError::NotAllowed(_))) => refused = error,
                done => return done,
            }
        }
        Err(refused)
    }

    pub(super) fn own_members(&self) -> Result<Vec<ClientUri>> {
        Ok(self.group()?.own_clients().cloned().collect())
    }

    pub(super) fn leaderless_commit_as(
        &mut self,
        turn: &mut Turn<'_>,
        client: &ClientUri,
        plan: &CommitPlan,
    ) -> Result<CommitSummary> {
        let before = self.peers(turn)?;
        let judge = Judge { roots: turn.roots, now_ms: turn.now };
        let identity = self.identity(client)?.clone();
        let forkable = self.forkable()?;
        let PreparedCommit { id, pending } = forkable.prepare(&identity, plan, judge)?;
        let change = forkable.publish(&id)?;
        turn.decision.placements.push("extends_head");
        self.follow_head()?;
        self.fan_out_head(turn, &change)?;
        self.tell_all(turn, &before, &PeerMessage::Commit(ByteBuf::from(pending.commit.clone())))?;
        if let Some(welcome) = &pending.welcome {
            self.welcome_peers(turn, (welcome, &pending.ratchet_tree), &pending.summary)?;
        }
        self.mirror_commit(turn, &pending.summary)?;
        self.claim_for_newcomers(turn, &pending.summary)?;
        self.after_head(turn)?;
        Ok(pending.summary)
    }

    /// Participants of other providers whom we have added get their clients in: nobody else will claim them.
    fn claim_for_newcomers(&mut self, turn: &mut Turn<'_>, summary: &CommitSummary) -> Result<()> {
        for user in summary.participants_added() {
            let ghost = self.matrix_user(turn, &user);
            let is_ghost = turn.gateway.names.ghost_to_mimi(&ghost).is_some();
            if is_ghost && !self.has_leaf(&user) && !self.book.claiming.contains(user.as_str()) {
                self.claim(turn, &ghost, &user)?;
            }
        }
        Ok(())
    }

    // --- what the outbox wants ---------------------------------------------------------------------------------

    /// A puppet's message: sealed in the head, for all peers. While the group is in conflict, or the puppet's client has to
    /// come back first, it waits.
    pub(super) fn prepare_leaderless_submit(
        &mut self,
        turn: &mut Turn<'_>,
        (user, event_id): (&UserUri, &str),
        content: &[u8],
    ) -> Result<Prepared> {
        let client = self.client_of(turn, user)?;
        if !self.is_participant(user) {
            let loss = Loss::new(Feature::SenderNotParticipant, "the sender is not in the MIMI room's participant list");
            self.lose(turn, event_id, "matrix_to_mimi", vec![loss]);
            return Ok(Prepared::Done);
        }
        if !self.can_send(turn, &client)? {
            return Ok(Prepared::Wait(EPOCH_PATIENCE));
        }
        let (application_data, tag) = frame_content(content)?;
        let sent = self.book.sent_message.take().filter(|sent| sent.content == content && !sent.is_taken);
        let sealed = match sent {
            // The hub may have passed it on before it was lost: the same once more is a repetition everywhere.
            Some(sent) => sent.sealed,
            None => {
                let identity = self.identity(&client)?.clone();
                let sealed = self.forkable()?.seal(&identity, &application_data, tag)?;
                self.follow_head()?;
                sealed
            }
        };
        self.pass_on_application(turn, (user, tag), &sealed)?;
        Ok(Prepared::Done)
    }

    /// Whether a client holds the head's secrets, by now: a puppet that has no leaf yet joins by an external commit, one
    /// that is stranded comes back.
    pub(super) fn can_send(&mut self, turn: &mut Turn<'_>, client: &ClientUri) -> Result<bool> {
        if self.forkable()?.conflict().is_some() {
            return Ok(false);
        }
        if self.group()?.holds(client) {
            return Ok(true);
        }
        self.ensure_identity(turn, client)?;
        let from = self.own_members()?.into_iter().next();
        match from {
            Some(from) => self.join_beside(turn, client, &from).map(|()| true),
            None => self.want_group_info_again(turn).map(|()| false),
        }
    }

    /// An own client that holds the head lets another one in.
    fn join_beside(&mut self, turn: &mut Turn<'_>, client: &ClientUri, from: &ClientUri) -> Result<()> {
        let hub_key = self.hub_key()?;
        let holder = self.identity(from)?.clone();
        let info = self.forkable()?.joinable(&holder, hub_key)?;
        self.join_head(turn, client, &info)
    }

    /// A key of the group's external senders, without which nobody joins (P-078): the hub that was.
    pub(super) fn hub_key(&self) -> Result<Vec<u8>> {
        let agent = self.group()?.room_state().franking_agent.as_ref();
        let key = agent.map(|agent| agent.franking_signature_key.as_slice().to_vec());
        key.ok_or(ConversationError::Missing("franking agent"))
    }

    /// An own client joins the head by an external commit.
    pub(super) fn join_head(
        &mut self,
        turn: &mut Turn<'_>,
        client: &ClientUri,
        info: &causeway_mls::JoinableGroupInfo,
    ) -> Result<()> {
        let judge = Judge { roots: turn.roots, now_ms: turn.now };
        let identity = self.identity(client)?.clone();
        let forkable = self.forkable()?;
        let from = forkable.head();
        let join = forkable.rejoin(info, &identity, judge)?;
        let to = forkable.complete_rejoin(&join, judge)?.epoch;
        self.follow_head()?;
        self.fan_out_head(turn, &HeadChange { from, to, fork: from.id })?;
        self.book.joining.remove(client.user_uri().as_str());
        self.unlock_if_all_are_back(turn);
        self.tell_all(turn, &self.peers(turn)?, &PeerMessage::Commit(ByteBuf::from(join.commit)))
    }

    /// Asks the peers for the head's GroupInfo, once at a time.
    pub(super) fn want_group_info(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let head = self.group()?.epoch().id.to_string();
        if !self.book.first_time(&format!("want_group_info:{head}")) {
            return Ok(());
        }
        self.tell_all(turn, &self.peers(turn)?, &PeerMessage::WantGroupInfo)
    }

    /// The same once more, if what came was of another head than ours: by now it may be of the same.
    pub(super) fn want_group_info_again(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let head = self.group()?.epoch().id.to_string();
        if self.book.told.remove(&format!("other_group_info:{head}")) {
            self.book.told.remove(&format!("want_group_info:{head}"));
        }
        self.want_group_info(turn)
    }

    /// The GroupInfo that came is not of our head: the peer knows more than we do, or less.
    pub(super) fn is_of_another_head(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain) -> Result<()> {
        let head = self.group()?.epoch().id.to_string();
        match self.book.first_time(&format!("other_group_info:{head}")) {
            true => self.want_news(turn, from),
            false => Ok(()),
        }
    }

    /// A commit that somebody has brought to us as to a hub: it is for the head, and becomes it, or it is not taken.
    pub(super) fn place_at_head(&mut self, turn: &mut Turn<'_>, commit: &[u8]) -> Result<()> {
        let (peers, head) = (self.peers(turn)?, self.forkable()?.head());
        let child = head.id.child(commit)?;
        self.take_commit(turn, commit)?;
        let graph = self.forkable()?.graph();
        if !graph.is_ancestor(&child, &graph.head().id) {
            return Err(ConversationError::WrongEpoch { current: head.number });
        }
        self.tell_all(turn, &peers, &PeerMessage::Commit(ByteBuf::from(commit.to_vec())))?;
        self.after_head(turn)
    }

    /// Somebody's proposals to leave, brought to us as to a hub: an own client removes it. Others would not know the
    /// proposals, so nothing else can be committed by reference.
    pub(super) fn leave_for(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, messages: &[&[u8]]) -> Result<()> {
        let mut dry_run = self.group()?.clone();
        let proposals = dry_run.queue_proposals(messages)?;
        let senders: BTreeSet<_> = proposals.into_iter().filter_map(|proposal| proposal.sender).map(|c| c.user_uri()).collect();
        let user = senders.first().filter(|user| senders.len() == 1 && user.provider() == *from).cloned();
        let user = user.ok_or_else(|| {
            ConversationError::refused("P-045", "the proposals are not by one user of the provider that sent them")
        })?;
        let committer = self.own_members()?.into_iter().next().ok_or(ConversationError::Missing("own client in the group"))?;
        let pending = dry_run.commit(self.identity(&committer)?, &CommitPlan::default(), turn.roots, turn.now)?;
        let staged = dry_run.stage(&pending.commit, turn.roots, turn.now)?;
        let summary = staged.summary();
        let leaves = summary.participants_removed() == [user.clone()]
            && summary.participants_added().is_empty()
            && summary.removed.iter().all(|(_, owner)| *owner == user);
        if !leaves {
            return Err(ConversationError::refused("SPEC §15.6", "without a hub only proposals to leave are committed for others"));
        }
        match self.removal(&user, super::hub::Removal::Remove)? {
            Some(plan) => {
                // It goes by itself: whoever commits that need not be somebody who could send it away.
                let ghost = self.matrix_user(turn, &user);
                self.emit_membership(turn, &ghost, &ghost, "leave")?;
                self.leaderless_commit(turn, &plan).map(|_| ())
            }
            None => Ok(()),
        }
    }

    /// A change that a Matrix user wants.
    pub(super) fn prepare_leaderless_update(&mut self, turn: &mut Turn<'_>, user: &UserUri, intent: &Intent) -> Result<Prepared> {
        if *intent == Intent::CommitProposals || self.is_satisfied(user, intent) {
            return Ok(Prepared::Done);
        }
        if !self.is_participant(user) {
            self.revert(turn, intent, "the one who did it is not a participant of the MIMI room")?;
            return Ok(Prepared::Done);
        }
        let client = self.client_of(turn, user)?;
        if let Intent::Add { user } = intent
            && let Err(error) = self.may_come_in(turn, &parse_user_uri(user)?)
        {
            self.revert(turn, intent, &error.to_string())?;
            return Ok(Prepared::Done);
        }
        if !self.can_send(turn, &client)? {
            return Ok(Prepared::Wait(EPOCH_PATIENCE));
        }
        let done = match intent {
            // Nobody commits its own removal (RFC 9420 §12.2): another own client does, or a peer's.
            Intent::Leave => return self.leave_leaderless(turn, &client),
            intent => {
                let plan = self.plan(intent)?;
                self.leaderless_commit_as(turn, &client, &plan)
            }
        };
        match done {
            Ok(_) => Ok(Prepared::Done),
            Err(error @ ConversationError::Mls(MlsError::NotAllowed(_) | MlsError::Invalid(_))) => {
                self.revert(turn, intent, &error.to_string())?;
                Ok(Prepared::Done)
            }
            Err(error) => Err(error),
        }
    }

    fn leave_leaderless(&mut self, turn: &mut Turn<'_>, client: &ClientUri) -> Result<Prepared> {
        let Some(plan) = self.removal(&client.user_uri(), super::hub::Removal::Remove)? else { return Ok(Prepared::Done) };
        for other in self.own_members()? {
            if other.user_uri() == client.user_uri() {
                continue;
            }
            match self.leaderless_commit_as(turn, &other, &plan) {
                Err(ConversationError::Mls(MlsError::NotAllowed(_))) => {}
                done => return done.map(|_| Prepared::Done),
            }
        }
        let loss =
            Loss::new(Feature::JoinRefused, "nobody of ours may remove the one who left; it stays in the group until a peer does");
        self.lose(turn, client.as_str(), "matrix_to_mimi", vec![loss]);
        Ok(Prepared::Done)
    }
}
