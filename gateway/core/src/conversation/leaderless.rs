//! A room that no hub orders (SPEC §15): its group is a graph of epochs, and what its providers have to say to one
//! another goes to each of them directly.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, UserUri};
use causeway_mls::graph::Authority;
use causeway_mls::{CommitPlan, CommitSummary, ForkableGroup, HeadChange, Judge, MlsError, Prepared as PreparedCommit, Tail};
use serde_bytes::ByteBuf;

use super::hub::frame_content;
use super::outgoing::lane;
use super::peer_message::PeerMessage;
use super::prepare::{EPOCH_PATIENCE, Prepared};
use super::{Conversation, ConversationError, Intent, Outgoing, Result, Turn};
use crate::loss::{Feature, Loss};

/// So many epochs may a branch run ahead before it is final.
const WINDOW: u64 = causeway_mls::graph::DEFAULT_WINDOW;
/// Commits from before the group was forkable that are kept for peers who are a little behind.
const EARLIER: usize = 3;
/// How long each next settler waits for the one whose turn it is, ms.
const SETTLING_PATIENCE: u64 = 3_000;

impl Conversation {
    /// Whether the room is without a hub.
    pub fn is_leaderless(&self) -> bool {
        self.forkable.is_some()
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
            return Ok(());
        }
        let group = self.group()?;
        let may = |client: &&ClientUri| group.room_state().may_open_term(&client.user_uri()).is_ok();
        let signer = group.own_clients().find(may).cloned();
        let signer = signer.ok_or_else(|| ConversationError::refused("DMLS-21", "none of our users here may say so"))?;
        let identity = self.identity(&signer)?.clone();
        let mut forkable = ForkableGroup::begin(self.group()?.clone(), WINDOW, Vec::new());
        forkable.open_term(&identity, Authority::Members)?;
        self.forkable = Some(forkable);
        self.follow_head()?;
        self.tell_tail(turn)
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

    // --- to the peers ------------------------------------------------------------------------------------------

    /// The other providers that the room concerns: those of its members, and the one that was its hub.
    pub(super) fn peers(&self, turn: &Turn<'_>) -> Result<BTreeSet<ProviderDomain>> {
        let ours = turn.gateway.names.provider();
        let mut peers = self.active_providers(ours);
        peers.extend(Some(self.hub()?).filter(|hub| hub != ours));
        Ok(peers)
    }

    pub(super) fn tell(&self, turn: &mut Turn<'_>, peer: &ProviderDomain, message: &PeerMessage) -> Result<()> {
        let room = self.mimi_room()?.to_string();
        let lane = lane::peer(peer.as_str(), &room);
        turn.send(lane, Outgoing::Peer { room, provider: peer.to_string(), message: message.to_bytes() });
        Ok(())
    }

    pub(super) fn tell_all(&self, turn: &mut Turn<'_>, peers: &BTreeSet<ProviderDomain>, message: &PeerMessage) -> Result<()> {
        peers.iter().try_for_each(|peer| self.tell(turn, peer, message))
    }

    /// Tells all peers the graph.
    pub(super) fn tell_tail(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let message = self.tail_message()?;
        self.tell_all(turn, &self.peers(turn)?, &message)
    }

    pub(super) fn tail_message(&self) -> Result<PeerMessage> {
        Ok(PeerMessage::Tail { tail: Box::new(self.tail()?), earlier: self.book.earlier_commits.clone() })
    }

