//! How what is said in a room without a hub reaches the others (SPEC §15.2): gateways in a peers' room or over `causewayPeer`;
//! providers that know MIMI alone, and those whose graph has ended, by the fan-out of the hub that the room's URI names, if that is us.

use std::collections::BTreeSet;

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use causeway_mls::{CommitSummary, EpochId, HeadChange, Tail};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::answers::Next;
use super::peer_message::PeerMessage;
use super::{Conversation, ConversationError, Result, Topology, Turn};
use crate::loss::{Feature, Loss};

/// What a peer refuses may be too early: it has not heard yet that we are in the room. So often it is told again,
const MOST_REFUSALS: u32 = 10;
/// at first after so many ms, then after twice as many: all in all for longer than a commit on its way to it waits.
const REFUSAL_PATIENCE: u64 = 1_000;

impl Conversation {
    /// The other providers that the room concerns: those of its members, and the one that was its hub.
    pub(super) fn peers(&self, turn: &Turn<'_>) -> Result<BTreeSet<ProviderDomain>> {
        let mut peers = self.all_peers(turn.gateway.names.provider())?;
        // What is ours under another domain is told nothing.
        peers.retain(|peer| !turn.gateway.names.is_ours(peer));
        Ok(peers)
    }

    pub(super) fn all_peers(&self, ours: &ProviderDomain) -> Result<BTreeSet<ProviderDomain>> {
        let mut peers = self.active_providers(ours);
        peers.extend(Some(self.hub()?).filter(|hub| hub != ours));
        Ok(peers)
    }

    /// Whether a provider hears of the room by a hub's fan-out only.
    pub(super) fn hears_by_fan_out(&self, provider: &ProviderDomain) -> bool {
        self.book.by_fan_out.contains(provider.as_str())
    }

    pub(super) fn tell(&mut self, turn: &mut Turn<'_>, peer: &ProviderDomain, message: &PeerMessage) -> Result<()> {
        self.tell_each(turn, [peer.as_str()], &message.to_bytes())
    }

    /// Tells all of these that are told anything.
    pub(super) fn tell_all(&mut self, turn: &mut Turn<'_>, peers: &BTreeSet<ProviderDomain>, message: &PeerMessage) -> Result<()> {
        let told: Vec<&str> = peers.iter().filter(|peer| !self.hears_by_fan_out(peer)).map(ProviderDomain::as_str).collect();
        self.tell_each(turn, told, &message.to_bytes())
    }

    /// Answers a peer's question. While the very same answer waits at its `causewayPeer`, it is not given again: whoever asked and
    /// took nothing would fill the outbox.
    pub(super) fn answer_peer(&mut self, turn: &mut Turn<'_>, peer: &ProviderDomain, message: &PeerMessage) -> Result<()> {
        let (message, owed) = (message.to_bytes(), self.owed_to(peer));
        let name = name_of_answer(peer.as_str(), &message);
        if owed > 0 && self.book.answers.contains(&name) {
            return Ok(());
        }
        self.tell_each(turn, [peer.as_str()], &message)?;
        if self.owed_to(peer) > owed {
            self.book.answers.insert(name);
        }
        Ok(())
    }

    fn owed_to(&self, peer: &ProviderDomain) -> u64 {
        self.book.owed.get(peer.as_str()).copied().unwrap_or_default()
    }

    /// An item for a peer's `causewayPeer` waits no longer.
    pub(super) fn answer_is_given(&mut self, provider: &str, message: &[u8]) {
        if !self.book.answers.is_empty() {
            self.book.answers.remove(&name_of_answer(provider, message));
        }
    }

    /// Tells all peers the graph.
    pub(super) fn tell_tail(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let message = self.tail_message()?;
        self.tell_all(turn, &self.peers(turn)?, &message)
    }

    pub(super) fn tail_message(&self) -> Result<PeerMessage> {
        Ok(PeerMessage::Tail { tail: Box::new(self.tail()?), earlier: self.book.earlier_commits.clone() })
    }

