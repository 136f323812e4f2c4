//! Whoever takes what a node keeps of an epoch tries to derive its children, with all that openmls offers.

use causeway_mls::{EpochId, ForkableGroup, Group};

use super::node::Node;
use super::people::{judge, now};
use super::world::World;
use crate::outcome::Failure;

/// At rest: of each honest node, the newest parent that is kept does not lead to its child once more, where the group is hardened
/// and nobody was let in.
pub(super) fn derive_nothing(world: &World) -> Result<(), Failure> {
    for node in world.nodes.iter().filter(|node| node.is_honest) {
        let Some(group) = &node.group else { continue };
        let path = group.graph().path_to(&group.graph().head().id);
        let tried = path.iter().rev().find_map(|id| Some((id, derives_again(group, node, id)?)));
        if let Some((id, true)) = tried {
            let what = format!("node {}: what is kept leads to {id:?} once more", node.name);
            return Err(Failure::new("hardening", what));
        }
    }
    Ok(())
}

/// Whether an own client's state of the parent opens an epoch's commit; none where that carried no PSK, or is an own one, which
/// openmls opens nowhere.
fn derives_again(group: &ForkableGroup, node: &Node, id: &EpochId) -> Option<bool> {
    let facts = group.graph().commit(id)?;
    let (parent, child) = (group.state(&facts.parent).ok()?, group.state(id).ok()?);
    let is_own = node.clients.iter().any(|own| own.client_uri == facts.committer);
    let is_followed = child.own_clients().any(|client| parent.holds(client));
    if is_own || !is_followed || !parent.room_state().hardening.is_on() {
        return None;
    }
    let mut thief: Group = parent.clone();
    let staged = thief.stage(group.commit_message(id)?, judge().roots, now()).ok()?;
    let lets_in = staged.summary().external || !staged.summary().added.is_empty();
    (!lets_in).then(|| thief.merge(staged).is_ok())
}
