//! The network is whole again, and everybody asks everybody. Then all have one head; or two sides have gone too far
//! apart, one of them knows, and an override brings them together.

use std::collections::{BTreeMap, BTreeSet};

use causeway_mls::graph::{CommitClass, EpochGraph, Statement};
use causeway_mls::{EpochId, EpochRef};

use super::check;
use super::node::{Item, Node};
use super::reference::View;
use super::world::World;
use crate::outcome::Failure;

/// Rounds of asking everybody, until nothing new comes of it.
const MAX_ROUNDS: usize = 24;
/// Overrides until all agree.
const MAX_OVERRIDES: usize = 8;

pub(super) fn come_to_rest(world: &mut World) -> Result<(), Failure> {
    exchange(world, true)?;
    count_forks(world);
    bring_together_who_lost_touch(world)?;
    let mut overrides = 0;
    while !have_one_head(world) {
        who_lost_knows(world)?;
        overrides += 1;
        if overrides > MAX_OVERRIDES {
            return Err(Failure::new("convergence", format!("{overrides} overrides have not helped: {}", heads(world))));
        }
        world.figures.conflicts += u64::from(overrides == 1);
        decide(world)?;
        exchange(world, false)?;
        bring_together_who_lost_touch(world)?;
    }
    go_on(world)
}

/// Everybody gets what anybody knows, and what was under way.
fn exchange(world: &mut World, with_inboxes: bool) -> Result<(), Failure> {
    if with_inboxes {
        for node in 0..world.nodes.len() {
            for (_, item) in std::mem::take(&mut world.nodes[node].inbox) {
                world.receive(node, &item);
            }
        }
    }
    for _ in 0..MAX_ROUNDS {
        let before: Vec<Stand> = world.nodes.iter().map(stand).collect();
        for node in 0..world.nodes.len() {
            for from in 0..world.nodes.len() {
                for item in news(&world.nodes[node], &world.nodes[from]) {
                    world.receive(node, &item);
                }
            }
            world.nodes[node].inbox.clear();
            world.nodes[node].is_behind = false;
        }
        check::every_node(world)?;
        if world.nodes.iter().zip(&before).all(|(node, before)| stand(node) == *before) {
            return Ok(());
        }
    }
    let what = format!("{MAX_ROUNDS} rounds have not come to an end: {}", heads(world));
    Err(Failure::new("bounded work", what))
}

/// What matters of a graph: the last of too many commits is kept wherever it is the last.
type Stand = (EpochRef, EpochRef, EpochRef, Option<EpochId>, Vec<Statement>, usize);

fn stand(node: &Node) -> Stand {
    let graph = node.graph();
    let fork = graph.conflict().map(|conflict| conflict.fork);
    (graph.head(), graph.anchor(), graph.root(), fork, graph.statements().collect(), node.events())
}

fn news(node: &Node, from: &Node) -> Vec<Item> {
    let is_known = |item: &Item| match item {
        Item::Commit(commit) => node.graph().contains(&commit.id),
        Item::Statement(statement) => node.graph().remembers(statement),
        Item::Event(event) => node.rooms.get(event.room).is_some_and(|room| room.contains(event)),
    };
    from.known().into_iter().filter(|item| !is_known(item)).collect()
}

fn view(world: &World) -> Result<View, Failure> {
    let graphs: Vec<&EpochGraph> = world.nodes.iter().map(Node::graph).collect();
    View::of(&graphs, world.setup.window, world.nodes.first().map(Node::orders).unwrap_or_default())
        .ok_or_else(|| Failure::new("reference", "there is no node"))
}

fn count_forks(world: &mut World) {
    let commits = world.nodes.iter().flat_map(|node| {
        let graph = node.graph();
        graph.epochs().filter_map(|epoch| graph.commit(&epoch.id)).map(|commit| (commit.id, commit.parent))
    });
    let commits: BTreeSet<(EpochId, EpochId)> = commits.collect();
    let mut children: BTreeMap<EpochId, u64> = BTreeMap::new();
    for (_, parent) in commits {
        *children.entry(parent).or_default() += 1;
    }
    world.figures.forks += children.values().filter(|children| **children > 1).count() as u64;
}

fn heads(world: &World) -> String {
    let heads = world.nodes.iter().map(|node| {
        let graph = node.graph();
        let (head, anchor, root) = (graph.head(), graph.anchor(), graph.root());
        format!(
            "{}: head {:?}/{}, anchor {:?}/{}, root {}, {:?}",
            node.name,
            head.id,
            head.number,
            anchor.id,
            anchor.number,
            root.number,
            graph.conflict()
        )
    });
    heads.collect::<Vec<_>>().join("; ")
}

fn have_one_head(world: &World) -> bool {
    world.nodes.windows(2).all(|pair| pair[0].graph().head() == pair[1].graph().head())
}

/// A node whose head has no ancestor in common with another's, as far as either remembers, cannot follow, and neither can
/// one that does not know the epoch that a statement names, because it came later or the branch there has run too far.
/// Their operators agree on one that the others begin anew from.
fn bring_together_who_lost_touch(world: &mut World) -> Result<(), Failure> {
    let all = 0..world.nodes.len();
    let lost = |node: usize| all.clone().filter(|other| has_lost(world, node, *other)).count();
    let first = all.clone().min_by_key(|node| (lost(*node), world.nodes[*node].graph().root().number)).unwrap_or(0);
    let apart = |node: &usize| has_lost(world, *node, first) || has_lost(world, first, *node);
    let apart: Vec<usize> = all.clone().filter(apart).collect();
    for node in &apart {
        world.say(|| format!("      node {node} begins anew from node {first}"));
        world.join(*node, first);
    }
    if apart.is_empty() { Ok(()) } else { exchange(world, false) }
}

