//! Plays steps.

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain};
use causeway_mls::graph::{
    Acceptance, AnchorOverride, Authority, CommitClass, CommitFacts, EpochGraph, HubTerm, Statement, StatementPlacement,
};
use causeway_mls::{EpochId, EpochRef};
use sha2::{Digest, Sha256};

use super::node::{Item, Node};
use super::rooms::room_id;
use super::step::{Hub, Nodes, Orders, Setup, Step};
use super::{check, rest};
use crate::dice::Dice;
use crate::outcome::{Failure, Figures, Played};
use crate::room::Replica;

/// The key of the hub.
pub(super) const HUB_KEY: &[u8] = b"hub";

/// Everything.
pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) nodes: Vec<Node>,
    /// Nodes of one bit cannot reach nodes of the other.
    sides: Nodes,
    /// Names of epochs are drawn from here, and times.
    pub(super) made: u64,
    pub(super) figures: Figures,
    pub(super) trace: Option<Vec<String>>,
}

/// Plays the steps, then lets everything come to rest. With `traced`, says what happens.
pub(super) fn play(setup: Setup, steps: &[Step], traced: bool) -> Played {
    let mut world = World::new(setup);
    world.trace = traced.then(Vec::new);
    let result = world.run(steps);
    Played { figures: world.figures, trace: world.trace.unwrap_or_default(), result }
}

pub(super) fn client(name: &str) -> ClientUri {
    format!("mimi://s.example/d/{name}/one").parse().expect("a URI")
}

pub(super) fn hub_authority(key: &[u8]) -> Authority {
    let provider: ProviderDomain = "s.example".parse().expect("a domain");
    Authority::Hub { provider, signature_key: key.to_vec() }
}

/// Who orders.
pub(super) fn authority(by: Orders) -> Authority {
    match by {
        Orders::Members => Authority::Members,
        Orders::Hub => hub_authority(HUB_KEY),
        Orders::Room(room) => Authority::MatrixRoom { room_id: room_id(room) },
    }
}

impl World {
    fn new(setup: Setup) -> Self {
        let root = EpochRef { id: EpochId::from_bytes(Sha256::digest("root").into()), number: 0 };
        let mut graph = EpochGraph::new(root, setup.window, Vec::new());
        if setup.hub == Hub::Room {
            let (authority, signer) = (authority(Orders::Room(0)), client("m0").user_uri());
            graph.state(Statement::HubTerm(HubTerm { term: 1, from: root, authority, signer }));
        }
        let members = (0..setup.members).map(|index| (format!("m{index}"), true));
        let followers = (0..setup.followers).map(|index| (format!("f{index}"), false));
        let nodes = members.chain(followers).map(|(name, commits)| {
            let client = commits.then(|| client(&name));
            Node::new(name, client, graph.clone())
        });
        Self { setup, nodes: nodes.collect(), sides: 0, made: 0, figures: Figures::default(), trace: None }
    }

    fn run(&mut self, steps: &[Step]) -> Result<(), Failure> {
        for (index, step) in steps.iter().enumerate() {
            self.say(|| format!("{index:3} {step:?}"));
            self.step(step);
            self.figures.steps += 1;
            check::every_node(self).map_err(|failure| failure.at(index))?;
        }
        self.say(|| "    at rest".to_owned());
        self.sides = 0;
        rest::come_to_rest(self)
    }

