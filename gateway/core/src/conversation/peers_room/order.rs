//! What a peers' room's state says of which commits are accepted (DMLS-36, DMLS-37).

use causeway_mls::MatrixEntry;
use causeway_mls::graph::MatrixOrder;
use sha2::{Digest, Sha256};

use super::PeersNews;
use crate::conversation::{Conversation, ConversationError, Result, Turn};
use crate::loss::{Feature, Loss};

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
        let order = self.said_order();
        self.peers_book_mut()?.order = digest(&order);
        turn.decision.news.push(PeersNews::Ordered(order));
        Ok(())
    }

    /// Tells what the room says, if that has changed.
    pub(super) fn look_for_order(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let order = self.said_order();
        let now = digest(&order);
        let book = self.peers_book_mut()?;
        if std::mem::replace(&mut book.order, now.clone()) != now {
            turn.decision.news.push(PeersNews::Ordered(order));
        }
        Ok(())
    }

    fn said_order(&self) -> MatrixOrder {
        let Some(room) = &self.room else { return MatrixOrder::new() };
        let keys = room.state().keys().filter(|(event_type, _)| event_type == MatrixEntry::EVENT_TYPE);
        let entries = keys.filter_map(|(event_type, key)| MatrixEntry::read(key, &room.state_content(event_type, key)?));
        entries.map(|MatrixEntry { parent, child }| (parent, child)).collect()
    }
}

fn digest(order: &MatrixOrder) -> String {
    let mut digest = Sha256::new();
    for (parent, child) in order {
        digest.update(parent.as_bytes());
        digest.update(child.as_bytes());
    }
    if order.is_empty() { String::new() } else { hex::encode(digest.finalize()) }
}
