//! Providers, clients, and a room whose state goes through snapshots at every step.

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::{
    ClientIdentity, CommitPlan, CreateGroup, CredentialAuthority, Group, HubIdentity, KeyPackageBundle, PendingCommit, RoomState,
    TrustRoots, new_key_package,
};
use serde::Deserialize;

pub(crate) const NOW: u64 = 1_790_000_000_000;
pub(crate) const MEMBER: u32 = 2;
pub(crate) const ADMIN: u32 = 4;

pub(crate) struct Provider {
    pub(crate) domain: ProviderDomain,
    pub(crate) authority: CredentialAuthority,
    pub(crate) hub: HubIdentity,
}

impl Provider {
    pub(crate) fn new(domain: &str) -> Self {
        let domain: ProviderDomain = domain.parse().unwrap();
        let (authority, _) = CredentialAuthority::generate(&domain).unwrap();
        let hub = authority.issue_hub(&domain).unwrap();
        Self { domain, authority, hub }
    }

    pub(crate) fn user(&self, name: &str) -> UserUri {
        UserUri::new(&self.domain, name)
    }

    pub(crate) fn client(&self, name: &str, device: &str) -> ClientIdentity {
        let user = self.user(name);
        self.authority.issue_client(&ClientUri::new(&user, device), &user).unwrap()
    }
}

/// A client's signature key, as another stack or a forger has to be given it: ours is sealed as MessagePack.
#[derive(Deserialize)]
pub(crate) struct KeyOf {
    pub(crate) private: Vec<u8>,
    pub(crate) public: Vec<u8>,
    pub(crate) chain: Vec<Vec<u8>>,
}

pub(crate) fn key_of(identity: &ClientIdentity) -> KeyOf {
    #[derive(Deserialize)]
    struct Sealed {
        key: KeyOf,
    }
    rmp_serde::from_slice::<Sealed>(&identity.to_bytes()).unwrap().key
}

pub(crate) fn roots(providers: &[&Provider]) -> TrustRoots {
    let mut roots = TrustRoots::default();
    for provider in providers {
        roots.pin(&provider.domain, provider.authority.root_der());
    }
    roots
}

pub(crate) fn roles() -> RolesList {
    let own = vec![
        Capability::CAN_ADD_OWN_CLIENT,
        Capability::CAN_REMOVE_OWN_CLIENT,
        Capability::CAN_REMOVE_SELF,
        Capability::CAN_SEND_MESSAGE,
    ];
    let mut all = own.clone();
    all.extend([
        Capability::CAN_ADD_PARTICIPANT,
        Capability::CAN_REMOVE_PARTICIPANT,
        Capability::CAN_KICK,
        Capability::CAN_CHANGE_USER_ROLE,
        Capability::CAN_CHANGE_ROOM_NAME,
        Capability::CAN_CHANGE_ROLE_DEFINITIONS,
        Capability::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    ]);
    let changes = vec![
        SingleSourceRoleChangeTargets::new(0, vec![MEMBER, ADMIN]),
        SingleSourceRoleChangeTargets::new(MEMBER, vec![0, ADMIN]),
        SingleSourceRoleChangeTargets::new(ADMIN, vec![0, MEMBER]),
    ];
    RolesList {
        roles: vec![
            Role::new(0, "no_role", vec![], vec![]),
            Role::new(1, "banned", vec![], vec![]),
            Role::new(MEMBER, "member", own, vec![]),
            Role::new(ADMIN, "admin", all, changes),
        ],
    }
}

/// A room of `hub` with the given participants.
pub(crate) fn room(hub: &Provider, participants: &[(UserUri, u32)]) -> RoomState {
    let room = RoomUri::new(&hub.domain, "club");
    let participants = participants.iter().map(|(user, role_index)| UserRolePair { user: user.clone(), role_index: *role_index });
    let list = ParticipantListData { participants: participants.collect() };
    RoomState::baseline(&hub.hub, list, RoomMetadata::named(&room, "Club"), roles())
}

pub(crate) fn create(hub: &Provider, state: RoomState, creator: &ClientIdentity) -> Group {
    let group_id = format!("mimi://{}/g/club", hub.domain).into_bytes();
    stored(Group::create(CreateGroup { group_id, room_state: state, hub: &hub.hub }, creator).unwrap())
}

/// Through the store and back: what a process that dies now would find.
pub(crate) fn stored(mut group: Group) -> Group {
    group.take_changes();
    Group::load(group.snapshot().clone()).unwrap()
}

pub(crate) fn key_package(identity: &ClientIdentity) -> KeyPackageBundle {
    new_key_package(identity, NOW).unwrap()
}

/// Commits, and has the hub take it.
pub(crate) fn commit(group: Group, identity: &ClientIdentity, plan: &CommitPlan, roots: &TrustRoots) -> (Group, PendingCommit) {
    let mut group = group;
    let pending = group.commit(identity, plan, roots, NOW).unwrap();
    let mut group = stored(group);
    group.merge_pending(&identity.client_uri, roots, NOW).unwrap();
    (stored(group), pending)
}

pub(crate) fn follow(group: Group, commit: &[u8], roots: &TrustRoots) -> Group {
    let mut group = group;
    let staged = group.stage(commit, roots, NOW).unwrap();
    group.merge(staged).unwrap();
    stored(group)
}

pub(crate) fn join(pending: &PendingCommit, bundle: &KeyPackageBundle, identity: &ClientIdentity, roots: &TrustRoots) -> Group {
    let welcome = (pending.welcome.as_deref().unwrap(), pending.ratchet_tree.as_slice());
    stored(Group::join(welcome, bundle, identity, None, (roots, NOW)).unwrap())
}
