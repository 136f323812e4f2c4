//! The room's state: what the components in the group's `app_data_dictionary` say [mimi-protocol-06 §7].

use causeway_drafts::application::{ComponentsList, MediaType, MediaTypeList};
use causeway_drafts::mimi_protocol_06::franking::FrankingAgent;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListData, ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{NO_ROLE, RolesList};
use causeway_drafts::mimi_uri::{RoomUri, UserUri};
use causeway_drafts::{decode_exact, encode, numbers};
use openmls::component::ComponentData;
use openmls::group::{AppDataDictionaryUpdater, AppDataUpdates};
use openmls::prelude::{AppDataDictionary, AppDataUpdateOperation, AppDataUpdateProposal, Extensions, GroupContext};

use super::credentials::Identity;
use super::error::{Error, Result};
use super::roles;

/// The state of a room in one epoch.
#[derive(Clone, Debug)]
pub(crate) struct RoomState {
    dictionary: AppDataDictionary,
    /// Who takes part, in which role.
    pub(crate) participants: ParticipantListData,
    /// Name and the like.
    pub(crate) metadata: RoomMetadata,
    /// What roles there are.
    pub(crate) roles: RolesList,
    /// The policy.
    pub(crate) base_policy: BaseRoomPolicy,
    /// Who franks, if anybody does.
    pub(crate) franking_agent: Option<FrankingAgent>,
}

/// The dictionary of a new room.
pub(crate) fn new_room(room: &RoomUri, name: &str, creator: &UserUri, hub: &Identity) -> AppDataDictionary {
    let mut dictionary = AppDataDictionary::new();
    let mut components = vec![numbers::COMPONENT_FRANK_AAD];
    components.extend(numbers::ROOM_COMPONENTS);
    let creator = UserRolePair { user: creator.clone(), role_index: roles::ADMIN };
    let agent = FrankingAgent { franking_signature_key: hub.public().into(), credential: hub.credential() };
    let safe_aad = ComponentsList { component_ids: vec![numbers::COMPONENT_FRANK_AAD] };
    let media_types = MediaTypeList { media_types: vec![MediaType::mimi_content()] };
    let policy = BaseRoomPolicy::ordinary(numbers::ROOM_COMPONENTS.to_vec());
    dictionary.insert(numbers::COMPONENT_APP_COMPONENTS, encode(&ComponentsList { component_ids: components }));
    dictionary.insert(numbers::COMPONENT_SAFE_AAD, encode(&safe_aad));
    dictionary.insert(numbers::COMPONENT_CONTENT_MEDIA_TYPES, encode(&media_types));
    dictionary.insert(numbers::COMPONENT_FRANKING_AGENT, encode(&agent));
    dictionary.insert(numbers::COMPONENT_PARTICIPANT_LIST, encode(&ParticipantListData { participants: vec![creator] }));
    dictionary.insert(numbers::COMPONENT_ROOM_METADATA, encode(&RoomMetadata::named(room, name)));
    dictionary.insert(numbers::COMPONENT_ROLES_LIST, encode(&roles::of_new_rooms()));
    dictionary.insert(numbers::COMPONENT_BASE_ROOM_POLICY, encode(&policy));
    dictionary
}

impl RoomState {
    /// What a group's context says.
    ///
    /// # Errors
    /// If a component is missing or malformed.
    pub(crate) fn of(extensions: &Extensions<GroupContext>) -> Result<Self> {
        let extension = extensions.app_data_dictionary();
        let extension = extension.ok_or_else(|| Error::NotAllowed("G-66: the group has no app_data_dictionary".to_owned()))?;
        Self::read(extension.dictionary().clone())
    }

    fn read(dictionary: AppDataDictionary) -> Result<Self> {
        let roles: RolesList = component(&dictionary, numbers::COMPONENT_ROLES_LIST)?;
        let metadata: RoomMetadata = component(&dictionary, numbers::COMPONENT_ROOM_METADATA)?;
        let base_policy: BaseRoomPolicy = component(&dictionary, numbers::COMPONENT_BASE_ROOM_POLICY)?;
        roles.validate().and(metadata.validate()).and(base_policy.validate()).map_err(|rule| Error::NotAllowed(rule.to_owned()))?;
        let agent = dictionary.get(&numbers::COMPONENT_FRANKING_AGENT).map(decode_exact).transpose()?;
        let participants = component(&dictionary, numbers::COMPONENT_PARTICIPANT_LIST)?;
        Ok(Self { participants, metadata, roles, base_policy, franking_agent: agent, dictionary })
    }

    /// The state after one AppDataUpdate. Participant lists change by difference (G-31), the others are replaced.
    ///
    /// # Errors
    /// If the update does not fit.
    pub(crate) fn after(&self, proposal: &AppDataUpdateProposal) -> Result<Self> {
        let id = proposal.component_id();
        let AppDataUpdateOperation::Update(data) = proposal.operation() else {
            return Err(Error::NotAllowed(format!("G-66: component {id:#06x} cannot be removed")));
        };
        let value = match id {
            numbers::COMPONENT_PARTICIPANT_LIST => {
                let update: ParticipantListUpdate = decode_exact(data.as_slice())?;
                encode(&self.participants.apply(&update).map_err(|error| Error::NotAllowed(error.to_string()))?)
            }
            numbers::COMPONENT_ROOM_METADATA | numbers::COMPONENT_ROLES_LIST | numbers::COMPONENT_BASE_ROOM_POLICY => {
                data.as_slice().to_vec()
            }
            _ => return Err(Error::NotAllowed(format!("G-65, P-050: component {id:#06x} cannot be updated"))),
        };
        let mut dictionary = self.dictionary.clone();
        dictionary.insert(id, value);
        Self::read(dictionary)
    }

    /// The role of a user; 0 for whoever is not in the list.
    pub(crate) fn role_of(&self, user: &UserUri) -> u32 {
        self.participants.find(user).map_or(NO_ROLE, |participant| participant.role_index)
    }

    /// Whether a user's role has a capability.
    pub(crate) fn has(&self, user: &UserUri, capability: Capability) -> bool {
        self.roles.has(self.role_of(user), capability)
    }
}

fn component<T: tls_codec::Deserialize>(dictionary: &AppDataDictionary, id: u16) -> Result<T> {
    let data = dictionary.get(&id).ok_or_else(|| Error::NotAllowed(format!("G-66: component {id:#06x} is missing")))?;
    Ok(decode_exact(data)?)
}

/// A commit's proposals in the order in which they take effect: by component, then as they stand in the commit.
pub(crate) fn in_order<'a>(proposals: impl Iterator<Item = &'a AppDataUpdateProposal>) -> Vec<&'a AppDataUpdateProposal> {
    let mut proposals: Vec<_> = proposals.collect();
    proposals.sort_by_key(|proposal| proposal.component_id());
    proposals
}

/// What openmls needs to know of the dictionary after a commit's proposals [mls-extensions-09 §4.7].
///
/// # Errors
/// If a proposal does not fit.
pub(crate) fn dictionary_updates<'a>(
    mut updater: AppDataDictionaryUpdater<'_>,
    before: &RoomState,
    proposals: impl Iterator<Item = &'a AppDataUpdateProposal>,
) -> Result<Option<AppDataUpdates>> {
    let proposals = in_order(proposals);
    let after = proposals.iter().try_fold(before.clone(), |state, proposal| state.after(proposal))?;
    for id in proposals.iter().map(|proposal| proposal.component_id()) {
        let value = after.dictionary.get(&id).unwrap_or_default();
        updater.set(ComponentData::from_parts(id, value.to_vec().into()));
    }
    Ok(updater.changes())
}
