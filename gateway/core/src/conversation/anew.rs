//! Beginning anew with a peer's graph, since ours does not meet it any more (SPEC §15.7): somebody decides that, the peer is asked,
//! and what it tells within an hour is taken instead of ours.

use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_mls::{ForkableGroup, Judge, Tail};

use super::outgoing::lane;
use super::peer_message::PeerMessage;
use super::prepare::Prepared;
use super::{Conversation, ConversationError, Outgoing, Result, Turn};
use crate::loss::{Feature, Loss};
use crate::records::AnewRow;

/// A decision to begin anew counts for so long, ms: whoever has made it may think otherwise later.
const ANEW_PATIENCE: u64 = 3_600_000;

impl Conversation {
    /// We were apart for too long: the next graph that this peer tells within an hour is ours, somebody has decided.
    ///
    /// # Errors
    /// If it is no peer, or the room has a hub and is not locked since a restored database was adopted.
    pub fn begin_anew(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain) -> Result<()> {
        if !self.row.resync {
            self.forkable()?;
        }
        if !self.peers(turn)?.contains(from) {
            return Err(ConversationError::refused("DMLS-30", format!("{from} is no peer in this room")));
        }
        self.book.anew_from = Some(from.to_string());
        self.book.anew_since = turn.now;
        turn.send(lane::anew(self.mimi_room()?.as_str()), Outgoing::AwaitAnew { since: turn.now });
        self.tell(turn, from, &PeerMessage::WantTail)
    }

    /// Nothing is begun anew after all, somebody has decided.
    ///
    /// # Errors
    /// If nothing is.
    pub fn withdraw_anew(&mut self) -> Result<()> {
        match self.book.anew_from.take() {
            Some(_) => Ok(()),
            None => Err(ConversationError::refused("SPEC §15.7", "the group does not begin anew with anybody")),
        }
    }

    /// Whose graph the group begins anew with.
    pub fn anew(&self) -> Option<AnewRow> {
        let provider = self.book.anew_from.clone()?;
        Some(AnewRow { provider, since: self.book.anew_since as i64 })
    }

    /// Takes a told graph, if it comes from whom it was asked of, and not too late.
    pub(super) fn takes_anew(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, tail: &Tail) -> Result<bool> {
        if self.book.anew_from.as_deref() != Some(from.as_str()) || turn.now >= self.anew_ends() {
            return Ok(false);
        }
        let judge = Judge { roots: turn.roots, now_ms: turn.now };
        let before = self.group()?.room_state().clone();
        let graph = match self.forkable.take() {
            Some(graph) => graph,
            None => ForkableGroup::begin(self.group()?.clone(), self.window(turn), Vec::new(), &[])?,
        };
        self.forkable = Some(graph.begin_anew(tail, self.clients.keys().cloned(), judge)?);
        self.book.anew_from = None;
        self.follow_head()?;
        let after = self.group()?.room_state().clone();
        self.mirror_between(turn, before, after)?;
        Ok(true)
    }

    fn anew_ends(&self) -> u64 {
        self.book.anew_since + ANEW_PATIENCE
    }

    /// What has not come within an hour is not taken any more.
    pub(super) fn prepare_await_anew(&mut self, turn: &mut Turn<'_>, since: u64) -> Prepared {
        if self.book.anew_from.is_none() || self.book.anew_since != since {
            return Prepared::Done;
        }
        match self.anew_ends().checked_sub(turn.now).filter(|rest| *rest > 0) {
            Some(rest) => Prepared::Wait(rest),
            None => {
                self.give_up_anew(turn, "has not told its graph within an hour");
                Prepared::Done
            }
        }
    }

    /// A peer does not take what it is told: if that was the question for its graph, none will come.
    pub(super) fn is_refused_anew(&mut self, turn: &mut Turn<'_>, provider: &str, message: &[u8]) {
        let is_asked = self.book.anew_from.as_deref() == Some(provider);
        if is_asked && matches!(PeerMessage::from_bytes(message), Ok(PeerMessage::WantTail)) {
            self.give_up_anew(turn, "refuses to tell its graph");
        }
    }

    fn give_up_anew(&mut self, turn: &mut Turn<'_>, why: &str) {
        if let Some(from) = self.book.anew_from.take() {
            let why = format!("{from} {why}: the group does not begin anew with it");
            self.lose(turn, &from, "mimi_to_matrix", vec![Loss::new(Feature::GraphApart, why)]);
        }
    }

    /// A told graph that has no epoch in common with ours is of no use before somebody has decided to begin anew.
    pub(super) fn notice_distance(&mut self, turn: &mut Turn<'_>, from: &ProviderDomain, tail: &Tail) -> Result<()> {
        let graph = self.forkable()?.graph();
        let (is_known, head) = (graph.contains(&tail.anchor), graph.head().id);
        if !is_known && self.book.first_time(&format!("apart:{from}:{head}")) {
            let why = format!("{from} has a graph that does not meet ours: `causewayctl group begin-anew` takes it instead");
            self.lose(turn, from.as_str(), "mimi_to_matrix", vec![Loss::new(Feature::GraphApart, why)]);
        }
        Ok(())
    }
}