    /// The graph, signed by whichever own client holds the anchor's secrets.
    fn tail(&self) -> Result<Tail> {
        let forkable = self.forkable.as_ref().ok_or(ConversationError::Missing("graph of epochs"))?;
        let found = self.clients.values().find_map(|identity| forkable.tail(identity).ok());
        found.ok_or(ConversationError::Missing("own client that holds the anchor"))
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

    fn own_members(&self) -> Result<Vec<ClientUri>> {
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
        forkable.publish(&id)?;
        self.follow_head()?;
        self.tell_all(turn, &before, &PeerMessage::Commit(ByteBuf::from(pending.commit.clone())))?;
        if let Some(welcome) = &pending.welcome {
            self.welcome_peers(turn, (welcome, &pending.ratchet_tree), &pending.summary)?;
        }
        self.mirror_commit(turn, &pending.summary)?;
        self.claim_for_newcomers(turn, &pending.summary)?;
        self.after_head(turn)?;
        Ok(pending.summary)
    }

    /// A Welcome goes to the providers of those it welcomes, with the graph.
    fn welcome_peers(&self, turn: &mut Turn<'_>, (welcome, tree): (&[u8], &[u8]), summary: &CommitSummary) -> Result<()> {
        let ours = turn.gateway.names.provider();
        let added: BTreeSet<_> = summary.added.iter().map(|(client, _)| client.provider()).filter(|peer| peer != ours).collect();
        if added.is_empty() {
            return Ok(());
        }
        let message = PeerMessage::Welcome {
            welcome: ByteBuf::from(welcome.to_vec()),
            ratchet_tree: ByteBuf::from(tree.to_vec()),
            tail: Box::new(self.tail()?),
        };
        self.tell_all(turn, &added, &message)
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
        let sent = self.book.sent_message.take().filter(|sent| sent.content == content && !sent.is_taken);
        let sealed = match sent {
            // The hub may have passed it on before it was lost: the same once more is a repetition everywhere.
            Some(sent) => sent.sealed,
            None => {
                let (application_data, tag) = frame_content(content)?;
                let identity = self.identity(&client)?.clone();
                let sealed = self.forkable()?.seal(&identity, &application_data, tag)?;
                self.follow_head()?;
                sealed
            }
        };
        self.tell_all(turn, &self.peers(turn)?, &PeerMessage::Application(ByteBuf::from(sealed)))?;
        Ok(Prepared::Done)
    }

    /// Whether a client holds the head's secrets, by now: a puppet that has no leaf yet joins by an external commit, one
    /// that is stranded comes back.
    fn can_send(&mut self, turn: &mut Turn<'_>, client: &ClientUri) -> Result<bool> {
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
            None => self.want_group_info(turn).map(|()| false),
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
        let join = forkable.rejoin(info, &identity, judge)?;
        forkable.complete_rejoin(&join, judge)?;
        self.follow_head()?;
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

    /// What a losing branch has left to do, in our turn.
    pub(super) fn prepare_settle(&mut self, turn: &mut Turn<'_>, since: u64) -> Result<Prepared> {
        let Some(forkable) = &self.forkable else { return Ok(Prepared::Done) };
        if forkable.conflict().is_some() {
            return Ok(Prepared::Wait(SETTLING_PATIENCE));
        }
        let settlement = forkable.settlement()?;
        let head = forkable.head_state()?;
        let mut waiting = None;
        for client in self.own_members()? {
            let user = client.user_uri();
            let Some(plan) = settlement.plan_for(&client, head, &BTreeMap::new()) else { continue };
            let due = since + SETTLING_PATIENCE * forkable.settling_turn(&settlement, &user)? as u64;
            if due <= turn.now {
                self.leaderless_commit_as(turn, &client, &plan)?;
                // Roles and participants take a commit each: what is left is looked at again.
                return Ok(Prepared::Wait(0));
            }
            waiting = Some(waiting.map_or(due, |first: u64| first.min(due)));
        }
        if let Some(due) = waiting {
            return Ok(Prepared::Wait(due - turn.now));
        }
        let missing: Vec<UserUri> = settlement.clients_to_add().map(ClientUri::user_uri).collect();
        self.claim_missing(turn, missing)?;
        Ok(Prepared::Done)
    }

    /// Clients that a losing branch had added need new KeyPackages.
    fn claim_missing(&mut self, turn: &mut Turn<'_>, users: Vec<UserUri>) -> Result<()> {
        for user in users {
            let ghost = self.matrix_user(turn, &user);
            let wanted = turn.gateway.names.ghost_to_mimi(&ghost).is_some() && self.is_participant(&user) && !self.has_leaf(&user);
            if wanted && !self.book.claiming.contains(user.as_str()) {
                self.claim(turn, &ghost, &user)?;
            }
        }
        Ok(())
    }

    /// After the graph has changed: old secrets go, stranded clients come back, what is left to settle is queued.
    pub(super) fn after_head(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let forkable = self.forkable()?;
        forkable.forget();
        let (stranded, settlement) = (!forkable.stranded()?.is_empty(), forkable.settlement()?);
        self.follow_head()?;
        if stranded {
            self.want_group_info(turn)?;
        }
        if !settlement.intents.is_empty() {
            let item = Outgoing::Settle { since: turn.now };
            turn.send(lane::settlement(self.mimi_room()?.as_str()), item);
        }
        Ok(())
    }

    /// Carries over to Matrix what a move of the head means, as if it were one commit.
    pub(super) fn mirror_head_change(&mut self, turn: &mut Turn<'_>, change: &HeadChange, made: &[CommitSummary]) -> Result<()> {
        let Some(forkable) = &self.forkable else { return Ok(()) };
        let before = forkable.state(&change.from.id)?.room_state().clone();
        let after = forkable.settlement()?.anticipated(forkable.state(&change.to.id)?.room_state());
        let Some(last) = made.last() else { return Ok(()) };
        let actors = made.iter().flat_map(|summary| summary.actors.clone()).collect();
        let committers = made.iter().flat_map(|summary| {
            let touched = summary.participants_removed().into_iter().chain(summary.participants_added());
            let committer = summary.committer.user_uri();
            touched.map(move |user| (user, committer.clone()))
        });
        let mut actors: Vec<_> = actors;
        actors.extend(committers);
        let summary = CommitSummary { before, after, actors, added: Vec::new(), removed: Vec::new(), ..last.clone() };
        self.mirror_commit(turn, &summary)
    }
}
