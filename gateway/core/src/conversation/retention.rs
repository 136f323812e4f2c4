//! How long what past epochs were sealed with is kept (SPEC §11.4): by number of epochs, which MLS and the graph see to, and by
//! time, for which an item of the outbox comes back when something is due.

use super::outgoing::lane;
use super::prepare::Prepared;
use super::{Conversation, ConversationError, Gateway, Outgoing, Result, Turn};

/// The most epochs that may be asked for.
pub const MOST_EPOCHS: u64 = causeway_mls::MAX_PAST_EPOCHS;

/// How long secrets of past epochs are kept; what is not set follows what is set for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Where a hub orders, so many past epochs; where nobody does, so many epochs may a branch run ahead before it is final.
    pub epochs: Option<u64>,
    /// No longer than so many ms after an epoch was superseded; 0 for as long as the number of epochs says.
    pub age_ms: Option<u64>,
}

impl Retention {
    /// With what is set for all where nothing is set here.
    fn or(self, all: Self) -> Self {
        Self { epochs: self.epochs.or(all.epochs), age_ms: self.age_ms.or(all.age_ms) }
    }

    /// The window of a graph that begins.
    fn window(self) -> u64 {
        self.epochs.unwrap_or(causeway_mls::graph::DEFAULT_WINDOW)
    }

    /// Where a hub orders.
    fn past_epochs(self) -> usize {
        self.epochs.map_or(causeway_mls::PAST_EPOCHS, |epochs| epochs as usize)
    }

    fn age(self) -> Option<u64> {
        self.age_ms.filter(|age| *age > 0)
    }
}

impl Conversation {
    /// Somebody has decided how long secrets are kept. What is due by that is forgotten when the outbox comes to it.
    ///
    /// # Errors
    /// If so many epochs cannot be kept, or a graph is there, whose window is the same for all.
    pub fn retain(&mut self, turn: &mut Turn<'_>, retention: Retention) -> Result<()> {
        if retention.epochs.is_some_and(|epochs| !(1..=MOST_EPOCHS).contains(&epochs)) {
            return Err(ConversationError::refused("SPEC §11.4", format!("from 1 to {MOST_EPOCHS} epochs can be kept")));
        }
        if self.is_leaderless() && retention.epochs != self.retention.epochs {
            let why = "while nobody orders the room, the number of epochs is the same for all providers in it";
            return Err(ConversationError::refused("SPEC §11.4", why));
        }
        self.retention = retention;
        self.book.is_forgetting = false;
        let now = turn.now;
        let item = self.note_head(turn.gateway, now);
        turn.decision.outbox.extend(item);
        Ok(())
    }

    /// The window of a graph that begins now.
    pub(super) fn window(&self, turn: &Turn<'_>) -> u64 {
        self.retention.or(turn.gateway.retention).window()
    }

    /// Where a hub orders: late messages of so many past epochs open.
    pub(super) fn past_epochs(&self, turn: &Turn<'_>) -> usize {
        self.retention.or(turn.gateway.retention).past_epochs()
    }

    /// Whoever has loaded the conversation calls this: what is set counts for the group from its next epoch on.
    pub fn apply_retention(&mut self, gateway: &Gateway) {
        let epochs = self.retention.or(gateway.retention).past_epochs();
        if let Some(group) = &mut self.group {
            group.keep_past_epochs(epochs);
        }
    }

    /// Whoever stores the conversation calls this first: epochs that are superseded are noted with the time, and where time
    /// counts, an item comes back when the first of them is due.
    pub fn note_head(&mut self, gateway: &Gateway, now: u64) -> Option<(String, Outgoing)> {
        let retention = self.retention.or(gateway.retention);
        self.apply_retention(gateway);
        let head = self.group.as_ref()?.epoch().id;
        let left = self.row.head_epoch_id.as_ref().filter(|id| id.as_slice() != head.as_bytes()).map(hex::encode);
        let superseded = &mut self.book.superseded;
        match self.forkable.as_ref().filter(|forkable| !forkable.is_over()) {
            Some(forkable) => {
                let kept: Vec<String> = forkable.kept_secrets().filter(|id| *id != head).map(|id| id.to_string()).collect();
                superseded.retain(|id, _| kept.contains(id));
                for id in kept {
                    superseded.entry(id).or_insert(now);
                }
            }
            None => {
                superseded.extend(left.map(|id| (id, now)));
                while superseded.len() > retention.past_epochs() {
                    let oldest = superseded.iter().min_by_key(|(_, at)| **at).map(|(id, _)| id.clone());
                    oldest.and_then(|id| superseded.remove(&id));
                }
            }
        }
        let is_due = retention.age().is_some() && !superseded.is_empty() && !self.book.is_forgetting;
        let room = self.row.mimi_room.as_ref().filter(|_| is_due)?;
        self.book.is_forgetting = true;
        Some((lane::retention(room), Outgoing::Forget))
    }

    /// Forgets what is due, and says when the next is.
    pub(super) fn prepare_forget(&mut self, turn: &mut Turn<'_>) -> Result<Prepared> {
        let Some(age) = self.retention.or(turn.gateway.retention).age() else {
            self.book.is_forgetting = false;
            return Ok(Prepared::Done);
        };
        let is_due = |at: &u64| at + age <= turn.now;
        let due: Vec<String> = self.book.superseded.iter().filter(|(_, at)| is_due(at)).map(|(id, _)| id.clone()).collect();
        if !due.is_empty() {
            self.book.superseded.retain(|id, _| !due.contains(id));
            match &mut self.forkable {
                Some(forkable) => {
                    forkable.forget_aged(|epoch| due.contains(&epoch.id.to_string()), &self.clients);
                }
                None => self.group_mut()?.forget_past(|id| due.contains(&id.to_string())),
            }
            self.follow_head()?;
        }
        match self.book.superseded.values().min() {
            Some(next) => Ok(Prepared::Wait((next + age).saturating_sub(turn.now).max(1))),
            None => {
                self.book.is_forgetting = false;
                Ok(Prepared::Done)
            }
        }
    }
}
