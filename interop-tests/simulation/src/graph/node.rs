//! A node: a graph, and what waits for it. It is stored after every step, so that a process that dies loses only what
//! was under way to it.

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::graph::{CommitFacts, EpochGraph, Placement, Statement, StatementPlacement};
use causeway_mls::{EpochId, EpochRef};
use serde::{Deserialize, Serialize};

use crate::room::{Event, Replica};

/// So many commits wait for what they build on, and so many statements.
const MAX_WAITING: [usize; 2] = [64, 32];

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Item {
    Commit(CommitFacts),
    Statement(Statement),
    /// Of a Matrix room.
    Event(Event),
}

/// What is stored of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) graph: EpochGraph,
    waiting: Vec<Item>,
}

/// A process with a group.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: String,
    /// The user whose commits it makes; followers have none.
    pub(super) client: Option<ClientUri>,
    pub(super) stored: Stored,
    /// Under way to it: from which node, and what.
    pub(super) inbox: Vec<(Option<usize>, Item)>,
    backup: Option<(Vec<u8>, Vec<Replica>)>,
    /// The Matrix rooms, as its homeserver has them.
    pub(super) rooms: Vec<Replica>,
    /// Restored, and not yet up to date: it makes nothing.
    pub(super) is_behind: bool,
    /// Whether an override has been taken since the last look at the anchor.
    pub(super) was_overridden: bool,
    /// Commits that it has got, for the figures.
    pub(super) received: u64,
    /// The anchor when it was last checked, and all that was stored then.
    pub(super) seen_anchor: EpochRef,
    pub(super) checked: Option<(Stored, usize)>,
    /// What was wrong on the way, and the invariant that says so.
    pub(super) wrong: Option<(&'static str, String)>,
}

impl Node {
    pub(super) fn new(name: String, client: Option<ClientUri>, graph: EpochGraph) -> Self {
        let seen_anchor = graph.anchor();
        let stored = Stored { graph, waiting: Vec::new() };
        Self {
            name,
            client,
            stored,
            inbox: Vec::new(),
            backup: None,
            rooms: vec![Replica::default(); super::rooms::ROOMS],
            is_behind: false,
            was_overridden: false,
            received: 0,
            seen_anchor,
            checked: None,
            wrong: None,
        }
    }

    pub(super) fn graph(&self) -> &EpochGraph {
        &self.stored.graph
    }

    /// The epoch so many before the head.
    pub(super) fn behind_head(&self, back: usize) -> EpochId {
        let path = self.graph().path_to(&self.graph().head().id);
        path[path.len().saturating_sub(1 + back)]
    }

    /// Takes a message, and what has waited for it. Gives the commits that have extended the head.
    pub(super) fn receive(&mut self, item: &Item) -> Vec<EpochId> {
        let mut extending = Vec::new();
        self.received += 1;
        if let Item::Event(event) = item {
            if self.rooms.get_mut(event.room).is_some_and(|room| room.accept(event)) {
                self.follow_rooms();
            }
        } else if self.take(item, &mut extending) {
            while let Some(at) = (0..self.stored.waiting.len()).find(|at| self.is_due(&self.stored.waiting[*at])) {
                let item = self.stored.waiting.remove(at);
                self.take(&item, &mut extending);
            }
        }
        self.stored.graph.take_final();
        extending
    }

    fn is_due(&self, item: &Item) -> bool {
        match item {
            Item::Commit(commit) => self.graph().contains(&commit.parent),
            Item::Statement(statement) => self.graph().contains(&statement.epoch()),
            Item::Event(_) => false,
        }
    }

    /// Whether something may be due now that was not before.
    fn take(&mut self, item: &Item, extending: &mut Vec<EpochId>) -> bool {
        let anchor = self.graph().anchor();
        let may_be_due = self.take_one(item, extending);
        self.wrong = self.wrong.take().or_else(|| wrong_anchor(&self.stored.graph, anchor));
        self.follow_rooms();
        may_be_due
    }

