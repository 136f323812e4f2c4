//! A Matrix room that orders the group: all nodes are in it, and hear of its events over the same network.

use std::sync::Arc;

use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_mls::EpochId;
use causeway_mls::graph::Authority;

use super::node::Item;
use super::people::people;
use super::world::World;
use crate::graph::{Nodes, Orders};
use crate::room::{Event, Replica};

/// The room.
const ROOM_ID: &str = "!club:s.example";

/// Who orders. The hub is that of the first provider.
pub(super) fn authority(by: Orders) -> Authority {
    let host = &people().providers[0];
    let provider: ProviderDomain = host.user.provider();
    match by {
        Orders::Members => Authority::Members,
        Orders::Hub => Authority::Hub { provider, signature_key: host.hub.signature_public_key() },
        Orders::Room(_) => Authority::MatrixRoom { room_id: ROOM_ID.to_owned() },
    }
}

impl World {
    /// Tells a node's group what the room says. It is stored with what has led to it.
    pub(super) fn follow_room(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        let followed = node.group.as_mut().filter(|_| !node.room.order().is_empty());
        if let Some(Err(error)) = followed.map(|group| group.matrix_order(ROOM_ID, node.room.order())) {
            self.fail("validity", format!("what a room says is an error: {error}"));
        }
    }

    pub(super) fn receive_event(&mut self, node: usize, event: &Arc<Event>) {
        if self.nodes[node].room.accept(event) && self.nodes[node].group.is_some() {
            self.after_change(node);
        }
    }

    /// A node writes into the room what that does not say yet of the way to its head.
    pub(super) fn write(&mut self, node: usize) {
        let Some(group) = self.nodes[node].group.as_ref().filter(|group| group.orders_by_matrix().is_some()) else { return };
        // Who is not in the group is none of those who take its commits.
        let due = if self.nodes[node].holder(0).is_some() { group.matrix_claims() } else { Vec::new() };
        for (parent, child) in due {
            if let Some(said) = self.nodes[node].room.order().get(&parent) {
                return self.fail("order", format!("node {node} writes {child:?} over {said:?}, of {parent:?}"));
            }
            self.say(|| format!("      node {node} writes {parent:?} <- {child:?}"));
            let event = self.event(node, 0, (parent, child));
            self.receive_event(node, &event);
            self.send(node, &Item::Event(event), Nodes::MAX);
        }
    }

    /// Somebody who may write into the room writes over what it says.
    pub(super) fn overwrite(&mut self, back: usize, younger: u64, to: Nodes) {
        let Some(graph) = self.nodes[0].group.as_ref().map(causeway_mls::ForkableGroup::graph) else { return };
        let path = graph.path_to(&graph.head().id);
        let Some(parent) = path.get(path.len().saturating_sub(1 + back)).copied() else { return };
        let is_child = |id: &EpochId| graph.commit(id).is_some_and(|commit| commit.parent == parent);
        // A commit that has lost, else one that never comes.
        let child = graph.losing().into_iter().find(is_child).unwrap_or(EpochId::from_bytes([7; 32]));
        let event = self.event(0, younger, (parent, child));
        self.say(|| format!("      somebody writes {parent:?} <- {child:?}"));
        self.send(self.nodes.len(), &Item::Event(event), to);
    }

    fn event(&mut self, node: usize, younger: u64, entry: (EpochId, EpochId)) -> Arc<Event> {
        self.position += 1;
        let previous = self.nodes[node].room.extremities().clone();
        Arc::new(Event::new(0, previous, self.position + younger, entry))
    }

    /// A homeserver gets what another has of the room.
    pub(super) fn backfill(&mut self, node: usize, from: usize) {
        let room: &Replica = &self.nodes[node].room;
        let missing: Vec<_> = self.nodes[from].room.events().iter().filter(|event| !room.contains(event)).cloned().collect();
        for event in missing {
            self.receive_event(node, &event);
        }
    }
}
