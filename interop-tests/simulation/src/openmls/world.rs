//! Plays steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_mls::graph::RecentCommit;
use causeway_mls::{ClientIdentity, CommitPlan, CreateGroup, EpochId, ForkableGroup, Group, Hardening, MlsError, new_key_package};

use super::ledger::Ledger;
use super::node::{Item, Node, Welcome};
use super::people::{ADMIN, MEMBER, judge, now, people, room, seed};
use super::plans::Made;
use super::rooms::authority;
use super::step::{Setup, Step};
use super::{check, rest};
use crate::dice::Dice;
use crate::graph::{Hub, Nodes, Orders};
use crate::outcome::{Failure, Figures, Played};

/// Everything.
pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) nodes: Vec<Node>,
    /// Nodes of one bit cannot reach nodes of the other.
    pub(super) sides: Nodes,
    pub(super) ledger: Ledger,
    /// What honest nodes have published, and what they meant by it.
    pub(super) made: BTreeMap<EpochId, Made>,
    /// Commits that somebody has made so that others cannot open them.
    pub(super) tampered: BTreeSet<Vec<u8>>,
    /// Commits without a PSK, made where the group is hardened.
    pub(super) unhardened: BTreeSet<Vec<u8>>,
    /// All Welcomes, and whether they have been used.
    pub(super) welcomes: Vec<(Arc<Welcome>, bool)>,
    /// KeyPackages that somebody has had.
    pub(super) claimed: BTreeSet<Vec<u8>>,
    /// KeyPackages that somebody has joined by.
    pub(super) spent: BTreeSet<Vec<u8>>,
    /// What the byzantine member knew at earlier heads.
    pub(super) hoard: Vec<ForkableGroup>,
    /// The hub's order, and the time.
    pub(super) position: u64,
    pub(super) figures: Figures,
    pub(super) trace: Option<Vec<String>>,
    failure: Option<Failure>,
}

/// Plays the steps, then lets everything come to rest. With `traced`, says what happens.
pub(super) fn play(setup: Setup, steps: &[Step], traced: bool) -> Played {
    people();
    seed(Some(setup.chance));
    let mut world = World::new(setup);
    world.trace = traced.then(Vec::new);
    let result = world.run(steps);
    seed(None);
    Played { figures: world.figures, trace: world.trace.unwrap_or_default(), result }
}

/// Honest providers, then the byzantine one, then the delivery service.
fn nodes(setup: Setup) -> Vec<Node> {
    let clients = |provider: usize| -> Vec<&'static ClientIdentity> {
        people().providers[provider].clients.iter().take(1 + usize::from(setup.two_clients)).collect()
    };
    let honest = setup.members + setup.newcomers;
    let mut nodes: Vec<Node> = (0..honest).map(|index| Node::new(format!("n{index}"), clients(index), true)).collect();
    nodes.extend(setup.byzantine.map(|_| Node::new("z".to_owned(), clients(honest)[..1].to_vec(), false)));
    nodes.extend(setup.server.then(|| Node::new("server".to_owned(), Vec::new(), true)));
    nodes
}

impl World {
    fn new(setup: Setup) -> Self {
        let mut world = Self {
            setup,
            nodes: nodes(setup),
            sides: 0,
            ledger: Ledger::default(),
            made: BTreeMap::new(),
            tampered: BTreeSet::new(),
            unhardened: BTreeSet::new(),
            welcomes: Vec::new(),
            claimed: BTreeSet::new(),
            spent: BTreeSet::new(),
            hoard: Vec::new(),
            position: 0,
            figures: Figures::default(),
            trace: None,
            failure: None,
        };
        world.begin().expect("a group can be made");
        world
    }

    /// The byzantine member's node.
    pub(super) fn thief(&self) -> Option<usize> {
        self.setup.byzantine.map(|_| self.setup.members + self.setup.newcomers)
    }

