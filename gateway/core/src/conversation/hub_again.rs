//! A room without a hub gets its hub back (SPEC §15.5): first the hub orders the graph, then, once everybody follows, the
//! graphs end, and the room is as it was before.

use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use causeway_mls::EpochId;
use causeway_mls::graph::Authority;
use serde_bytes::ByteBuf;

use super::outgoing::lane;
use super::peer_message::PeerMessage;
use super::prepare::Prepared;
use super::{Conversation, ConversationError, Outgoing, Result, Topology, Turn};

/// How long messages that were sealed in other epochs than the head may still be under way when a graph could end, ms.
const ENDING_PATIENCE: u64 = 10_000;

impl Conversation {
    /// The hub that the room's URI names is back, somebody has decided: from now on it orders the commits again.
    ///
    /// # Errors
    /// If none of our users in the room may say so (DMLS-21), or whoever may has opened a term too short a while ago (DMLS-16).
    pub fn hub_back(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if self.forkable()?.is_ordered() {
            return Ok(());
        }
        let hub = Authority::Hub { provider: self.hub()?, signature_key: self.hub_key()? };
        self.change_authority(turn, hub)
    }

    /// In a room without a hub, another authority orders the commits from now on: whoever of ours may says so to all peers.
    pub(super) fn change_authority(&mut self, turn: &mut Turn<'_>, authority: Authority) -> Result<()> {
        if let Some(user) = self.signer_without_a_leaf(turn)? {
            let client = self.client_of(turn, &user)?;
            self.can_send(turn, &client)?;
        }
        let statement = self.open_term(authority)?;
        self.tell_all(turn, &self.peers(turn)?, &PeerMessage::Statement(ByteBuf::from(statement)))?;
        self.follow_head()?;
        self.after_head(turn)
    }

    /// A user of ours who may open a term and has no client in the group yet; none where somebody else's client may do it.
    pub(super) fn signer_without_a_leaf(&self, turn: &Turn<'_>) -> Result<Option<UserUri>> {
        let group = self.group()?;
        let may = |user: &UserUri| group.room_state().may_open_term(user).is_ok();
        if group.own_clients().any(|client| may(&client.user_uri())) {
            return Ok(None);
        }
        let ours = |user: &UserUri| turn.gateway.names.is_ours(&user.provider());
        Ok(self.participants()?.into_iter().find(|user| ours(user) && may(user) && !self.has_leaf(user)))
    }

    /// Opens a term as the first own client that may.
    pub(super) fn open_term(&mut self, authority: Authority) -> Result<Vec<u8>> {
        let head = self.forkable()?.head().id;
        self.say_at(&head, |graph, identity| graph.open_term(identity, authority.clone()))
    }

    /// What follows from a hub's being in office: it accepts what leads to the head; everybody says once that they follow it,
    /// behind all that they have said before; and when nothing is missing, the graph's end is queued.
    pub(super) fn attend_to_hub(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let (ours, key) = (turn.gateway.names.provider(), turn.gateway.hub.signature_public_key());
        if !self.forkable()?.is_ordered() {
            self.book.is_ending = false;
            return Ok(());
        }
        if self.forkable()?.is_ordered_by(ours, &key) {
            for statement in self.forkable()?.accept_head(&turn.gateway.hub)? {
                self.tell_all(turn, &self.peers(turn)?, &PeerMessage::Statement(ByteBuf::from(statement.to_bytes())))?;
            }
        }
        let term = self.forkable()?.graph().term();
        if self.book.first_time(&format!("following:{term}")) {
            self.tell_all(turn, &self.peers(turn)?, &PeerMessage::Following { term })?;
        }
        if !self.book.is_ending && self.may_end(turn)? {
            self.book.is_ending = true;
            turn.send(lane::settlement(self.mimi_room()?.as_str()), Outgoing::EndGraph { since: turn.now });
        }
        Ok(())
    }

    /// Whether the graph may end: nothing can come any more that only a graph could place. The hub's ends last, since it has
    /// to understand everybody.
    fn may_end(&mut self, turn: &Turn<'_>) -> Result<bool> {
        let (peers, term) = (self.peers(turn)?, self.forkable()?.graph().term());
        let is_hub = self.topology() == Some(Topology::OurHub);
        let is_ready = |peer: &ProviderDomain| {
            self.hears_by_fan_out(peer) || (!is_hub && self.book.following.get(peer.as_str()) == Some(&term))
        };
        Ok(peers.iter().all(is_ready) && self.forkable()?.can_end()?)
    }

    /// A peer says that it follows the hub of a term. What it had said before has come before.
    pub(super) fn peer_follows(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, term: u64) -> Result<()> {
        self.book.following.insert(from.to_string(), term);
        self.after_head(turn)
    }

    /// A peer's graph has ended, at an epoch: from there on it hears of us by our fan-out.
    pub(super) fn peer_has_ended(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, at: &[u8]) -> Result<()> {
        let malformed = |_| ConversationError::Malformed("SPEC §15.2: not the name of an epoch".to_owned());
        let at = EpochId::from_bytes(at.try_into().map_err(malformed)?);
        if self.topology() == Some(Topology::OurHub) {
            self.book.by_fan_out.insert(from.to_string());
            self.fan_out_since(turn, &at, &[from.clone()].into());
        }
        self.after_head(turn)
    }

    pub(super) fn prepare_end(&mut self, turn: &mut Turn<'_>, since: u64) -> Result<Prepared> {
        if !self.is_leaderless() || !self.may_end(turn)? {
            self.book.is_ending = false;
            return Ok(Prepared::Done);
        }
        if turn.now < since + ENDING_PATIENCE {
            return Ok(Prepared::Wait(since + ENDING_PATIENCE - turn.now));
        }
        let (hub, kept) = (self.hub()?, self.past_epochs(turn));
        let forkable = self.forkable()?;
        let (head, term, terms) = (forkable.head().id, forkable.graph().term(), forkable.end(kept));
        self.follow_head()?;
        self.book.is_ending = false;
        self.book.following.clear();
        self.book.terms = terms.into_iter().map(ByteBuf::from).collect();
        self.book.term = term;
        match self.topology() {
            Some(Topology::OurHub) => {
                let listener = turn.gateway.names.listener_client();
                let holder = self.own_members()?.into_iter().find(|client| *client == listener);
                let holder = holder.ok_or(ConversationError::Missing("listener in the group"))?;
                self.book.group_info = self.group()?.group_info(self.identity(&holder)?)?;
            }
            _ => self.tell(turn, &hub, &PeerMessage::GraphEnded { at: ByteBuf::from(head.as_bytes().to_vec()) })?,
        }
        self.leave_peers_rooms(turn)?;
        Ok(Prepared::Done)
    }
}
