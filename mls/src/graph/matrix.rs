//! A Matrix room that orders commits: what its state has accepted (DMLS-36).
//!
//! A hub says once, in a statement, what it accepts. A room says it by its resolved state, which is the same for all who
//! have the same events, and which may change its mind while some are missing. So an order is no statement but an input,
//! and the latest one replaces what was known.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize, Serializer};

use super::{Authority, CommitFacts, EpochGraph};
use crate::EpochId;
use crate::planted::planted;

/// So many octets a Matrix room's id has at most.
const MAX_ROOM_ID: usize = 255;
/// So many entries are kept for epochs that are yet to come (DMLS-36).
pub const MAX_ORDERED_AHEAD: usize = 64;

/// What a room's state says: of each epoch, which of the commits made in it is accepted.
pub type MatrixOrder = BTreeMap<EpochId, EpochId>;

/// What each room's state says, as far as this graph can make something of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MatrixOrders(#[serde(serialize_with = "stored")] BTreeMap<String, MatrixOrder>);

fn stored<S: Serializer>(orders: &BTreeMap<String, MatrixOrder>, serializer: S) -> Result<S::Ok, S::Error> {
    if planted!(OrderLostAtRestart) { BTreeMap::<String, MatrixOrder>::new() } else { orders.clone() }.serialize(serializer)
}

impl Authority {
    /// Whether a text can be a Matrix room's id: opaque but for its first sigil, and bounded.
    pub(crate) fn is_room_id(text: &str) -> bool {
        (2..=MAX_ROOM_ID).contains(&text.len()) && text.starts_with('!')
    }
}

impl EpochGraph {
    /// Takes what a Matrix room's state says now, in place of what it has said before. Gives the head until now, if it is
    /// another one now.
    ///
    /// Kept is what is said of epochs of this graph, and as far as it leads on from there, at most
    /// [`MAX_ORDERED_AHEAD`] entries for epochs that are not known yet; nothing is kept of rooms that no term names, but for
    /// the one that was told of last. So the whole of it is told again when commits or statements have been taken.
    pub fn follow_room(&mut self, room_id: &str, order: &MatrixOrder) -> Option<EpochId> {
        let mut told = self.within_reach(order);
        let known = self.orders.0.get(room_id);
        if planted!(FirstOrderKept) {
            told.extend(known.into_iter().flatten());
        }
        if known.is_some_and(|known| *known == told) {
            return None;
        }
        let left = self.head;
        self.orders.0.retain(|room, _| self.statements.name_room(room));
        self.orders.0.insert(room_id.to_owned(), told);
        self.weigh_spares();
        self.move_head();
        Some(left).filter(|left| *left != self.head)
    }

    /// What is known of a room's order.
    pub fn order_of(&self, room_id: &str) -> Option<&MatrixOrder> {
        self.orders.0.get(room_id)
    }

    /// The rooms whose order is known.
    pub fn ordering_rooms(&self) -> impl Iterator<Item = &str> {
        self.orders.0.keys().map(String::as_str)
    }

    /// The Matrix room that orders the latest term, if one does.
    pub fn ordering_room(&self) -> Option<&str> {
        match self.authority() {
            Some(Authority::MatrixRoom { room_id }) => Some(room_id),
            _ => None,
        }
    }

    /// What the room that orders the latest term has not accepted yet of what leads to the head, in order: parents with
    /// their children. An epoch of which the room says anything is not among the parents, whatever it says (DMLS-37).
    pub fn unordered(&self) -> Vec<(EpochId, EpochId)> {
        let Some(room) = self.ordering_room() else { return Vec::new() };
        let (order, term) = (self.order_of(room), self.term());
        let path = self.path_to(&self.head);
        let due = path.iter().filter_map(|id| self.commit(id)).filter(|commit| {
            let is_said = order.is_some_and(|order| order.contains_key(&commit.parent));
            self.statements.term_of(commit) == term && (!is_said || planted!(OrderWrittenOver))
        });
        due.map(|commit| (commit.parent, commit.id)).collect()
    }

    /// Where a term's authority has put a commit; the least is first. A room puts one of all that are made in an epoch.
    pub(super) fn position(&self, term: u64, commit: &CommitFacts) -> Option<u64> {
        let by_hub = self.statements.position(term, &commit.id);
        by_hub.or_else(|| self.is_in_order(term, commit).then_some(0))
    }

    fn is_in_order(&self, term: u64, commit: &CommitFacts) -> bool {
        let says_so = |order: &MatrixOrder| order.get(&commit.parent) == Some(&commit.id);
        match self.authority_of(term) {
            _ if self.orders.0.is_empty() => false,
            _ if planted!(OrderOfAnyTerm) => self.orders.0.values().any(says_so),
            Some(Authority::MatrixRoom { .. }) if planted!(OrderOfAnyRoom) => self.orders.0.values().any(says_so),
            Some(Authority::MatrixRoom { room_id }) => self.order_of(room_id).is_some_and(says_so),
            _ => false,
        }
    }

    /// What becomes of the orders when epochs are forgotten.
    pub(super) fn forget_orders(&mut self) {
        let orders = std::mem::take(&mut self.orders.0);
        self.orders.0 = orders.into_iter().map(|(room, order)| (room, self.within_reach(&order))).collect();
    }

    /// The part of an order that says something of epochs of this graph, and what follows on that.
    fn within_reach(&self, order: &MatrixOrder) -> MatrixOrder {
        let known = self.epochs.keys().filter_map(|parent| Some((*parent, *order.get(parent)?)));
        let mut kept: MatrixOrder = known.collect();
        let mut ahead: VecDeque<EpochId> = kept.values().filter(|child| !self.contains(child)).copied().collect();
        let bound = kept.len() + MAX_ORDERED_AHEAD;
        while let Some(parent) = ahead.pop_front().filter(|_| kept.len() < bound) {
            if let Some(child) = order.get(&parent).filter(|_| !kept.contains_key(&parent)) {
                kept.insert(parent, *child);
                ahead.push_back(*child);
            }
        }
        kept
    }
}
