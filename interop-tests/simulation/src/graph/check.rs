//! What must hold at every node after every step.

use std::collections::{BTreeMap, BTreeSet};

use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::graph::{CommitFacts, EpochGraph, MAX_OF_USER, MEMORY, Statement};
use causeway_mls::{EpochId, EpochRef};

use super::node::Node;
use super::reference::View;
use super::world::World;
use crate::outcome::Failure;

/// So many statements a graph has at most: of each user those that open terms, and what was accepted.
const MAX_STATEMENTS: usize = 1000;

/// So many epochs of one user that nobody has built on, and that were not made on the way to the head, a graph has after its
/// anchor, whatever is thrown at it: with a few
/// that somebody had built on, and as many again where an override has taken the anchor back to others.
fn max_epochs(graph: &EpochGraph, window: u64) -> usize {
    let goes_back = graph.statements().any(|statement| matches!(statement, Statement::AnchorOverride(_)));
    (MAX_OF_USER + 4 * window as usize) * if goes_back { 2 } else { 1 } + 16
}

pub(super) fn every_node(world: &mut World) -> Result<(), Failure> {
    let window = world.setup.window;
    for index in 0..world.nodes.len() {
        let known = (world.nodes[index].graph().head(), world.nodes[index].graph().anchor());
        one(&mut world.nodes[index], window).map_err(|(invariant, what)| {
            let name = &world.nodes[index].name;
            Failure::new(invariant, format!("{name}: {what} (head {:?}, anchor {:?})", known.0, known.1))
        })?;
    }
    Ok(())
}

fn one(node: &mut Node, window: u64) -> Result<(), (&'static str, String)> {
    let events = node.events();
    if node.checked.as_ref().is_some_and(|(stored, known)| *known == events && *stored == node.stored) && node.wrong.is_none() {
        return Ok(());
    }
    if let Some(wrong) = node.wrong.take() {
        return Err(wrong);
    }
    anchor(node, window)?;
    let graph = node.graph();
    let view = View::of(&[graph], window, node.orders()).ok_or(("reference", "no view".to_owned()))?;
    let expected = view.head(graph.anchor().id);
    if graph.head().id != expected {
        return Err(("head rule", format!("the reference has {expected:?}")));
    }
    bounded(graph, window)?;
    node.seen_anchor = graph.anchor();
    node.was_overridden = false;
    node.checked = Some((node.stored.clone(), events));
    Ok(())
}

fn bounded(graph: &EpochGraph, window: u64) -> Result<(), (&'static str, String)> {
    let mut of_user: BTreeMap<UserUri, usize> = BTreeMap::new();
    let way = graph.path_to(&graph.head().id);
    let commits = graph.epochs().filter_map(|epoch| graph.commit(&epoch.id)).filter(|commit| !way.contains(&commit.parent));
    let commits: Vec<&CommitFacts> = commits.collect();
    let leads_to_others: BTreeSet<EpochId> = commits.iter().flat_map(|commit| led_to_by(graph, commit)).collect();
    for commit in commits {
        if !graph.is_final(&commit.id) && graph.counts(&commit.id) && !leads_to_others.contains(&commit.id) {
            *of_user.entry(commit.committer.user_uri()).or_default() += 1;
        }
    }
    let (epochs, statements) = (of_user.values().max().copied().unwrap_or(0), graph.statements().count());
    match epochs <= max_epochs(graph, window) && statements <= MAX_STATEMENTS {
        true => Ok(()),
        false => Err(("bounded work", format!("{epochs} epochs of one user, {statements} statements"))),
    }
}

/// The epochs by others that a commit builds on.
fn led_to_by(graph: &EpochGraph, commit: &CommitFacts) -> Vec<EpochId> {
    let user = commit.committer.user_uri();
    let is_other = |id: &EpochId| graph.commit(id).is_some_and(|other| other.committer.user_uri() != user);
    graph.path_to(&commit.parent).into_iter().filter(is_other).collect()
}

/// The anchor lies at most a window behind the head, and goes back for an override only.
fn anchor(node: &Node, window: u64) -> Result<(), (&'static str, String)> {
    let (graph, seen): (_, EpochRef) = (node.graph(), node.seen_anchor);
    let (head, anchor, root) = (graph.head(), graph.anchor(), graph.root());
    if !graph.is_ancestor(&anchor.id, &head.id) || head.number - anchor.number > window {
        return Err(("finality", "the head is not within the window after the anchor".to_owned()));
    }
    if !graph.is_ancestor(&root.id, &anchor.id) || anchor.number - root.number > MEMORY as u64 {
        return Err(("memory", format!("the root is {root:?}")));
    }
    let stays = !graph.contains(&seen.id) || graph.is_ancestor(&seen.id, &anchor.id);
    // Of two overrides that say different things, the better one may become known as such later.
    let overridden = graph.statements().filter(|statement| matches!(statement, Statement::AnchorOverride(_))).count() > 1;
    match stays || node.was_overridden || overridden {
        true => Ok(()),
        false => Err(("finality", format!("the anchor was {seen:?}"))),
    }
}