    fn take_one(&mut self, item: &Item, extending: &mut Vec<EpochId>) -> bool {
        let before = self.graph().head();
        match item {
            Item::Commit(commit) => {
                let waited = self.waited_for(&commit.id);
                let placement = self.stored.graph.place_with(commit.clone(), waited);
                self.check_placement(&placement, before.id, commit);
                match placement {
                    Placement::ExtendsHead => extending.push(commit.id),
                    Placement::WaitsForParent => self.wait(item),
                    _ => {}
                }
                matches!(placement, Placement::ExtendsHead | Placement::WinsFork { .. } | Placement::LosesFork)
            }
            Item::Statement(statement) => {
                let placement = self.stored.graph.state(statement.clone());
                self.was_overridden |= !matches!(statement, Statement::Acceptance(_));
                if placement == StatementPlacement::WaitsForEpoch {
                    self.wait(item);
                }
                matches!(placement, StatementPlacement::InForce { .. })
            }
            Item::Event(_) => false,
        }
    }

    fn waited_for(&mut self, epoch: &EpochId) -> Vec<Statement> {
        let waiting = self.stored.waiting.iter().filter_map(|item| match item {
            Item::Statement(statement) if statement.epoch() == *epoch => Some(statement.clone()),
            _ => None,
        });
        let waited: Vec<Statement> = waiting.collect();
        self.was_overridden |= !waited.is_empty();
        waited
    }

    fn check_placement(&mut self, placement: &Placement, before: EpochId, commit: &CommitFacts) {
        let (graph, after) = (&self.stored.graph, self.stored.graph.head().id);
        let agrees = match placement {
            Placement::ExtendsHead => commit.parent == before && after != before && graph.is_ancestor(&commit.id, &after),
            Placement::WinsFork { left, fork } => {
                let is_fork = graph.is_ancestor(fork, &after) && (graph.is_ancestor(fork, left) || !graph.contains(left));
                *left == before && after != before && is_fork
            }
            Placement::LosesFork => after == before && graph.contains(&commit.id),
            Placement::WaitsForParent | Placement::Duplicate | Placement::Refused(_) => after == before,
        };
        if !agrees {
            let what = format!("{placement:?} of {:?}, while the head went from {before:?} to {after:?}", commit.id);
            self.wrong = Some(("placement", what));
        }
    }

    fn wait(&mut self, item: &Item) {
        let waiting = &mut self.stored.waiting;
        if waiting.contains(item) {
            return;
        }
        let is_alike = |other: &Item| matches!(other, Item::Commit(_)) == matches!(item, Item::Commit(_));
        let alike: Vec<usize> = (0..waiting.len()).filter(|at| is_alike(&waiting[*at])).collect();
        if let Some(oldest) = alike.first().filter(|_| alike.len() >= MAX_WAITING[usize::from(matches!(item, Item::Statement(_)))])
        {
            waiting.remove(*oldest);
        }
        waiting.push(item.clone());
    }

    /// All that it knows, parents first.
    pub(super) fn known(&self) -> Vec<Item> {
        let graph = self.graph();
        let mut epochs: Vec<_> = graph.epochs().collect();
        epochs.sort_by_key(|epoch| (epoch.number, epoch.id));
        let commits = epochs.iter().filter_map(|epoch| graph.commit(&epoch.id)).cloned().map(Item::Commit);
        let events = self.rooms.iter().flat_map(Replica::events).map(|event| Item::Event((**event).clone()));
        graph.statements().map(Item::Statement).chain(commits).chain(events).collect()
    }

    /// As a store would: encoded, and decoded again.
    pub(super) fn restart(&mut self) {
        self.inbox.clear();
        self.stored = decoded(&encoded(&self.stored));
    }

    pub(super) fn back_up(&mut self) {
        if !self.is_behind {
            self.backup = Some((encoded(&self.stored), self.rooms.clone()));
        }
    }

    pub(super) fn restore(&mut self) {
        if let Some((backup, rooms)) = &self.backup {
            self.stored = decoded(backup);
            self.rooms = rooms.clone();
            self.inbox.clear();
            self.is_behind = true;
            self.was_overridden = true;
        }
    }
}

/// An anchor that moves forward lies at the window's distance from the head.
pub(super) fn wrong_anchor(graph: &EpochGraph, before: EpochRef) -> Option<(&'static str, String)> {
    let (head, anchor) = (graph.head(), graph.anchor());
    let is_wrong = anchor.number > before.number && head.number - anchor.number != graph.window();
    is_wrong.then(|| ("placement", format!("the anchor moved to {anchor:?}, the head is {head:?}")))
}

fn encoded(stored: &Stored) -> Vec<u8> {
    rmp_serde::to_vec_named(stored).unwrap_or_default()
}

fn decoded(bytes: &[u8]) -> Stored {
    rmp_serde::from_slice(bytes).expect("what has been encoded decodes")
}