    /// The first provider makes the group, and takes the others in.
    fn begin(&mut self) -> Result<(), MlsError> {
        let creator = self.nodes[0].clients[0];
        let mut room_state = room();
        room_state.hardening = if self.setup.hardened { Hardening::PskPuncture } else { Hardening::None };
        let parameters = CreateGroup { group_id: b"club".to_vec(), room_state, hub: &people().providers[0].hub };
        let mut group = Group::create(parameters, creator)?;
        let others: Vec<usize> = (1..self.setup.members).chain(self.thief()).collect();
        let mut joining = Vec::new();
        for node in [0].iter().chain(&others) {
            for client in self.nodes[*node].clients.iter().filter(|client| client.client_uri != creator.client_uri) {
                joining.push((*node, *client, new_key_package(client, now())?));
            }
        }
        let role = |node: &usize| {
            if *node < 2 || (Some(*node) == self.thief() && self.setup.byzantine == Some(true)) { ADMIN } else { MEMBER }
        };
        let entry = |node: &usize| Some(UserRolePair { user: self.nodes[*node].user()?.clone(), role_index: role(node) });
        let added_participants: Vec<UserRolePair> = others.iter().filter_map(entry).collect();
        let plan = CommitPlan {
            add_key_packages: joining.iter().map(|(.., bundle)| bundle.key_package.clone()).collect(),
            participants: Some(ParticipantListUpdate { added_participants, ..Default::default() }),
            ..Default::default()
        };
        let pending = group.commit(creator, &plan, judge().roots, now())?;
        group.merge_pending(&creator.client_uri, judge().roots, now())?;
        self.nodes[0].group =
            Some(ForkableGroup::begin(group, self.setup.window, vec![RecentCommit::by(creator.user_uri.clone())], &[])?);
        if let Some(group) = self.nodes[0].group.as_mut().filter(|_| self.setup.hub == Hub::Room) {
            group.open_term(creator, authority(Orders::Room(0)))?;
        }
        let tail = self.nodes[0].tail().ok_or_else(|| MlsError::Stored("no tail".to_owned()))?;
        for (node, client, bundle) in joining {
            let welcome = (pending.welcome.as_deref().unwrap_or_default(), pending.ratchet_tree.as_slice());
            let joined = Group::join(welcome, &bundle, client, None, (judge().roots, now()))?;
            if self.nodes[node].group.is_none() {
                self.nodes[node].group = Some(ForkableGroup::observe(&tail, judge())?);
            }
            if let Some(group) = &mut self.nodes[node].group {
                group.adopt(&joined, judge())?;
            }
        }
        if self.setup.server
            && let Some(server) = self.nodes.last_mut()
        {
            server.group = Some(ForkableGroup::observe(&tail, judge())?);
        }
        for node in &mut self.nodes {
            for client in node.clients.clone() {
                let reference = node.make_key_package(client);
                node.store.pool.extend(reference);
            }
        }
        (0..self.nodes.len()).for_each(|node| self.save(node));
        Ok(())
    }

    fn run(&mut self, steps: &[Step]) -> Result<(), Failure> {
        for (index, step) in steps.iter().enumerate() {
            self.say(|| format!("{index:3} {step:?}"));
            self.step(step);
            self.figures.steps += 1;
            self.check().map_err(|failure| failure.at(index))?;
        }
        self.say(|| "    at rest".to_owned());
        self.sides = 0;
        rest::come_to_rest(self)
    }

