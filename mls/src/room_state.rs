//! The room's state as the group carries it: components of the `app_data_dictionary`.
//!
//! A new state is a pure function of the old dictionary and a commit's proposals, so that every member and every
//! server computes the same.

use causeway_drafts::application::{ComponentsList, MediaType, MediaTypeList};
use causeway_drafts::mimi_protocol_06::franking::FrankingAgent;
use causeway_drafts::mimi_protocol_06::participant_list::{
    ParticipantListData, ParticipantListUpdate, UserRolePair, UserindexRolePair,
};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::roles_list::{NO_ROLE, RolesList};
use causeway_drafts::mimi_uri::UserUri;
use causeway_drafts::{decode_exact, encode, numbers};
use openmls::prelude::{AppDataDictionary, AppDataUpdateOperation, AppDataUpdateProposal};

use crate::{Hardening, HubIdentity, MlsError};

/// The state of a room.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomState {
    /// Who takes part, in which role.
    pub participants: ParticipantListData,
    /// Its name and the like.
    pub metadata: RoomMetadata,
    /// What roles there are.
    pub roles: RolesList,
    /// Its policy.
    pub base_policy: BaseRoomPolicy,
    /// Who franks.
    pub franking_agent: Option<FrankingAgent>,
    /// How the group's commits are hardened (DMLS-34).
    pub hardening: Hardening,
    /// Whether it is that of a group without components (DMLS-33).
    pub(crate) plain: bool,
}

impl RoomState {
    /// A room of a hub with the baseline policy (G-66).
    pub fn baseline(hub: &HubIdentity, participants: ParticipantListData, metadata: RoomMetadata, roles: RolesList) -> Self {
        Self {
            participants,
            metadata,
            roles,
            base_policy: BaseRoomPolicy::ordinary(numbers::ROOM_COMPONENTS.to_vec()),
            franking_agent: Some(FrankingAgent {
                franking_signature_key: hub.signature_public_key().into(),
                credential: hub.credential(),
            }),
            hardening: Hardening::None,
            plain: false,
        }
    }

    /// From a group's dictionary.
    ///
    /// # Errors
    /// If a component is missing or malformed.
    pub fn from_dictionary(dictionary: &AppDataDictionary) -> Result<Self, MlsError> {
        let component = |id: u16, name: &str| {
            dictionary.get(&id).ok_or_else(|| MlsError::Invalid(format!("G-66: the group has no {name} component")))
        };
        Ok(Self {
            participants: decode(component(numbers::COMPONENT_PARTICIPANT_LIST, "participant_list")?)?,
            metadata: decode(component(numbers::COMPONENT_ROOM_METADATA, "room_metadata")?)?,
            roles: decode(component(numbers::COMPONENT_ROLES_LIST, "roles_list")?)?,
            base_policy: decode(component(numbers::COMPONENT_BASE_ROOM_POLICY, "base_room_policy")?)?,
            franking_agent: dictionary.get(&numbers::COMPONENT_FRANKING_AGENT).map(decode).transpose()?,
            hardening: Hardening::of(dictionary)?,
            plain: false,
        })
    }

    /// The dictionary of a new group.
    pub fn to_dictionary(&self) -> AppDataDictionary {
        let mut dictionary = AppDataDictionary::new();
        let mut components = numbers::ROOM_COMPONENTS.to_vec();
        components.insert(0, numbers::COMPONENT_FRANK_AAD);
        let safe_aad = ComponentsList { component_ids: vec![numbers::COMPONENT_FRANK_AAD] };
        let media_types = MediaTypeList { media_types: vec![MediaType::mimi_content()] };
        dictionary.insert(numbers::COMPONENT_APP_COMPONENTS, encode(&ComponentsList { component_ids: components }));
        dictionary.insert(numbers::COMPONENT_SAFE_AAD, encode(&safe_aad));
        dictionary.insert(numbers::COMPONENT_CONTENT_MEDIA_TYPES, encode(&media_types));
        dictionary.insert(numbers::COMPONENT_PARTICIPANT_LIST, encode(&self.participants));
        dictionary.insert(numbers::COMPONENT_ROOM_METADATA, encode(&self.metadata));
        dictionary.insert(numbers::COMPONENT_ROLES_LIST, encode(&self.roles));
        dictionary.insert(numbers::COMPONENT_BASE_ROOM_POLICY, encode(&self.base_policy));
        if let Some(agent) = &self.franking_agent {
            dictionary.insert(numbers::COMPONENT_FRANKING_AGENT, encode(agent));
        }
        if self.hardening.is_on() {
            dictionary.insert(numbers::COMPONENT_HARDENING, self.hardening.to_component());
        }
        dictionary
    }