    pub(super) fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    pub(super) fn at(&self, node: usize) -> usize {
        node % self.nodes.len()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Commit { node, class } => self.commit(self.at(*node), *class),
            Step::Deliver { node, nth } => drop(self.deliver(self.at(*node), *nth, true)),
            Step::Repeat { node, nth } => drop(self.deliver(self.at(*node), *nth, false)),
            Step::Drop { node, nth } => self.lose(self.at(*node), *nth),
            Step::Flush { node, order } => self.flush(self.at(*node), *order),
            Step::FlushAll { order } => (0..self.nodes.len()).for_each(|node| self.flush(node, *order ^ node as u64)),
            Step::Partition { sides } => self.sides = *sides,
            Step::Heal => self.sides = 0,
            Step::Restart { node } => self.node(*node).restart(),
            Step::Backup { node } => self.node(*node).back_up(),
            Step::Restore { node } => self.node(*node).restore(),
            Step::CatchUp { node, from } => self.catch_up(self.at(*node), self.at(*from)),
            Step::Join { node, from } => self.join(self.at(*node), self.at(*from)),
            Step::OpenTerm { node, by } => self.open_term(self.at(*node), *by),
            Step::Write { node } => self.write(self.at(*node)),
            Step::Override { node, ours } => drop(self.decide(self.at(*node), *ours)),
            Step::Byzantine { who, node, back, act, to } => {
                if self.setup.byzantine > 0 {
                    self.act(*who % self.setup.byzantine, (self.at(*node), *back), act, *to);
                }
            }
        }
    }

    fn node(&mut self, node: usize) -> &mut Node {
        let node = self.at(node);
        &mut self.nodes[node]
    }

    /// A name that nobody has used.
    pub(super) fn name(&mut self) -> EpochId {
        self.made += 1;
        EpochId::from_bytes(Sha256::digest(self.made.to_be_bytes()).into())
    }

    /// Puts something under way to nodes.
    pub(super) fn send(&mut self, from: Option<usize>, item: &Item, to: Nodes) {
        self.say(|| {
            format!("      {} sends {}", from.map_or("somebody".to_owned(), |node| format!("node {node}")), described(item))
        });
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if Some(index) != from && to & (1 << (index % 32)) != 0 {
                node.inbox.push((from, item.clone()));
            }
        }
    }

    fn reaches(&self, from: Option<usize>, to: usize) -> bool {
        from.is_none_or(|from| (self.sides >> (from % 32)) & 1 == (self.sides >> (to % 32)) & 1)
    }

    fn reachable(&self, node: usize) -> Vec<usize> {
        let inbox = &self.nodes[node].inbox;
        (0..inbox.len()).filter(|index| self.reaches(inbox[*index].0, node)).collect()
    }

    fn deliver(&mut self, node: usize, nth: usize, at_last: bool) -> Option<()> {
        let reachable = self.reachable(node);
        let index = *reachable.get(nth % reachable.len().max(1))?;
        let (_, item) = self.nodes[node].inbox.get(index)?.clone();
        if at_last {
            self.nodes[node].inbox.remove(index);
        }
        self.receive(node, &item);
        Some(())
    }

    fn lose(&mut self, node: usize, nth: usize) {
        let inbox = &mut self.nodes[node].inbox;
        if !inbox.is_empty() {
            let index = nth % inbox.len();
            inbox.remove(index);
        }
    }

    fn flush(&mut self, node: usize, order: u64) {
        let mut dice = Dice::new(order);
        let (mut due, left): (Vec<_>, Vec<_>) = {
            let inbox = std::mem::take(&mut self.nodes[node].inbox);
            inbox.into_iter().partition(|(from, _)| self.reaches(*from, node))
        };
        self.nodes[node].inbox = left;
        // Half of the time, things come in order.
        if dice.percent(50) {
            dice.shuffle(&mut due);
        }
        for (_, item) in due {
            self.receive(node, &item);
        }
    }

    pub(super) fn receive(&mut self, node: usize, item: &Item) {
        self.figures.messages += 1;
        let extending = self.nodes[node].receive(item);
        // The first member's provider is the hub: it accepts what comes first.
        if node == 0 && self.setup.hub == Hub::Honest && !self.nodes[0].is_behind {
            for epoch in extending {
                self.accept(epoch);
            }
        }
    }

    /// The hub accepts a commit, if it orders at present.
    fn accept(&mut self, epoch: EpochId) {
        let graph = self.nodes[0].graph();
        let term = graph.term();
        let orders = match graph.authority() {
            None => term == 0,
            Some(Authority::Hub { signature_key, .. }) => signature_key == HUB_KEY,
            Some(Authority::Members | Authority::MatrixRoom { .. }) => false,
        };
        if !orders || graph.conflict().is_some() {
            return;
        }
        self.made += 1;
        let accepted = Acceptance { term, epoch, position: self.made, authority: authority_in(term) };
        self.state(0, Statement::Acceptance(accepted));
    }

    /// A node says something itself.
    fn state(&mut self, node: usize, statement: Statement) -> bool {
        let mut graph = self.nodes[node].graph().clone();
        let counts = matches!(graph.state(statement.clone()), StatementPlacement::InForce { .. });
        if counts {
            let item = Item::Statement(statement);
            self.receive(node, &item);
            self.send(Some(node), &item, Nodes::MAX);
        }
        counts
    }

    pub(super) fn may_make(&self, node: usize) -> bool {
        let node = &self.nodes[node];
        !node.is_behind && node.client.is_some() && node.graph().conflict().is_none()
    }

    pub(super) fn commit(&mut self, node: usize, class: CommitClass) {
        if !self.may_make(node) {
            return;
        }
        let id = self.name();
        let graph = self.nodes[node].graph();
        let Some(committer) = self.nodes[node].client.clone() else { return };
        let commit = CommitFacts { id, parent: graph.head().id, term: graph.term(), committer, class };
        self.figures.commits += 1;
        let item = Item::Commit(commit);
        self.receive(node, &item);
        self.send(Some(node), &item, Nodes::MAX);
        self.write(node);
    }

    pub(super) fn catch_up(&mut self, node: usize, from: usize) {
        if node == from || !self.reaches(Some(from), node) || self.nodes[from].is_behind {
            return;
        }
        for item in self.nodes[from].known() {
            self.receive(node, &item);
        }
        self.nodes[node].is_behind = false;
    }

    /// As `ForkableGroup::tail` and `observe` do.
    pub(super) fn join(&mut self, node: usize, from: usize) {
        if node == from || !self.reaches(Some(from), node) || self.nodes[from].is_behind {
            return;
        }
        let graph = self.nodes[from].graph();
        let mut joined = graph.at_anchor();
        for item in self.nodes[from].known() {
            match item {
                Item::Statement(statement) => drop(joined.state(statement)),
                Item::Commit(commit) if graph.is_ancestor(&graph.anchor().id, &commit.parent) => drop(joined.place(commit)),
                Item::Commit(_) | Item::Event(_) => {}
            }
        }
        // Statements about epochs of the tail have waited for them.
        for statement in graph.statements() {
            joined.state(statement);
        }
        let before = &mut self.nodes[node];
        let (name, client, rooms) = (before.name.clone(), before.client.clone(), std::mem::take(&mut before.rooms));
        let mut begun = Node::new(name, client, joined);
        (begun.rooms, begun.was_overridden) = (rooms, true);
        // Whoever tells of the graph tells of the rooms.
        for event in self.nodes[from].rooms.iter().flat_map(Replica::events) {
            begun.rooms[event.room].accept(event);
        }
        begun.follow_rooms();
        self.nodes[node] = begun;
    }

    fn open_term(&mut self, node: usize, by: Orders) {
        if !self.may_make(node) {
            return;
        }
        let (graph, client) = (self.nodes[node].graph(), self.nodes[node].client.clone());
        let Some(signer) = client.map(|client| client.user_uri()) else { return };
        let term = HubTerm { term: graph.term() + 1, from: graph.head(), authority: authority(by), signer };
        self.state(node, Statement::HubTerm(term));
    }

    /// A node in conflict says which side goes on: from the first epoch after the fork, which both know.
    pub(super) fn decide(&mut self, node: usize, ours: bool) -> Option<bool> {
        let graph = self.nodes[node].graph();
        let conflict = graph.conflict()?;
        let path = graph.path_to(if ours { &conflict.ours } else { &conflict.theirs });
        let fork = path.iter().position(|id| *id == conflict.fork)?;
        let anchor = path.get(fork + 1).copied()?;
        self.override_with(node, anchor)
    }

    pub(super) fn override_with(&mut self, node: usize, anchor: EpochId) -> Option<bool> {
        let graph = self.nodes[node].graph();
        let anchor = EpochRef { id: anchor, number: graph.number(&anchor)? };
        let signer = self.nodes[node].client.clone()?.user_uri();
        let term = graph.term() + 1;
        let stated =
            !self.nodes[node].is_behind && self.state(node, Statement::AnchorOverride(AnchorOverride { term, anchor, signer }));
        Some(stated)
    }
}

/// Acceptances of term 0 are checked at their epoch; later ones name the hub.
pub(super) fn authority_in(term: u64) -> Option<Authority> {
    (term > 0).then(|| hub_authority(HUB_KEY))
}

pub(super) fn described(item: &Item) -> String {
    match item {
        Item::Commit(commit) => {
            let user = commit.committer.user_uri();
            format!("{:?} <- {:?} by {user} ({:?}, term {})", commit.parent, commit.id, commit.class, commit.term)
        }
        Item::Statement(statement) => format!("{statement:?}"),
        Item::Event(event) => format!("to room {}, at {}: {:?} <- {:?}", event.room, event.at, event.parent, event.child),
    }
}