fn has_lost(world: &World, node: usize, other: usize) -> bool {
    let (ours, theirs) = (world.nodes[node].graph(), world.nodes[other].graph());
    let meets = theirs.path_to(&theirs.head().id).iter().any(|id| ours.contains(id));
    let opens = |said: &Statement| !matches!(said, Statement::Acceptance(_));
    let is_out_of_reach = |said: &Statement| opens(said) && !ours.contains(&said.epoch()) && !ours.remembers(said);
    !meets || theirs.statements().any(|said| is_out_of_reach(&said))
}

/// Where the heads differ, somebody has taken for final what the head rule would not choose; and wherever a branch that
/// others may have taken for final is known, a node says so.
fn who_lost_knows(world: &World) -> Result<(), Failure> {
    let view = view(world)?;
    let best = view.head(view.root());
    let has_lost = |node: &Node| !view.is_ancestor(&node.graph().anchor().id, &best);
    if !world.nodes.iter().any(has_lost) {
        return Err(Failure::new("convergence", format!("no anchor is off the way to {best:?}, but {}", heads(world))));
    }
    if world.nodes.iter().any(|node| node.graph().conflict().is_some()) {
        return Ok(());
    }
    for one in &world.nodes {
        for other in &world.nodes {
            let (ours, theirs) = (one.graph().head().id, other.graph().head().id);
            let Some(fork) = view.back(ours).into_iter().find(|id| view.is_ancestor(id, &theirs)) else { continue };
            // Where a crowd has committed in one epoch, not everybody keeps every branch.
            let crowded = || view.back(theirs).iter().any(|id| view.is_crowded(id));
            if ours != fork && !crowded() && view.taken_for_final(&fork, &theirs, world.setup.window) {
                let what = format!("{} is not told that {} is elsewhere for good; {}", one.name, other.name, heads(world));
                return Err(Failure::new("conflict", what));
            }
        }
    }
    Ok(())
}

/// Somebody decides: whoever is in conflict, else the operator of some node, for the first epoch after the fork that a member knows.
fn decide(world: &mut World) -> Result<(), Failure> {
    for ours in [true, false] {
        for node in 0..world.nodes.len() {
            if world.decide(node, ours) == Some(true) {
                return Ok(());
            }
        }
    }
    for one in 0..world.nodes.len() {
        for other in 0..world.nodes.len() {
            for anchor in after_fork(world.nodes[one].graph(), world.nodes[other].graph()) {
                if (0..world.nodes.len()).any(|signer| world.override_with(signer, anchor) == Some(true)) {
                    return Ok(());
                }
            }
        }
    }
    if begin_anew_together(world) {
        return Ok(());
    }
    Err(Failure::new("liveness", format!("nobody can sign an override: {}", heads(world))))
}

/// Where all have one head, and some remember another side that the others do not, those begin anew.
fn begin_anew_together(world: &mut World) -> bool {
    let calm = (0..world.nodes.len()).find(|node| world.nodes[*node].graph().conflict().is_none());
    let Some(calm) = calm.filter(|_| have_one_head(world)) else { return false };
    for node in 0..world.nodes.len() {
        if world.nodes[node].graph().conflict().is_some() {
            world.join(node, calm);
        }
    }
    true
}

/// The epochs on the way to one head that are not on the way to the other. Who began anew since knows the later ones only.
fn after_fork(ours: &EpochGraph, theirs: &EpochGraph) -> Vec<EpochId> {
    let mut path = ours.path_to(&ours.head().id);
    let fork = path.iter().rposition(|id| theirs.is_ancestor(id, &theirs.head().id));
    fork.map(|fork| path.split_off(fork + 1)).unwrap_or_default()
}

/// Whatever has happened, the group goes on: commits of honest members extend the head everywhere.
fn go_on(world: &mut World) -> Result<(), Failure> {
    let mut overrides = 0;
    for index in 0..=world.setup.window as usize {
        while world.nodes.iter().any(|node| node.graph().conflict().is_some()) {
            overrides += 1;
            if overrides > MAX_OVERRIDES {
                return Err(Failure::new("liveness", format!("a conflict does not end: {}", heads(world))));
            }
            world.figures.conflicts += u64::from(overrides == 1);
            decide(world)?;
            exchange(world, false)?;
            bring_together_who_lost_touch(world)?;
        }
        let committer = index % world.setup.members;
        let before = world.nodes[committer].graph().head();
        world.commit(committer, CommitClass::Change);
        exchange(world, true)?;
        let extends = |node: &Node| {
            let graph = node.graph();
            graph.head().number == before.number + 1
                && graph.commit(&graph.head().id).is_some_and(|commit| commit.parent == before.id)
        };
        if let Some(node) = world.nodes.iter().find(|node| node.is_unordered()) {
            let head = node.graph().head();
            return Err(Failure::new("order", format!("the room says nothing of what leads to {head:?}, to {}", node.name)));
        }
        if !world.nodes.iter().all(extends) {
            return Err(Failure::new("liveness", format!("a commit in {before:?} does not extend it: {}", heads(world))));
        }
    }
    let anchors = world.nodes.windows(2).all(|pair| pair[0].graph().anchor() == pair[1].graph().anchor());
    if anchors { Ok(()) } else { Err(Failure::new("convergence", format!("the anchors differ: {}", heads(world)))) }
}
