//! A second, plain rule of what has to be settled, and of what must not be: from what people meant, and from rosters and room
//! states on the way to the head.

use std::collections::BTreeSet;

use causeway_drafts::mimi_room_policy_04::roles_list::NO_ROLE;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_mls::{CommitPlan, EpochId, ForkableGroup, Group, MlsError, RoomState};

use super::node::Node;
use super::people::ADMIN;
use super::plans::{Made, Meant};
use super::world::World;
use crate::outcome::Failure;

/// The way to the head, from where a branch has left it.
struct Since<'a> {
    base: &'a Group,
    way: Vec<&'a Group>,
}

fn since<'a>(group: &'a ForkableGroup, lost: &EpochId) -> Option<Since<'a>> {
    let graph = group.graph();
    let head = graph.head().id;
    let fork = graph.fork_point(lost, &head)?;
    let way = graph.path_to(&head).into_iter().skip_while(|id| *id != fork).skip(1);
    let way = way.map(|id| group.state(&id)).collect::<Result<Vec<_>, MlsError>>().ok()?;
    Some(Since { base: group.state(&fork).ok()?, way })
}

fn has(state: &Group, client: &ClientUri) -> bool {
    state.members().iter().any(|member| member.client == *client)
}

fn needs_admin(made: &Made) -> bool {
    !matches!(made.meant, Meant::Renew(_) | Meant::AddClient(_) | Meant::RemoveClient(_))
}

/// Whether somebody remembers it who may do it: whoever has begun anew does not, and nobody removes itself.
fn is_remembered(world: &World, id: &EpochId, made: &Made) -> bool {
    let remembers = |node: &Node| {
        let (group, user) = (node.group.as_ref()?, node.user()?);
        let is_gone = matches!(&made.meant, Meant::Remove(gone) if gone == user);
        let is_admin = group.head_state().ok()?.room_state().role_of(user) == ADMIN;
        let may = node.holder(0).is_some() && !is_gone && (is_admin || (!needs_admin(made) && *user == made.author));
        Some(may && group.graph().contains(id))
    };
    world.nodes.iter().filter(|node| node.is_honest).any(|node| remembers(node) == Some(true))
}

impl Since<'_> {
    fn room(&self, at: impl Fn(&RoomState) -> bool) -> bool {
        self.way.iter().any(|state| at(state.room_state()))
    }

    /// Whether somebody could not do it any more at some epoch.
    fn is_given_up(&self, made: &Made) -> bool {
        let may = |room: &RoomState| room.is_present(&made.author) && (!needs_admin(made) || room.role_of(&made.author) == ADMIN);
        self.room(|room| !may(room))
    }

    /// Whether it was done, or something else that goes before it.
    fn is_done(&self, meant: &Meant) -> bool {
        let base = self.base.room_state();
        match meant {
            Meant::Remove(user) => self.room(|room| !room.is_present(user)),
            Meant::Role(user, role) => self.room(|room| room.role_of(user) == *role || room.role_of(user) != base.role_of(user)),
            Meant::Add(user) => base.is_present(user) || self.room(|room| room.is_present(user)),
            Meant::Rename(name) => self.room(|room| room.metadata.name() == name || room.metadata != base.metadata),
            Meant::Roles(after) => self.room(|room| room.roles == after.roles || room.roles != base.roles),
            Meant::Switch(to) => self.room(|room| room.hardening == *to || room.hardening != base.hardening),
            Meant::AddClient(client) => {
                let was_removed = has(self.base, client) || self.room(|room| !room.is_present(&client.user_uri()));
                was_removed || self.way.iter().any(|state| has(state, client))
            }
            Meant::RemoveClient(client) => self.way.iter().any(|state| !has(state, client)),
            Meant::Renew(_) | Meant::Mend => true,
        }
    }
}

/// Whether several losing commits want something with one user or thing, so that one of them has to give way.
fn is_contested(group: &ForkableGroup, lost: &EpochId, meant: &Meant) -> bool {
    let mut others = group.graph().losing().into_iter().filter(|other| other != lost);
    let differs = |other: &EpochId, on: &dyn Fn(&Group, &Group) -> bool| {
        let parent = group.graph().commit(other).and_then(|commit| group.state(&commit.parent).ok());
        parent.zip(group.state(other).ok()).is_some_and(|(before, after)| on(before, after))
    };
    let moves =
        |user: &UserUri, before: &Group, after: &Group| before.room_state().role_of(user) != after.room_state().role_of(user);
    match meant {
        Meant::Role(user, _) | Meant::Add(user) => others.any(|other| differs(&other, &|before, after| moves(user, before, after))),
        Meant::AddClient(client) | Meant::RemoveClient(client) => {
            others.any(|other| differs(&other, &|before, after| has(before, client) != has(after, client)))
        }
        Meant::Rename(_) => {
            others.any(|other| differs(&other, &|one, next| one.room_state().metadata != next.room_state().metadata))
        }
        Meant::Roles(_) => others.any(|other| differs(&other, &|one, next| one.room_state().roles != next.room_state().roles)),
        Meant::Switch(_) => {
            others.any(|other| differs(&other, &|one, next| one.room_state().hardening != next.room_state().hardening))
        }
        Meant::Remove(_) | Meant::Renew(_) | Meant::Mend => false,
    }
}