    /// The state after one proposal. Participant lists change by difference (G-31), all else is replaced.
    ///
    /// # Errors
    /// If the proposal does not fit the state, or changes what must not change.
    pub fn after(&self, proposal: &AppDataUpdateProposal) -> Result<Self, MlsError> {
        if self.plain {
            return Err(MlsError::Invalid("DMLS-33: a plain group has no components".to_owned()));
        }
        let AppDataUpdateOperation::Update(data) = proposal.operation() else {
            return Err(MlsError::Invalid("G-66: a baseline component cannot be removed".to_owned()));
        };
        let data = data.as_slice();
        let mut after = self.clone();
        match proposal.component_id() {
            numbers::COMPONENT_PARTICIPANT_LIST => {
                let update: ParticipantListUpdate = decode(data)?;
                after.participants = self.participants.apply(&update).map_err(MlsError::invalid)?;
            }
            numbers::COMPONENT_ROOM_METADATA => after.metadata = decode(data)?,
            numbers::COMPONENT_ROLES_LIST => {
                after.roles = decode(data)?;
                after.roles.validate().map_err(MlsError::invalid)?;
            }
            numbers::COMPONENT_BASE_ROOM_POLICY => after.base_policy = decode(data)?,
            numbers::COMPONENT_HARDENING => after.hardening = Hardening::from_component(data)?,
            // P-050: set when the group is made, and rotated by ReInit only.
            other => return Err(MlsError::Invalid(format!("G-65: component {other:#06x} cannot be updated"))),
        }
        Ok(after)
    }

    /// The room with a user in another role; role 0 takes it out of the list.
    #[must_use]
    pub fn with_role(&self, user: &UserUri, role_index: u32) -> Self {
        let mut after = self.clone();
        let participants = &mut after.participants.participants;
        match participants.iter_mut().find(|participant| participant.user == *user) {
            _ if role_index == NO_ROLE => participants.retain(|participant| participant.user != *user),
            Some(participant) => participant.role_index = role_index,
            None => participants.push(UserRolePair { user: user.clone(), role_index }),
        }
        after
    }

    /// The update that leads to another list of participants; none if it is the same (G-31), or is no list but the roster
    /// (DMLS-33).
    pub fn participants_update(&self, after: &Self) -> Option<ParticipantListUpdate> {
        if self.plain {
            return None;
        }
        let mut update = ParticipantListUpdate::default();
        let (roles_before, roles_after) = (self.roles_by_user(), after.roles_by_user());
        for (participant, user_index) in self.participants.participants.iter().zip(0..) {
            match roles_after.get(&participant.user) {
                None => update.removed_indices.push(user_index),
                Some(role_index) if *role_index != participant.role_index => {
                    update.changed_role_participants.push(UserindexRolePair { user_index, role_index: *role_index });
                }
                Some(_) => {}
            }
        }
        let added = after.participants.participants.iter().filter(|now| !roles_before.contains_key(&now.user));
        update.added_participants.extend(added.cloned());
        (update != ParticipantListUpdate::default()).then_some(update)
    }

    /// The value of a component, as it stands in the dictionary.
    pub(crate) fn component(&self, id: u16) -> Option<Vec<u8>> {
        if id == numbers::COMPONENT_HARDENING {
            return Some(self.hardening.to_component());
        }
        self.to_dictionary().get(&id).map(<[u8]>::to_vec)
    }
}

fn decode<T: tls_codec::Deserialize>(data: &[u8]) -> Result<T, MlsError> {
    decode_exact(data).map_err(MlsError::malformed)
}
