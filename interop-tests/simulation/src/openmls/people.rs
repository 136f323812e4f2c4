//! Who takes part. Keys of people and providers are the same in every world: what a seed varies is what they do.

use std::sync::OnceLock;

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{NO_ROLE, Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::{ClientIdentity, CredentialAuthority, HubIdentity, Judge, RoomState, TrustRoots};
use serde::Serialize;

/// When everything happens, ms.
const NOW: u64 = 1_790_000_000_000;
/// So many providers there are at most.
pub(super) const PROVIDERS: usize = 8;
pub(super) const MEMBER: u32 = 2;
pub(super) const ADMIN: u32 = 4;

/// A provider with one user of two clients.
pub(super) struct Provider {
    pub(super) user: UserUri,
    pub(super) clients: [ClientIdentity; 2],
    pub(super) hub: HubIdentity,
    root: Vec<u8>,
    domain: ProviderDomain,
}

pub(super) struct People {
    pub(super) providers: Vec<Provider>,
    roots: TrustRoots,
}

/// As the engine stores an authority.
#[derive(Serialize)]
struct Authority {
    provider: String,
    key: Vec<u8>,
    not_before: i64,
    serial: u64,
}

/// What precedes the 32 octets of an Ed25519 key in PKCS #8 [RFC 8410 §7].
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

impl Provider {
    fn new(index: usize) -> Self {
        let domain: ProviderDomain = format!("n{index}.example").parse().expect("a domain");
        let key = [&PKCS8[..], &[index as u8 + 1; 32]].concat();
        let stored = Authority { provider: domain.to_string(), key, not_before: 2024, serial: 1 };
        let stored = rmp_serde::to_vec_named(&stored).expect("MessagePack");
        let authority = CredentialAuthority::from_bytes(&stored).expect("an authority");
        let user = UserUri::new(&domain, "user");
        let issue = |device: &str| authority.issue_client(&ClientUri::new(&user, device), &user).expect("an identity");
        let clients = [issue("one"), issue("two")];
        let hub = authority.issue_hub(&domain).expect("a hub");
        Self { clients, hub, root: authority.root_der(), user, domain }
    }
}

/// Everybody.
pub(super) fn people() -> &'static People {
    static PEOPLE: OnceLock<People> = OnceLock::new();
    PEOPLE.get_or_init(|| {
        seed(Some(0));
        let providers: Vec<Provider> = (0..PROVIDERS).map(Provider::new).collect();
        let mut roots = TrustRoots::default();
        providers.iter().for_each(|provider| roots.pin(&provider.domain, provider.root.clone()));
        People { providers, roots }
    })
}

/// Lets what MLS draws follow from a seed, where the feature is there; otherwise, a run is another one each time.
pub(super) fn seed(seed: Option<u64>) {
    #[cfg(feature = "planted-bugs")]
    causeway_mls::seed(seed);
    #[cfg(not(feature = "planted-bugs"))]
    drop(seed);
}

pub(super) fn judge() -> Judge<'static> {
    Judge { roots: &people().roots, now_ms: NOW }
}

pub(super) fn now() -> u64 {
    NOW
}

/// The room's roles; whether a member may name the room is what changes.
pub(super) fn roles(members_name: bool) -> RolesList {
    let mut own = vec![
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
        Capability::CAN_SEND_MLS_REINIT_PROPOSAL,
    ]);
    own.extend(members_name.then_some(Capability::CAN_CHANGE_ROOM_NAME));
    let changes = vec![
        SingleSourceRoleChangeTargets::new(NO_ROLE, vec![MEMBER, ADMIN]),
        SingleSourceRoleChangeTargets::new(MEMBER, vec![NO_ROLE, ADMIN]),
        SingleSourceRoleChangeTargets::new(ADMIN, vec![NO_ROLE, MEMBER]),
    ];
    RolesList {
        roles: vec![
            Role::new(NO_ROLE, "no_role", vec![], vec![]),
            Role::new(1, "banned", vec![], vec![]),
            Role::new(MEMBER, "member", own, vec![]),
            Role::new(ADMIN, "admin", all, changes),
        ],
    }
}

/// The first provider's room, with its user as the only participant.
pub(super) fn room() -> RoomState {
    let host = &people().providers[0];
    let participants = vec![UserRolePair { user: host.user.clone(), role_index: ADMIN }];
    let metadata = RoomMetadata::named(&RoomUri::new(&host.domain, "club"), "Club");
    RoomState::baseline(&host.hub, ParticipantListData { participants }, metadata, roles(false))
}
