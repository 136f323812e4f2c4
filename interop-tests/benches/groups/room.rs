//! A room of many, in which two have a path to talk over as in one that has talked for long.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::{
    ClientIdentity, CommitPlan, CreateGroup, CredentialAuthority, Group, GroupSnapshot, HubIdentity, KeyPackageBundle, RoomState,
    TrustRoots, new_key_package,
};

pub(crate) const NOW: u64 = 1_790_000_000_000;
pub(crate) const MEMBER: u32 = 2;
pub(crate) const ADMIN: u32 = 3;

/// So many fit into one commit: a handshake has at most 2 MiB.
const ADDED_AT_ONCE: usize = 2_000;

/// Whoever issues credentials, and what it is known by.
pub(crate) struct Issuer {
    pub(crate) domain: ProviderDomain,
    pub(crate) authority: CredentialAuthority,
    pub(crate) hub: HubIdentity,
    pub(crate) roots: TrustRoots,
}

impl Issuer {
    pub(crate) fn new() -> Result<Self> {
        let domain: ProviderDomain = "a.test".parse().context("a domain")?;
        let (authority, _) = CredentialAuthority::generate(&domain)?;
        let hub = authority.issue_hub(&domain)?;
        let mut roots = TrustRoots::default();
        roots.pin(&domain, authority.root_der());
        Ok(Self { domain, authority, hub, roots })
    }

    pub(crate) fn client(&self, name: &str) -> Result<ClientIdentity> {
        let user = UserUri::new(&self.domain, name);
        Ok(self.authority.issue_client(&ClientUri::new(&user, "one"), &user)?)
    }

    /// A new group of one, in a room of many.
    pub(crate) fn found(&self, founder: &ClientIdentity, users: Vec<UserRolePair>) -> Result<Group> {
        let room = RoomUri::new(&self.domain, "club");
        let list = ParticipantListData { participants: users };
        let room_state = RoomState::baseline(&self.hub, list, RoomMetadata::named(&room, "Club"), roles());
        let group_id = b"mimi://a.test/g/club".to_vec();
        Ok(Group::create(CreateGroup { group_id, room_state, hub: &self.hub }, founder)?)
    }
}

fn roles() -> RolesList {
    let own = vec![Capability::CAN_ADD_OWN_CLIENT, Capability::CAN_SEND_MESSAGE];
    let mut all = own.clone();
    all.extend([Capability::CAN_ADD_PARTICIPANT, Capability::CAN_CHANGE_USER_ROLE, Capability::CAN_CHANGE_ROOM_NAME]);
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

pub(crate) fn entry(user: &UserUri, role_index: u32) -> UserRolePair {
    UserRolePair { user: user.clone(), role_index }
}

/// The room, as it stands with each of two of its members.
pub(crate) struct Room {
    pub(crate) issuer: Issuer,
    pub(crate) alice: (Group, ClientIdentity),
    /// In the other half of the tree.
    pub(crate) bob: (Group, ClientIdentity),
}

/// The leaves that have to commit once, so that the paths of the first leaf and of the one in the middle lead over nodes
/// that are not blank.
pub(crate) fn talkers(members: usize) -> BTreeSet<usize> {
    let half = members.next_power_of_two() / 2;
    let beside = |leaf: usize| (0..usize::BITS).map(move |level| leaf ^ (1 << level)).take_while(move |other| other ^ leaf < half);
    beside(0).chain(beside(half)).filter(|leaf| (1..members).contains(leaf)).collect()
}

impl Room {
    /// Everybody is a user of their own with one client; all but one are added in as few commits as may be.
    pub(crate) fn of(members: usize) -> Result<Self> {
        let issuer = Issuer::new()?;
        let alice = issuer.client("alice")?;
        let others = (1..members).map(|leaf| issuer.client(&format!("member-{leaf}"))).collect::<Result<Vec<_>>>()?;
        let users = others.iter().map(|other| entry(&other.user_uri, MEMBER));
        let mut group = issuer.found(&alice, [entry(&alice.user_uri, ADMIN)].into_iter().chain(users).collect())?;
        let bundles = others.iter().map(|other| new_key_package(other, NOW)).collect::<Result<Vec<KeyPackageBundle>, _>>()?;
        let (half, talkers) = (members.next_power_of_two() / 2, talkers(members));
        for (batch, first) in bundles.chunks(ADDED_AT_ONCE).zip((1..).step_by(ADDED_AT_ONCE)) {
            let add_key_packages = batch.iter().map(|bundle| bundle.key_package.clone()).collect();
            let plan = CommitPlan { add_key_packages, ..CommitPlan::default() };
            let pending = group.commit(&alice, &plan, &issuer.roots, NOW)?;
            group.merge_pending(&alice.client_uri, &issuer.roots, NOW)?;
            let (welcome, tree) = (pending.welcome.context("no Welcome")?, pending.ratchet_tree);
            for leaf in talkers.iter().chain([&half]).filter(|leaf| (first..first + batch.len()).contains(leaf)) {
                let (bundle, identity) = (&bundles[leaf - 1], &others[leaf - 1]);
                group = Group::join((&welcome, &tree), bundle, identity, Some(group), (&issuer.roots, NOW))?;
            }
        }
        for leaf in talkers.iter().rev().chain([&half, &0]) {
            let talker = if *leaf == 0 { &alice } else { &others[leaf - 1] };
            group.commit(talker, &CommitPlan::default(), &issuer.roots, NOW)?;
            group.merge_pending(&talker.client_uri, &issuer.roots, NOW)?;
            if *leaf != half && *leaf != 0 {
                group = with(group.snapshot(), |client| *client != talker.client_uri)?;
            }
        }
        let alone = |identity: &ClientIdentity| -> Result<(Group, ClientIdentity)> {
            Ok((with(group.snapshot(), |client| *client == identity.client_uri)?, identity.clone()))
        };
        Ok(Self { alice: alone(&alice)?, bob: alone(&others[half - 1])?, issuer })
    }
}

fn with(snapshot: &GroupSnapshot, is_kept: impl Fn(&ClientUri) -> bool) -> Result<Group> {
    let mut snapshot = snapshot.clone();
    snapshot.clients.retain(|client, _| is_kept(client));
    snapshot.past = BTreeMap::new();
    Ok(Group::load(snapshot)?)
}