/// At rest: what honest commits on losing branches meant has been done, or given up for a reason.
pub(super) fn all_is_settled(world: &World, node: usize) -> Result<(), Failure> {
    let Some(group) = &world.nodes[node].group else { return Ok(()) };
    let losing: BTreeSet<EpochId> = group.graph().losing().into_iter().collect();
    for (id, made) in world.made.iter().filter(|(id, _)| losing.contains(id)) {
        let Some(since) = since(group, id) else { continue };
        let is_open = !since.is_given_up(made) && !since.is_done(&made.meant) && !is_contested(group, id, &made.meant);
        if is_open && is_remembered(world, id, made) {
            return Err(Failure::new("settlement", format!("node {node}: {:?} of epoch {id:?} is lost", made.meant)));
        }
    }
    Ok(())
}

/// A commit that settles does what some losing commit did, whose author is there, and what has not been done since.
pub(super) fn does_nothing_twice(group: &ForkableGroup, plan: &CommitPlan) -> Result<(), String> {
    let head = group.head_state().map_err(|error| error.to_string())?;
    let room = head.room_state();
    let participants = plan.participants.as_ref().map(|update| room.participants.apply(update));
    let participants = participants.transpose().map_err(|error| error.to_string())?;
    let mut after = room.clone();
    after.participants = participants.unwrap_or_else(|| room.participants.clone());
    let users = room.participants.participants.iter().chain(&after.participants.participants).map(|participant| &participant.user);
    for user in users.collect::<BTreeSet<_>>() {
        let role = after.role_of(user);
        let is_due = |room: &RoomState| room.role_of(user) != role;
        let is_back = |base: &RoomState, room: &RoomState| role != NO_ROLE && base.is_present(user) && !room.is_present(user);
        if is_due(room) && !is_wanted(group, &is_due, &is_back) {
            return Err(format!(
                "{user} gets role {role} ({NO_ROLE} is none) by settling, which nobody wants, or has been done already"
            ));
        }
    }
    if let Some(metadata) = &plan.metadata
        && !is_wanted(group, &|room| room.metadata != *metadata, &|_, _| false)
    {
        return Err("the room is named by settling, which nobody wants, or has been done already".to_owned());
    }
    Ok(())
}

/// A commit that undoes something that a losing commit did and that is done at the head, by somebody who may.
pub(super) fn undoing(group: &ForkableGroup, by: &UserUri) -> Option<CommitPlan> {
    let (graph, room) = (group.graph(), group.head_state().ok()?.room_state());
    let undone = graph.losing().into_iter().find_map(|lost| {
        let before = group.state(&graph.commit(&lost)?.parent).ok()?.room_state();
        let after = group.state(&lost).ok()?.room_state();
        let users = before.participants.participants.iter().map(|participant| &participant.user);
        let mut moved = users.filter(|user| before.role_of(user) != after.role_of(user) && *user != by);
        let back =
            moved.find(|user| room.role_of(user) == after.role_of(user)).map(|user| room.with_role(user, before.role_of(user)));
        let is_named = before.metadata != after.metadata && room.metadata == after.metadata;
        let mut renamed = room.clone();
        renamed.metadata = before.metadata.clone();
        back.or_else(|| is_named.then_some(renamed))
    })?;
    room.may_become(&undone, by).ok()?;
    let metadata = (undone.metadata != room.metadata).then(|| undone.metadata.clone());
    let plan = CommitPlan { participants: room.participants_update(&undone), metadata, ..Default::default() };
    (plan.participants.is_some() || plan.metadata.is_some()).then_some(plan)
}

/// Whether a losing commit did what is still due, its author takes part, it has not been done on the way to the head since, and
/// nothing there goes before it.
fn is_wanted(
    group: &ForkableGroup,
    is_due: &dyn Fn(&RoomState) -> bool,
    gives_way: &dyn Fn(&RoomState, &RoomState) -> bool,
) -> bool {
    let graph = group.graph();
    graph.losing().iter().any(|lost| {
        let Some(commit) = graph.commit(lost) else { return false };
        let states = group.state(&commit.parent).ok().zip(group.state(lost).ok());
        let did = states.is_some_and(|(before, after)| is_due(before.room_state()) && !is_due(after.room_state()));
        let author = commit.committer.user_uri();
        let is_open = |since: Since<'_>| {
            let mut rooms = since.way.iter().map(|state| state.room_state());
            rooms.all(|room| is_due(room) && room.is_present(&author) && !gives_way(since.base.room_state(), room))
        };
        did && since(group, lost).is_some_and(is_open)
    })
}
