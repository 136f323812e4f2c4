//! What one sender says to us in a peers' room, in its order (DMLS-38): parts wait for one another, later messages for
//! earlier ones; both within bounds.
//!
//! The events themselves are in the store. Here is only which of them make up a message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::{MAX_MESSAGE_OCTETS, MOST_PARTS, Part};

/// So many messages of a sender wait.
pub const MOST_WAITING: usize = 64;
/// So many octets of base64 they have together: two messages of the greatest size.
pub const MOST_WAITING_OCTETS: u64 = 2 * MAX_BODY_OCTETS;
/// And so many events.
pub const MOST_WAITING_EVENTS: usize = 2 * MOST_PARTS as usize;
/// A message of the greatest size in base64, with what each part rounds up.
const MAX_BODY_OCTETS: u64 = MAX_MESSAGE_OCTETS as u64 / 3 * 4 + 4096;

/// What has come of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    message: String,
    parts: u32,
    octets: u64,
    /// The events, by part.
    events: BTreeMap<u32, String>,
}

impl Waiting {
    fn is_whole(&self) -> bool {
        self.events.len() as u64 == u64::from(self.parts)
    }
}

/// What waits of a sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembly {
    /// So many messages have been handled, or given up.
    done: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Since when the next message is missing while something waits, ms; 0 if nothing is missing.
    missing_since: u64,
}

impl Assembly {
    /// Takes in a part of the message that is the `number`th for us. False if it is of no use: it repeats what is known, comes too
    /// late, or contradicts what came before.
    pub fn take(&mut self, number: u64, part: &Part, event_id: &str) -> bool {
        if number <= self.done {
            return false;
        }
        let waiting = self.waiting.entry(number).or_insert_with(|| Waiting {
            message: part.message.clone(),
            parts: part.parts,
            octets: 0,
            events: BTreeMap::new(),
        });
        let octets = part.body.len() as u64;
        let fits = waiting.message == part.message
            && waiting.parts == part.parts
            && waiting.octets + octets <= MAX_BODY_OCTETS
            && !waiting.events.contains_key(&part.part);
        if fits {
            waiting.octets += octets;
            waiting.events.insert(part.part, event_id.to_owned());
            // While more of the next message comes, nothing is missing for good.
            self.missing_since = if number == self.done + 1 { 0 } else { self.missing_since };
        }
        fits
    }

    /// The events of the next message, if all of it is there: it counts as handled.
    pub fn take_next(&mut self) -> Option<Vec<String>> {
        let next = self.waiting.first_entry().filter(|entry| *entry.key() == self.done + 1 && entry.get().is_whole())?;
        let events = next.remove().events.into_values().collect();
        self.done += 1;
        self.missing_since = 0;
        Some(events)
    }

    /// Gives up the oldest messages of a sender for whom too much waits. Whether there were any.
    pub fn keep_within_bounds(&mut self) -> bool {
        let is_too_much = |waiting: &BTreeMap<u64, Waiting>| {
            let octets: u64 = waiting.values().map(|one| one.octets).sum();
            let events: usize = waiting.values().map(|one| one.events.len()).sum();
            waiting.len() > MOST_WAITING || octets > MOST_WAITING_OCTETS || events > MOST_WAITING_EVENTS
        };
        let mut given_up = false;
        while is_too_much(&self.waiting) {
            let Some((oldest, _)) = self.waiting.pop_first() else { break };
            self.done = oldest;
            given_up = true;
        }
        given_up
    }

    /// Since when the next message is missing, while something waits, ms: the clock starts at the first look.
    pub fn is_missing_since(&mut self, now: u64) -> Option<u64> {
        if self.waiting.is_empty() {
            self.missing_since = 0;
            return None;
        }
        if self.missing_since == 0 {
            self.missing_since = now;
        }
        Some(self.missing_since)
    }

    /// What is missing will not come: the first message that is whole is the next; if none is, nothing waits any more.
    pub fn give_up_missing(&mut self) {
        let whole = self.waiting.iter().find(|(_, waiting)| waiting.is_whole()).map(|(number, _)| *number);
        let last = self.waiting.last_key_value().map_or(self.done, |(number, _)| *number);
        self.done = whole.map_or(last, |number| number - 1);
        self.waiting.retain(|number, _| *number > self.done);
        self.missing_since = 0;
    }
}
