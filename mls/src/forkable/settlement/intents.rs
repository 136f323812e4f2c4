//! What a commit intended: the difference between the epoch that it was made in and the one that it opened.

use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::roles_list::{NO_ROLE, RolesList};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};

use crate::graph::{CommitClass, CommitFacts};
use crate::{EpochId, Group, Hardening, RoomState};

/// Something that a commit on a losing branch has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// The epoch that it was changed in.
    pub origin: EpochId,
    /// Who changed it.
    pub author: UserUri,
    /// What.
    pub kind: IntentKind,
}

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum IntentKind {
    /// A user has this role from now on; role 0 takes it out of the room.
    Role {
        /// The user.
        user: UserUri,
        /// The role's index.
        role: u32,
    },
    /// A client is added. Its KeyPackage was used up on the losing branch: a new one is needed.
    AddClient(ClientUri),
    /// A client is removed.
    RemoveClient(ClientUri),
    /// The room's metadata change.
    Metadata(Box<RoomMetadata>),
    /// Roles are defined anew.
    Roles(Box<RolesList>),
    /// The room has another policy.
    Policy(Box<BaseRoomPolicy>),
    /// The group's commits are hardened, or not (DMLS-34).
    Hardening(Hardening),
    /// A client has renewed its keys. Only it can do so again.
    Renew(ClientUri),
}

impl IntentKind {
    /// The room with this change, as far as it changes the room at all.
    pub(super) fn applied_to(&self, state: &RoomState) -> RoomState {
        match self {
            Self::Role { user, role } => state.with_role(user, *role),
            Self::Metadata(metadata) => RoomState { metadata: (**metadata).clone(), ..state.clone() },
            Self::Roles(roles) => RoomState { roles: (**roles).clone(), ..state.clone() },
            Self::Policy(policy) => RoomState { base_policy: (**policy).clone(), ..state.clone() },
            Self::Hardening(hardening) => RoomState { hardening: *hardening, ..state.clone() },
            Self::AddClient(_) | Self::RemoveClient(_) | Self::Renew(_) => state.clone(),
        }
    }
}

/// The intents of the commit between two epochs, in an order that all agree on.
pub(super) fn between(before: &Group, after: &Group, commit: &CommitFacts) -> Vec<Intent> {
    let mut kinds = roles(before, after);
    kinds.extend(clients(before, after));
    if before.room_state().metadata != after.room_state().metadata {
        kinds.push(IntentKind::Metadata(Box::new(after.room_state().metadata.clone())));
    }
    if before.room_state().roles != after.room_state().roles {
        kinds.push(IntentKind::Roles(Box::new(after.room_state().roles.clone())));
    }
    if before.room_state().base_policy != after.room_state().base_policy {
        kinds.push(IntentKind::Policy(Box::new(after.room_state().base_policy.clone())));
    }
    if before.room_state().hardening != after.room_state().hardening {
        kinds.push(IntentKind::Hardening(after.room_state().hardening));
    }
    if commit.class == CommitClass::Renewal {
        kinds.push(IntentKind::Renew(commit.committer.clone()));
    }
    kinds.into_iter().map(|kind| Intent { origin: commit.id, author: commit.committer.user_uri(), kind }).collect()
}

fn roles(before: &Group, after: &Group) -> Vec<IntentKind> {
    let (before, after) = (before.room_state(), after.room_state());
    let all = before.participants.participants.iter().chain(&after.participants.participants);
    let mut users: Vec<&UserUri> = all.map(|participant| &participant.user).collect();
    users.sort();
    users.dedup();
    let moved = users.into_iter().filter(|user| before.role_of(user) != after.role_of(user));
    moved.map(|user| IntentKind::Role { user: user.clone(), role: after.role_of(user) }).collect()
}

/// Clients of users that come or go with the commit are added and removed with them; others by themselves.
fn clients(before: &Group, after: &Group) -> Vec<IntentKind> {
    let missing = |from: &Group, to: &Group| -> Vec<ClientUri> {
        let clients = from.members().iter().map(|member| &member.client);
        clients.filter(|client| !to.members().iter().any(|member| member.client == **client)).cloned().collect()
    };
    let gone = missing(before, after).into_iter().filter(|client| after.room_state().role_of(&client.user_uri()) != NO_ROLE);
    let mut kinds: Vec<IntentKind> = gone.map(IntentKind::RemoveClient).collect();
    kinds.extend(missing(after, before).into_iter().map(IntentKind::AddClient));
    kinds
}
