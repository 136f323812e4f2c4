//! A Matrix room orders the commits of a room without a hub (SPEC §15.8): the peers' room, whose state says which of several
//! commits is accepted.

use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use causeway_mls::graph::{Authority, MatrixOrder};
use causeway_mls::{ForkableGroup, MatrixEntry};

use super::outgoing::lane;
use super::prepare::Prepared;
use super::{Conversation, ConversationError, Outgoing, Result, Turn};
use crate::loss::{Feature, Loss};

/// So long we may be on our way into a room that orders, ms,
const COMING_PATIENCE: u64 = 60_000;
/// and so often it is looked at whether we have come, ms.
const LOOK: u64 = 5_000;

impl Conversation {
    /// The state of the peers' room says from now on which commit is accepted, somebody has decided.
    ///
    /// # Errors
    /// If a provider is not in that room and will not come (DMLS-39), none of our users may say so (DMLS-21), or whoever may
    /// has opened a term too short a while ago (DMLS-16).
    pub fn order_by_room(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        self.forkable()?;
        let room_id = self.room_of_all(turn)?;
        match self.ordering_room() {
            Some(ordering) if ordering == room_id => Ok(()),
            _ => self.change_authority(turn, Authority::MatrixRoom { room_id }),
        }
    }

    /// The one peers' room in which all peers hear us, or will.
    fn room_of_all(&self, turn: &Turn<'_>) -> Result<String> {
        let rooms = self.rooms_by_peer(turn.gateway.names.provider());
        let mut rooms: Vec<&String> = rooms.values().collect();
        rooms.dedup();
        let [room_id] = rooms[..] else {
            return Err(unseen("there is no peers' room, or not one in which all gateways hear us"));
        };
        match self.peers(turn)?.iter().find(|peer| !self.sees(room_id, peer)) {
            Some(peer) => Err(unseen(format!("{peer} is not in the peers' room, and has no user that comes"))),
            None => Ok(room_id.clone()),
        }
    }

    /// The Matrix room that orders the commits, if one does.
    pub fn ordering_room(&self) -> Option<&str> {
        let forkable = self.forkable.as_ref().filter(|_| self.is_leaderless());
        forkable.and_then(ForkableGroup::orders_by_matrix)
    }

    /// Whether a provider follows what a Matrix room says, or will: who cannot be reached now takes it from a peer's tail when it
    /// comes back, and comes into the room then.
    fn sees(&self, room_id: &str, provider: &ProviderDomain) -> bool {
        let room = self.book.peers_rooms.get(room_id);
        room.is_some_and(|room| room.has_or_expects(provider.as_str())) && !self.hears_by_fan_out(provider)
    }

    /// Whether a user may be let in: where a Matrix room orders, everybody has to see it (DMLS-39).
    pub(super) fn may_come_in(&self, turn: &Turn<'_>, user: &UserUri) -> Result<()> {
        let provider = user.provider();
        match self.ordering_room() {
            Some(room_id) if !turn.gateway.names.is_ours(&provider) && !self.sees(room_id, &provider) => {
                Err(unseen(format!("a Matrix room orders this group's commits, and {provider} does not see it")))
            }
            _ => Ok(()),
        }
    }

    /// After something was placed: the room is asked what it says, and told what it does not say yet.
    pub(super) fn attend_to_matrix_order(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let Some(room_id) = self.ordering_room().map(str::to_owned) else { return Ok(()) };
        let term = self.forkable()?.graph().term();
        if self.book.peers_rooms.contains_key(&room_id) {
            for peer in self.peers(turn)?.iter().filter(|peer| !self.sees(&room_id, peer)).cloned().collect::<Vec<_>>() {
                self.notice_unseen(turn, term, (peer.as_str(), "it is not in that room, and has no user that comes"));
            }
        } else if self.book.told.contains(&notice(term, turn.gateway.names.provider().as_str())) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.book.is_ordering, true) {
            let item = Outgoing::OrderByRoom { room_id, since: turn.now };
            turn.send(lane::matrix_order(self.mimi_room()?.as_str()), item);
        }
        Ok(())
    }

    pub(super) fn prepare_order(&mut self, turn: &mut Turn<'_>, (room_id, since): (&str, u64)) -> Result<Prepared> {
        let is_due = self.ordering_room() == Some(room_id);
        if is_due && !self.book.peers_rooms.contains_key(room_id) && turn.now < since + COMING_PATIENCE {
            return Ok(Prepared::Wait(LOOK));
        }
        self.book.is_ordering = false;
        if !is_due {
            // By now it may be another room.
            return self.attend_to_matrix_order(turn).map(|()| Prepared::Done);
        }
        if !self.book.peers_rooms.contains_key(room_id) {
            let (term, ours) = (self.forkable()?.graph().term(), turn.gateway.names.provider().to_string());
            self.notice_unseen(turn, term, (&ours, "we are not in that room"));
            return Ok(Prepared::Done);
        }
        let claims = self.forkable()?.matrix_claims();
        let entries = claims.into_iter().map(|(parent, child)| MatrixEntry { parent, child }).collect();
        Ok(Prepared::OrderByRoom(room_id.to_owned(), entries))
    }

    /// Takes what a peers' room says now, in place of what it has said before (DMLS-36).
    pub(super) fn follow_order(&mut self, turn: &mut Turn<'_>, room_id: &str, order: &MatrixOrder) -> Result<()> {
        if !self.is_leaderless() {
            return Ok(());
        }
        let forkable = self.forkable()?;
        let before = forkable.graph().order_of(room_id).cloned();
        if let Some(change) = forkable.matrix_order(room_id, order)? {
            self.head_moved(turn, &change, &[])?;
            return self.after_head(turn);
        }
        // An entry may have vanished with its sender's power (DMLS-37). What cannot be written is not tried again before
        // something changes.
        let is_news = forkable.graph().order_of(room_id) != before.as_ref();
        match is_news && !forkable.matrix_claims().is_empty() {
            true => self.attend_to_matrix_order(turn),
            false => Ok(()),
        }
    }

    /// Says once in a term who does not see the room that orders.
    fn notice_unseen(&mut self, turn: &mut Turn<'_>, term: u64, (who, why): (&str, &str)) {
        if self.book.first_time(&notice(term, who)) {
            let why = format!("DMLS-39: a Matrix room orders term {term}: {why}");
            self.lose(turn, who, "mimi_to_matrix", vec![Loss::new(Feature::GraphOrderUnseen, why)]);
        }
    }
}

fn notice(term: u64, who: &str) -> String {
    format!("order unseen:{term}:{who}")
}

fn unseen(why: impl Into<String>) -> ConversationError {
    ConversationError::refused("DMLS-39", why)
}
