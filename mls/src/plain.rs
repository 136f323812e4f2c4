//! Plain groups: RFC 9420 and nothing on top of it (DMLS-33).
//!
//! A group whose GroupContext has no `app_data_dictionary` says nothing of participants, roles or metadata. It is run under
//! one policy that needs none of it: who has a client in the group takes part, and all who take part may do the same.
//! What the engine asks of a room then follows from the roster.

use std::collections::BTreeSet;

use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{NO_ROLE, Role, RolesList, SingleSourceRoleChangeTargets};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri, UserUri};

use crate::{Hardening, MlsError, RoomState};

/// The role of all who take part.
const MEMBER: u32 = 2;

/// What a member of a plain group may do: have people and clients in the group, or not; speak; and say who orders commits
/// (DMLS-21). Nothing else exists there.
const MEMBER_CAPABILITIES: [Capability; 8] = [
    Capability::CAN_ADD_PARTICIPANT,
    Capability::CAN_REMOVE_PARTICIPANT,
    Capability::CAN_ADD_OWN_CLIENT,
    Capability::CAN_REMOVE_OWN_CLIENT,
    Capability::CAN_REMOVE_SELF,
    Capability::CAN_KICK,
    Capability::CAN_SEND_MESSAGE,
    Capability::CAN_SEND_MLS_REINIT_PROPOSAL,
];

/// A plain group has no room, hence no hub: its room's URI names nobody's domain.
const NO_HUB: &str = "plain.invalid";

impl RoomState {
    /// The state of a plain group: its users by name, all in one role.
    pub(crate) fn plain<'a>(group_id: &[u8], users: impl IntoIterator<Item = &'a UserUri>) -> Result<Self, MlsError> {
        let hub: ProviderDomain = NO_HUB.parse().map_err(MlsError::stored)?;
        let users: BTreeSet<&UserUri> = users.into_iter().collect();
        let participants = users.into_iter().map(|user| UserRolePair { user: user.clone(), role_index: MEMBER });
        Ok(Self {
            participants: ParticipantListData { participants: participants.collect() },
            metadata: RoomMetadata::named(&RoomUri::new(&hub, &hex::encode(group_id)), ""),
            roles: roles(),
            base_policy: BaseRoomPolicy::ordinary(Vec::new()),
            franking_agent: None,
            hardening: Hardening::None,
            plain: true,
        })
    }

    /// Whether it is that of a plain group: then participants are whoever has a client, and nothing can be changed but
    /// that.
    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

fn roles() -> RolesList {
    let changes =
        vec![SingleSourceRoleChangeTargets::new(NO_ROLE, vec![MEMBER]), SingleSourceRoleChangeTargets::new(MEMBER, vec![NO_ROLE])];
    RolesList {
        roles: vec![
            Role::new(NO_ROLE, "no_role", vec![], vec![]),
            Role::new(MEMBER, "member", MEMBER_CAPABILITIES.to_vec(), changes),
        ],
    }
}
