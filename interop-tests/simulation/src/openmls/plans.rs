//! What people want, as commits.

use std::sync::Arc;

use causeway_drafts::mimi_room_policy_04::roles_list::NO_ROLE;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_mls::{CommitPlan, Hardening, RoomState};

use super::people::{ADMIN, MEMBER, roles};
use super::step::Change;
use super::world::World;

/// In a hardened world, one of so many commits that would name the room switches that.
const SWITCHES: usize = 5;

/// A commit of an honest node.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) commit: Arc<Vec<u8>>,
    pub(super) author: UserUri,
    pub(super) meant: Meant,
}

/// What it was meant to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meant {
    Renew(ClientUri),
    Rename(String),
    Role(UserUri, u32),
    Remove(UserUri),
    Add(UserUri),
    AddClient(ClientUri),
    RemoveClient(ClientUri),
    Roles(Box<RoomState>),
    Switch(Hardening),
    /// To settle, to come back, or to go on beside what nobody can open.
    Mend,
}

impl World {
    /// A commit that does what is wanted at a node's head; none if there is nothing to do.
    pub(super) fn plan(&mut self, node: usize, change: Change) -> Option<(CommitPlan, Meant)> {
        let group = self.nodes[node].group.as_ref()?;
        let (room, client) = (group.head_state().ok()?.room_state().clone(), self.nodes[node].clients[0].client_uri.clone());
        match change {
            Change::Renew => Some((CommitPlan::default(), Meant::Renew(self.nodes[node].holder(0)?.client_uri.clone()))),
            Change::Rename { name } if self.setup.hardened && name.is_multiple_of(SWITCHES) => {
                let other = if room.hardening.is_on() { Hardening::None } else { Hardening::PskPuncture };
                Some((CommitPlan { hardening: Some(other), ..Default::default() }, Meant::Switch(other)))
            }
            Change::Rename { name } => {
                let mut metadata = room.metadata;
                metadata.room_name.0 = format!("Name {name}");
                Some((CommitPlan { metadata: Some(metadata), ..Default::default() }, Meant::Rename(format!("Name {name}"))))
            }
            Change::Roles => {
                let without = roles(false);
                let defined = if room.roles == without { roles(true) } else { without };
                let mut after = room;
                after.roles = defined.clone();
                Some((CommitPlan { roles: Some(defined), ..Default::default() }, Meant::Roles(Box::new(after))))
            }
            Change::Role { user } => {
                let user = self.other_user(node, user)?;
                let role = if room.role_of(&user) == MEMBER { ADMIN } else { MEMBER };
                let participants = room.is_present(&user).then(|| room.participants_update(&room.with_role(&user, role)))??;
                Some((CommitPlan { participants: Some(participants), ..Default::default() }, Meant::Role(user, role)))
            }
            Change::Remove { user } => {
                let user = self.other_user(node, user)?;
                let plan = self.removal(node, &user)?;
                Some((plan, Meant::Remove(user)))
            }
            Change::Add { user } => self.addition(node, user),
            Change::OwnClient => self.own_client(node, &client),
        }
    }

    /// Takes a user out, with its clients.
    pub(super) fn removal(&self, node: usize, user: &UserUri) -> Option<CommitPlan> {
        let head = self.nodes[node].group.as_ref()?.head_state().ok()?;
        removal_at(head, user)
    }

    fn other_user(&self, node: usize, user: usize) -> Option<UserUri> {
        let others: Vec<&UserUri> = self.nodes.iter().filter_map(|node| node.user()).collect();
        others.get(user % others.len()).copied().filter(|other| Some(*other) != self.nodes[node].user()).cloned()
    }

    fn addition(&mut self, node: usize, user: usize) -> Option<(CommitPlan, Meant)> {
        let room = self.nodes[node].group.as_ref()?.head_state().ok()?.room_state().clone();
        let invited = self.provider(user);
        let user = self.nodes[invited].user()?.clone();
        // Whoever cannot tell the graph invites nobody.
        self.nodes[node].tail()?;
        let role = if invited < 2 { ADMIN } else { MEMBER };
        let participants = (!room.is_present(&user)).then(|| room.participants_update(&room.with_role(&user, role)))??;
        let clients: Vec<ClientUri> = self.nodes[invited].clients.iter().map(|client| client.client_uri.clone()).collect();
        let add_key_packages = clients.iter().filter_map(|client| self.key_package_of(client)).collect();
        Some((CommitPlan { add_key_packages, participants: Some(participants), ..Default::default() }, Meant::Add(user)))
    }

    /// The second client of a user goes, or comes.
    fn own_client(&mut self, node: usize, first: &ClientUri) -> Option<(CommitPlan, Meant)> {
        let second = self.nodes[node].clients.get(1)?.client_uri.clone();
        let head = self.nodes[node].group.as_ref()?.head_state().ok()?;
        if !head.holds(first) {
            return None;
        }
        if head.members().iter().any(|member| member.client == second) {
            return Some((CommitPlan { remove_clients: vec![second.clone()], ..Default::default() }, Meant::RemoveClient(second)));
        }
        self.nodes[node].tail()?;
        let add_key_packages = vec![self.key_package_of(&second)?];
        Some((CommitPlan { add_key_packages, ..Default::default() }, Meant::AddClient(second)))
    }

    /// A KeyPackage that nobody has had, from whoever has the client: one that is at hand, else a new one.
    pub(super) fn key_package_of(&mut self, client: &ClientUri) -> Option<Vec<u8>> {
        let has_it = |node: &super::node::Node| node.clients.iter().any(|identity| identity.client_uri == *client);
        let node = self.nodes.iter_mut().find(|node| has_it(node))?;
        let identity = node.clients.iter().find(|identity| identity.client_uri == *client)?;
        let known = &node.store.key_packages;
        let at_hand = node.store.pool.iter().position(|reference| known.get(reference).is_some_and(|(of, _)| of == client));
        let reference = match at_hand {
            Some(at) => node.store.pool.remove(at),
            None => node.make_key_package(identity)?,
        };
        let key_package = node.store.key_packages.get(&reference)?.1.key_package.clone();
        if !self.claimed.insert(reference) {
            self.fail("key packages", format!("one of {client} is used twice"));
        }
        Some(key_package)
    }
}

/// Takes a user out, with its clients, in an epoch.
pub(super) fn removal_at(state: &causeway_mls::Group, user: &UserUri) -> Option<CommitPlan> {
    let room = state.room_state();
    let participants = room.is_present(user).then(|| room.participants_update(&room.with_role(user, NO_ROLE)))??;
    let gone = state.members().iter().filter(|member| member.user == *user);
    let remove_clients = gone.map(|member| member.client.clone()).collect();
    Some(CommitPlan { participants: Some(participants), remove_clients, ..Default::default() })
}