    /// The graph, by whichever own client holds the anchor's secrets, or by what we were told of it.
    fn tail(&self) -> Result<Tail> {
        let forkable = self.forkable.as_ref().ok_or(ConversationError::Missing("graph of epochs"))?;
        match forkable.can_tell(self.clients.values()) {
            true => Ok(forkable.tail_by(self.clients.values())?),
            false => Err(ConversationError::Missing("GroupInfo of the anchor")),
        }
    }

    /// Whether a client of this provider could be welcomed now: a gateway is told the graph with it. Where we cannot, since none of
    /// our clients was in at the anchor, peers are asked for what they can tell of it.
    pub(super) fn can_welcome(&mut self, turn: &mut Turn<'_>, provider: &ProviderDomain) -> Result<bool> {
        let Some(forkable) = self.forkable.as_ref().filter(|_| self.is_leaderless()) else { return Ok(true) };
        if self.hears_by_fan_out(provider) || forkable.can_tell(self.clients.values()) {
            return Ok(true);
        }
        for peer in self.peers(turn)? {
            if !self.hears_by_fan_out(&peer) {
                self.ask(turn, &peer, &PeerMessage::WantTail)?;
            }
        }
        Ok(false)
    }

    /// An application message of an own client, or of somebody who follows us as the hub.
    pub(super) fn pass_on_application(
        &mut self,
        turn: &mut Turn<'_>,
        (sender, tag): (&UserUri, [u8; 32]),
        sealed: &[u8],
    ) -> Result<Option<Frank>> {
        self.tell_all(turn, &self.peers(turn)?, &PeerMessage::Application(ByteBuf::from(sealed.to_vec())))?;
        self.fan_out_application(turn, (sender, tag), sealed)
    }

    /// The part of it that a hub does: none where the room's URI names another one.
    pub(super) fn fan_out_application(
        &self,
        turn: &mut Turn<'_>,
        (sender, tag): (&UserUri, [u8; 32]),
        sealed: &[u8],
    ) -> Result<Option<Frank>> {
        if self.topology() != Some(Topology::OurHub) {
            return Ok(None);
        }
        let frank = self.frank(turn, sender, tag)?;
        let providers = self.listeners(&self.active_providers(turn.gateway.names.provider()));
        self.fan_out_franked(turn, (sealed, &frank), &providers)?;
        Ok(Some(frank))
    }

    /// A Welcome goes to the providers of those it welcomes; to gateways with the graph.
    pub(super) fn welcome_peers(
        &mut self,
        turn: &mut Turn<'_>,
        (welcome, tree): (&[u8], &[u8]),
        summary: &CommitSummary,
    ) -> Result<()> {
        let ours = turn.gateway.names.provider();
        let added: BTreeSet<_> = summary.added.iter().map(|(client, _)| client.provider()).filter(|peer| peer != ours).collect();
        if added.iter().any(|peer| !self.hears_by_fan_out(peer)) {
            let (welcome, ratchet_tree) = (ByteBuf::from(welcome.to_vec()), ByteBuf::from(tree.to_vec()));
            let tail = self.tail().map_err(|error| match error {
                ConversationError::Missing(_) => ConversationError::refused("DMLS-41", "we cannot tell newcomers the graph yet"),
                error => error,
            })?;
            self.tell_all(turn, &added, &PeerMessage::Welcome { welcome, ratchet_tree, tail: Box::new(tail) })?;
        }
        self.fan_out_welcome_to(turn, (welcome, tree), &added)
    }

    /// To those of them that hear by our fan-out.
    fn fan_out_welcome_to(
        &self,
        turn: &mut Turn<'_>,
        (welcome, tree): (&[u8], &[u8]),
        providers: &BTreeSet<ProviderDomain>,
    ) -> Result<()> {
        let listeners = self.listeners(providers);
        if listeners.is_empty() {
            return Ok(());
        }
        let tree = RatchetTreeOption::full(tree).map_err(|error| ConversationError::Malformed(error.to_string()))?;
        self.fan_out_welcome(turn, (welcome, &tree), &listeners)
    }

