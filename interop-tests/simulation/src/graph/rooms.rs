//! Matrix rooms that order commits: all nodes are in them, and hear of their events over the same network.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::EpochId;
use causeway_mls::graph::{CommitClass, MatrixOrder};

use super::node::{Item, Node, wrong_anchor};
use super::step::{Entry, Named, Nodes};
use super::world::World;
use crate::room::Event;

/// So many Matrix rooms there are.
pub(super) const ROOMS: usize = 2;

/// The name of a Matrix room.
pub(super) fn room_id(room: usize) -> String {
    format!("!{}:s.example", room % ROOMS)
}

impl Node {
    /// Tells the graph what the rooms say.
    pub(super) fn follow_rooms(&mut self) {
        for (room, replica) in self.rooms.iter().enumerate().filter(|(_, replica)| !replica.order().is_empty()) {
            let anchor = self.stored.graph.anchor();
            self.stored.graph.follow_room(&room_id(room), replica.order());
            self.wrong = self.wrong.take().or_else(|| wrong_anchor(&self.stored.graph, anchor));
        }
    }

    /// What each of the rooms says.
    pub(super) fn orders(&self) -> BTreeMap<String, MatrixOrder> {
        self.rooms.iter().enumerate().map(|(room, replica)| (room_id(room), replica.order().clone())).collect()
    }

    /// How many events of rooms it has.
    pub(super) fn events(&self) -> usize {
        self.rooms.iter().map(|room| room.events().len()).sum()
    }

    /// The room that orders at present.
    fn ordering_room(&self) -> Option<usize> {
        (0..ROOMS).find(|room| self.graph().ordering_room() == Some(&room_id(*room)))
    }

    /// Whether a room that orders says nothing of the commit that leads to the head, nor of one beside it.
    pub(super) fn is_unordered(&self) -> bool {
        let parent = self.graph().commit(&self.graph().head().id).map(|commit| commit.parent);
        let room = self.ordering_room().and_then(|room| self.rooms.get(room));
        room.zip(parent).is_some_and(|(room, parent)| !room.order().contains_key(&parent))
    }
}

impl World {
    /// A node writes into the room that orders what that does not say yet of the way to its head.
    pub(super) fn write(&mut self, node: usize) {
        let Some(room) = self.nodes[node].ordering_room().filter(|_| self.may_make(node)) else { return };
        for (parent, child) in self.nodes[node].graph().unordered() {
            let replica = &self.nodes[node].rooms[room];
            if let Some(said) = replica.order().get(&parent) {
                let what = format!("{child:?} over {said:?}, of what was made in {parent:?}");
                self.nodes[node].wrong = Some(("order", what));
                return;
            }
            self.made += 1;
            let item = Item::Event(Event::new(room, replica.extremities().clone(), self.made, (parent, child)));
            self.receive(node, &item);
            self.send(Some(node), &item, Nodes::MAX);
        }
    }

    /// Somebody writes what it likes, be there an entry or not, of what was made in an epoch that a node knows.
    pub(super) fn overwrite(&mut self, me: &ClientUri, (node, parent): (usize, EpochId), entry: &Entry, to: Nodes) {
        let graph = self.nodes[node].graph();
        let (term, losing) = (graph.term(), graph.losing());
        let mut losers = losing.into_iter().filter(|id| graph.commit(id).is_some_and(|commit| commit.parent == parent));
        let child = match entry.named {
            Named::Loser => losers.next(),
            Named::Own => Some(self.forge(me, (parent, term), CommitClass::Change, to)),
            Named::Nothing => Some(self.name()),
        };
        let room = entry.room % ROOMS;
        let replica = &self.nodes[node].rooms[room];
        let previous = match entry.after {
            Some(few) => replica.events().iter().take(few).next_back().map(|event| event.id).into_iter().collect(),
            None => replica.extremities().clone(),
        };
        let Some(child) = child else { return };
        self.made += 1;
        let event = Event::new(room, previous, self.made + entry.younger, (parent, child));
        self.send(None, &Item::Event(event), to);
    }
}
