//! What a peers' room's state says of which commits are accepted (DMLS-36, DMLS-37).

use causeway_mls::MatrixEntry;
use causeway_mls::graph::MatrixOrder;
use ruma::OwnedEventId;
use sha2::{Digest, Sha256};

use super::PeersNews;
use crate::conversation::{Conversation, ConversationError, Result, Turn};
use crate::loss::{Feature, Loss};
use crate::matrix::Room;

impl Conversation {
    /// Writes what the room says nothing of yet, and tells all that it says. Nothing is written over.
    ///
    /// # Errors
    /// If this is no peers' room that we are in.
    pub fn say_order(&mut self, turn: &mut Turn<'_>, entries: &[MatrixEntry]) -> Result<()> {
        let (said, ours) = (self.said_order(), turn.gateway.names.gateway_user());
        for entry in entries.iter().filter(|entry| !said.contains_key(&entry.parent)) {
            let place = (MatrixEntry::EVENT_TYPE, entry.state_key());
            match self.emit_state(turn, &ours, (place.0, &place.1), entry.content()) {
                Err(ConversationError::MatrixRefused(why)) => {
                    if self.book.first_time("order refused") {
                        let why = format!("DMLS-37: we may not write what is accepted: {why}");
                        self.lose(turn, "peers' room", "mimi_to_matrix", vec![Loss::new(Feature::GraphOrderUnseen, why)]);
                    }
                    break;
                }
                written => written.map(|_| ())?,
            }
        }
        self.peers_book_mut()?.order = self.digest_of_order();
        turn.decision.news.push(PeersNews::Ordered(self.said_order()));
        Ok(())
    }

    /// Tells what the room says, if that has changed.
    pub(super) fn look_for_order(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let now = self.digest_of_order();
        let book = self.peers_book_mut()?;
        if std::mem::replace(&mut book.order, now.clone()) != now {
            turn.decision.news.push(PeersNews::Ordered(self.said_order()));
        }
        Ok(())
    }

    fn said_order(&self) -> MatrixOrder {
        let Some(room) = &self.room else { return MatrixOrder::new() };
        let entries = entries(room);
        let entries = entries.filter_map(|(key, _)| MatrixEntry::read(key, &room.state_content(MatrixEntry::EVENT_TYPE, key)?));
        entries.map(|MatrixEntry { parent, child }| (parent, child)).collect()
    }

    /// Of the events that say it, none of which has to be read for that; empty before there is any.
    fn digest_of_order(&self) -> String {
        let (mut digest, mut is_said) = (Sha256::new(), false);
        for (key, event_id) in self.room.iter().flat_map(entries) {
            digest.update(format!("{key} {event_id}\n"));
            is_said = true;
        }
        if is_said { hex::encode(digest.finalize()) } else { String::new() }
    }
}

/// The entries of a room's state, by state key, with the events that they are.
fn entries(room: &Room) -> impl Iterator<Item = (&str, &OwnedEventId)> {
    let from = (MatrixEntry::EVENT_TYPE.to_owned(), String::new());
    let onwards = room.state().range(from..).take_while(|((event_type, _), _)| event_type == MatrixEntry::EVENT_TYPE);
    onwards.map(|((_, key), event_id)| (key.as_str(), event_id))
}
