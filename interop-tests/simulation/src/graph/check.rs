//! What must hold at every node after every step.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::EpochRef;
use causeway_mls::graph::{EpochGraph, MAX_OF_USER, MEMORY, Statement};

use super::node::Node;
use super::reference::View;
use super::world::World;
use crate::outcome::Failure;

/// So many statements a graph has at most: of each user those that open terms, and what was accepted.
const MAX_STATEMENTS: usize = 1000;

/// So many epochs of one user a graph has at most, whatever is thrown at it: those that are kept after the anchor and before
/// it, those that others have built on, those that led to the anchor, and what came last.
fn max_epochs(window: u64) -> usize {
    2 * MAX_OF_USER + 2 * MEMORY + 12 * window as usize
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
    if node.checked.as_ref() == Some(&node.stored) {
        return Ok(());
    }
    if let Some(what) = node.wrong_placement.take() {
        return Err(("placement", what));
    }
    anchor(node, window)?;
    let graph = node.graph();
    let view = View::of(&[graph], window).ok_or(("reference", "no view".to_owned()))?;
    let expected = view.head(graph.anchor().id);
    if graph.head().id != expected {
        return Err(("head rule", format!("the reference has {expected:?}")));
    }
    bounded(graph, window)?;
    node.seen_anchor = graph.anchor();
    node.was_overridden = false;
    node.checked = Some(node.stored.clone());
    Ok(())
}

fn bounded(graph: &EpochGraph, window: u64) -> Result<(), (&'static str, String)> {
    let mut of_user: BTreeMap<UserUri, usize> = BTreeMap::new();
    for commit in graph.epochs().filter_map(|epoch| graph.commit(&epoch.id)) {
        *of_user.entry(commit.committer.user_uri()).or_default() += 1;
    }
    let (epochs, statements) = (of_user.values().max().copied().unwrap_or(0), graph.statements().count());
    match epochs <= max_epochs(window) && statements <= MAX_STATEMENTS {
        true => Ok(()),
        false => Err(("bounded work", format!("{epochs} epochs of one user, {statements} statements"))),
    }
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