    /// The head has moved: those who follow us as the hub get the commits that lead there. Where another branch has lost, they
    /// were on it, and come back by external commits when they next find that theirs is not the head's epoch.
    pub(super) fn fan_out_head(&self, turn: &mut Turn<'_>, change: &HeadChange) -> Result<()> {
        let Some(forkable) = &self.forkable else { return Ok(()) };
        let was_in = forkable.state(&change.from.id).map(|state| state.members().to_vec()).unwrap_or_default();
        let listeners = self.listeners(&was_in.iter().map(|member| member.user.provider()).collect());
        self.fan_out_since(turn, &change.fork, &listeners);
        Ok(())
    }

    /// The commits that lead from an epoch to the head.
    pub(super) fn fan_out_since(&self, turn: &mut Turn<'_>, epoch: &EpochId, providers: &BTreeSet<ProviderDomain>) {
        let Some(forkable) = self.forkable.as_ref().filter(|_| !providers.is_empty()) else { return };
        let path = forkable.graph().path_to(&forkable.head().id);
        for id in path.iter().skip_while(|id| *id != epoch).skip(1) {
            if let Some(commit) = forkable.commit_message(id) {
                self.fan_out_commit(turn, commit, providers);
            }
        }
    }

    /// Of these, those who hear by our fan-out: none where we are not the hub that the room's URI names.
    fn listeners(&self, providers: &BTreeSet<ProviderDomain>) -> BTreeSet<ProviderDomain> {
        let is_hub = self.topology() == Some(Topology::OurHub);
        providers.iter().filter(|provider| is_hub && self.hears_by_fan_out(provider)).cloned().collect()
    }

    /// A peer has no `causewayPeer`: from now on it hears by the hub's fan-out. What it was to be told now goes that way,
    /// if we are the hub; but for a message, whose sender is not known here any more.
    pub(super) fn peer_has_no_endpoint(&mut self, turn: &mut Turn<'_>, provider: &str, message: &[u8]) -> Result<Next> {
        if let Some(next) = self.may_come(provider) {
            return Ok(next);
        }
        self.book.by_fan_out.insert(provider.to_owned());
        self.is_refused_anew(turn, provider, message);
        let provider: ProviderDomain = provider.parse().map_err(|_| ConversationError::Missing("valid provider domain"))?;
        let listeners = self.listeners(&BTreeSet::from([provider.clone()]));
        match PeerMessage::from_bytes(message) {
            Ok(PeerMessage::Commit(commit)) => self.fan_out_commit(turn, &commit, &listeners),
            Ok(PeerMessage::Welcome { welcome, ratchet_tree, .. }) if !listeners.is_empty() => {
                self.fan_out_welcome_to(turn, (&welcome, &ratchet_tree), &listeners)?;
            }
            Ok(PeerMessage::Application(_) | PeerMessage::Welcome { .. }) => {
                let loss =
                    Loss::new(Feature::RefusedByHub, "the provider hears only of what its hub fans out, and has missed this");
                self.lose(turn, provider.as_str(), "matrix_to_mimi", vec![loss]);
            }
            _ => {}
        }
        Ok(Next::Done)
    }

    /// A peer refuses what it is told: perhaps too early. Who refuses for too long has the next things refused at once.
    pub(super) fn peer_refuses(&mut self, turn: &mut Turn<'_>, provider: &str, why: &str) -> Next {
        let times = self.book.refusals.entry(provider.to_owned()).or_default();
        if *times < MOST_REFUSALS {
            *times += 1;
            return Next::Retry(REFUSAL_PATIENCE << (*times - 1));
        }
        let why = format!("a peer refuses what it is told of this room without a hub: {why}");
        self.lose(turn, provider, "matrix_to_mimi", vec![Loss::new(Feature::RefusedByHub, why)]);
        Next::Done
    }
}

fn name_of_answer(provider: &str, message: &[u8]) -> String {
    hex::encode(Sha256::new().chain_update(provider).chain_update([0]).chain_update(message).finalize())
}