    /// What has failed, or does not hold.
    pub(super) fn check(&mut self) -> Result<(), Failure> {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => check::every_node(self),
        }
    }

    pub(super) fn fail(&mut self, invariant: &'static str, what: impl Into<String>) {
        self.failure.get_or_insert_with(|| Failure::new(invariant, what));
    }

    pub(super) fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    /// One of all nodes.
    fn at(&self, node: usize) -> usize {
        node % self.nodes.len()
    }

    /// One of the honest providers' nodes.
    pub(super) fn provider(&self, node: usize) -> usize {
        node % (self.setup.members + self.setup.newcomers)
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Commit { node, change, crash } => drop(self.change(self.provider(node), change, crash)),
            Step::Send { node, client, crash } => self.send_message(self.provider(node), client, crash),
            Step::Flush { node, order } => self.flush(self.at(node), order),
            Step::FlushAll { order } => (0..self.nodes.len()).for_each(|node| self.flush(node, order ^ node as u64)),
            Step::Drop { node, nth } => self.lose(self.at(node), nth),
            Step::Repeat { node, nth } => self.repeat(self.at(node), nth),
            Step::Again { node } => self.again(self.at(node)),
            Step::Partition { sides } => self.sides = sides,
            Step::Heal => self.sides = 0,
            Step::Restart { node } => self.restart(self.at(node)),
            Step::Backup { node } => {
                let node = self.at(node);
                self.nodes[node].back_up();
            }
            Step::Restore { node } => self.restore(self.provider(node)),
            Step::CatchUp { node, from } => self.catch_up(self.at(node), self.at(from)),
            Step::Return { node } => drop(self.come_back(self.provider(node))),
            Step::Settle { node } => drop(self.settle(self.provider(node))),
            Step::OpenTerm { node, by } => self.open_term(self.provider(node), by),
            Step::Write { node } => self.write(self.provider(node)),
            Step::Override { node, ours } => drop(self.decide(self.provider(node), ours)),
            Step::Byzantine { act, back, to } => self.act(act, back, to),
        }
    }

    /// A transaction of a node.
    pub(super) fn save(&mut self, node: usize) {
        self.nodes[node].save();
        self.ledger.look_at(node, &self.nodes[node]);
    }

    fn restart(&mut self, node: usize) {
        self.nodes[node].restart();
    }

    /// Not where nobody else would know anything of the group: it would have to be made anew.
    fn restore(&mut self, node: usize) {
        let holds = |other: &Node| other.is_honest && other.holder(0).is_some();
        let is_last = !self.nodes.iter().enumerate().any(|(index, other)| index != node && holds(other));
        if !is_last && self.nodes[node].restore() {
            self.figures.restores += 1;
            // Which of them somebody has had since, the node cannot know.
            if !self.nodes[node].store.key_packages.is_empty() {
                self.fail("key packages", format!("node {node} was restored, and has private parts that may have been used"));
            }
            self.ledger.has_forgotten(node);
            self.ledger.look_at(node, &self.nodes[node]);
        }
    }

    /// Puts something under way to all but its sender.
    pub(super) fn send(&mut self, from: usize, item: &Item, to: Nodes) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let is_for_it = match item {
                Item::Welcome(welcome) => welcome.to == index,
                _ => to & (1 << (index % 32)) != 0,
            };
            if index != from && is_for_it {
                node.inbox.push((from, item.clone()));
            }
        }
    }

    pub(super) fn reaches(&self, from: usize, to: usize) -> bool {
        (self.sides >> (from % 32)) & 1 == (self.sides >> (to % 32)) & 1
    }

    fn lose(&mut self, node: usize, nth: usize) {
        let inbox = &mut self.nodes[node].inbox;
        if !inbox.is_empty() {
            inbox.remove(nth % inbox.len());
        }
    }

    fn repeat(&mut self, node: usize, nth: usize) {
        let inbox = &self.nodes[node].inbox;
        let reachable: Vec<usize> = (0..inbox.len()).filter(|index| self.reaches(inbox[*index].0, node)).collect();
        if let Some(index) = reachable.get(nth % reachable.len().max(1)) {
            let (from, item) = inbox[*index].clone();
            self.receive(node, from, &item);
        }
    }

    fn again(&mut self, node: usize) {
        for (welcome, _) in self.welcomes.clone() {
            if welcome.to == node {
                self.receive(node, node, &Item::Welcome(welcome));
            }
        }
        for message in 0..self.ledger.sent.len() {
            self.receive(node, node, &Item::Application(message));
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
        for (from, item) in due {
            self.receive(node, from, &item);
        }
    }

    /// Everything under way arrives, until nothing is.
    pub(super) fn deliver_all(&mut self) {
        while self.nodes.iter().any(|node| !node.inbox.is_empty()) {
            for node in 0..self.nodes.len() {
                for (from, item) in std::mem::take(&mut self.nodes[node].inbox) {
                    self.receive(node, from, &item);
                }
            }
        }
    }
}
