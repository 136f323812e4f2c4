//! What must hold at every node that something has happened to.

use std::collections::BTreeSet;

use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::EpochId;

use super::node::Node;
use super::world::World;
use crate::outcome::Failure;

pub(super) fn every_node(world: &mut World) -> Result<(), Failure> {
    for index in 0..world.nodes.len() {
        if std::mem::take(&mut world.nodes[index].is_touched) && world.nodes[index].is_honest {
            one(world, &world.nodes[index])
                .map_err(|(invariant, what)| Failure::new(invariant, format!("node {}: {what}", world.nodes[index].name)))?;
        }
    }
    Ok(())
}

fn one(world: &World, node: &Node) -> Result<(), (&'static str, String)> {
    if node.store.key_packages.keys().any(|reference| world.spent.contains(reference)) {
        return Err(("key packages", "the private part of one that was used is still there".to_owned()));
    }
    let Some(group) = &node.group else { return Ok(()) };
    match node.store.differs_from(group) {
        Ok(None) => {}
        Ok(Some(what)) => return Err(("rows", what)),
        Err(error) => return Err(("rows", error.to_string())),
    }
    let graph = group.graph();
    // What is from before the group was forkable stays as long as the epoch that it began with.
    let kept = graph.epochs().filter(|epoch| graph.is_ancestor(&graph.anchor().id, &epoch.id));
    let states = kept.filter_map(|epoch| group.state(&epoch.id).ok());
    let before: BTreeSet<EpochId> = states.flat_map(|state| state.snapshot().past.keys().copied()).collect();
    for id in node.store.secret_epochs().filter(|id| !before.contains(id)) {
        if !graph.is_ancestor(&graph.anchor().id, &id) {
            return Err(("secrets", format!("rows of secrets of {id:?} are stored, the anchor is {:?}", graph.anchor())));
        }
    }
    let own = |id: &_| graph.commit(id).is_some_and(|commit| node.clients.iter().any(|own| own.client_uri == commit.committer));
    if let Some(epoch) = graph.epochs().find(|epoch| own(&epoch.id) && !world.made.contains_key(&epoch.id)) {
        return Err(("publish before apply", format!("{epoch:?} is in the graph, and nobody was told")));
    }
    let unpunctured = group.unpunctured().map_err(|error| ("rows", error.to_string()))?;
    if let Some(id) = unpunctured.first() {
        return Err(("hardening", format!("whoever takes the parent of {id:?} can derive it once more")));
    }
    let head = group.head_state().map_err(|error| ("rows", error.to_string()))?;
    let belongs = |client: &ClientUri| head.members().iter().any(|member| member.client == *client);
    let stranded = group.stranded().map_err(|error| ("rows", error.to_string()))?;
    let unnoticed = node.own.iter().find(|client| belongs(client) && !head.holds(client) && !stranded.contains(client));
    if let Some(client) = unnoticed {
        return Err(("stranded", format!("nobody notices that {client} is stranded")));
    }
    let outsider = head.own_clients().find(|client| !belongs(client));
    match outsider {
        Some(client) => Err(("removed", format!("{client} has secrets of a head that it is not in"))),
        None => Ok(()),
    }
}
