//! What a device does in a room: each change waits for the hub.

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate;
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, GroupUri, RoomUri};
use causeway_drafts::{encode, numbers};
use openmls::framing::SafeAadItem;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, AppDataUpdateOperation, AppDataUpdateProposal, Extension, Extensions,
    ExternalSender, GroupContext, GroupId, KeyPackage, LeafNodeIndex, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup,
    MlsGroupCreateConfig, Proposal,
};
use openmls_traits::OpenMlsProvider;

use super::{Device, PAST_EPOCHS, bytes, capabilities, ratchets, required_capabilities};
use crate::provider::credentials::{Identity, Trust};
use crate::provider::crypto::SUITE;
use crate::provider::error::{Error, Result};
use crate::provider::messages::{self, Sealed};
use crate::provider::room_state::dictionary_updates;

/// What a commit shall do. What is proposed already is always included (P-118).
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// Clients to add.
    pub(crate) adds: Vec<KeyPackage>,
    /// Clients to remove.
    pub(crate) removes: Vec<ClientUri>,
    /// A change of the participant list.
    pub(crate) participants: Option<ParticipantListUpdate>,
    /// New metadata.
    pub(crate) metadata: Option<RoomMetadata>,
}

impl Plan {
    fn app_data_updates(&self) -> Vec<Proposal> {
        let update = |id: u16, data: Vec<u8>| Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(id, data)));
        let participants = self.participants.as_ref().map(|value| update(numbers::COMPONENT_PARTICIPANT_LIST, encode(value)));
        let metadata = self.metadata.as_ref().map(|value| update(numbers::COMPONENT_ROOM_METADATA, encode(value)));
        participants.into_iter().chain(metadata).collect()
    }
}

impl Device {
    /// Creates a room's group with this device alone in it. Returns GroupInfo and tree.
    ///
    /// # Errors
    /// If it is in the room already.
    pub(crate) fn create(&mut self, room: &RoomUri, dictionary: AppDataDictionary, hub: &Identity) -> Result<(Vec<u8>, Vec<u8>)> {
        let extensions: Extensions<GroupContext> = Extensions::from_vec(vec![
            Extension::RequiredCapabilities(required_capabilities()),
            Extension::ExternalSenders(vec![ExternalSender::new(hub.public().into(), hub.credential())]),
            Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)),
        ])
        .map_err(Error::internal)?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .capabilities(capabilities())
            .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .max_past_epochs(PAST_EPOCHS)
            .number_of_resumption_psks(0)
            .sender_ratchet_configuration(ratchets())
            .with_group_context_extensions(extensions)
            .build();
        let id = GroupUri::new(&room.provider(), &room.id());
        let id = GroupId::from_slice(id.as_str().as_bytes());
        let credential = self.identity.credential_with_key();
        let group =
            MlsGroup::new_with_group_id(&self.mls, self.identity.signer(), &config, id, credential).map_err(Error::internal)?;
        let info = group.export_group_info(self.mls.crypto(), self.identity.signer(), false).map_err(Error::internal)?;
        let tree = encode(&group.export_ratchet_tree());
        self.enter(room, group);
        Ok((bytes(&info)?.split_off(4), tree))
    }

    /// Makes a commit and keeps it pending.
    ///
    /// # Errors
    /// If MLS forbids it.
    pub(crate) fn commit(&mut self, room: &RoomUri, plan: &Plan) -> Result<UpdateRequest> {
        let before = self.state(room)?;
        let members = self.members(room)?;
        let leaf = |client: &ClientUri| {
            let member = members.iter().find(|member| member.client == *client);
            member
                .map(|member| LeafNodeIndex::new(member.leaf))
                .ok_or_else(|| Error::NotFound(format!("{client} is not in {room}")))
        };
        let removals = plan.removes.iter().map(leaf).collect::<Result<Vec<_>>>()?;
        let (mls, identity, group) = self.group_mut(room)?;
        group.clear_pending_commit(mls.storage()).map_err(Error::internal)?;
        let tree_before = group.export_ratchet_tree();
        let mut stage = group
            .commit_builder()
            .consume_proposal_store(true)
            .propose_adds(plan.adds.clone())
            .propose_removals(removals)
            .add_proposals(plan.app_data_updates())
            .load_psks(mls.storage())
            .map_err(Error::invalid)?
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        let proposals: Vec<_> = stage.app_data_update_proposals().cloned().collect();
        let updates = dictionary_updates(stage.app_data_dictionary_updater(), &before, proposals.iter())?;
        stage.with_app_data_dictionary_updates(updates);
        let bundle = stage
            .build(mls.rand(), mls.crypto(), identity.signer(), |_| true)
            .map_err(Error::invalid)?
            .stage_commit(mls)
            .map_err(Error::invalid)?;
        let (commit, welcome, info) = (bytes(bundle.commit())?, bundle.welcome().map(encode), bundle.group_info().map(encode));
        let tree = group.pending_commit().map(|staged| staged.export_ratchet_tree(mls.crypto(), tree_before)).transpose();
        let tree = tree.map_err(Error::internal)?.flatten().ok_or_else(|| Error::Internal("a commit without tree".to_owned()))?;
        let info = info.ok_or_else(|| Error::Internal("a commit without GroupInfo".to_owned()))?;
        Ok(UpdateRequest::commit(&commit, welcome.as_deref(), &info, &encode(&tree))?)
    }

    /// The hub has taken the pending commit.
    ///
    /// # Errors
    /// If the group is broken.
    pub(crate) fn merge(&mut self, room: &RoomUri) -> Result<()> {
        let (mls, _, group) = self.group_mut(room)?;
        if group.pending_commit().is_none() {
            return Ok(());
        }
        group.merge_pending_commit(mls).map_err(Error::internal)
    }

    /// The hub has not taken it.
    pub(crate) fn withdraw(&mut self, room: &RoomUri) {
        if let Ok((mls, _, group)) = self.group_mut(room)
            && let Err(error) = group.clear_pending_commit(mls.storage())
        {
            tracing::warn!(%error, "cannot clear a pending commit");
        }
    }

    /// Proposes to leave with all devices of the user: SelfRemove for the own leaf, Remove for the others, and the
    /// removal from the list (G-24).
    ///
    /// # Errors
    /// If the user is no participant.
    pub(crate) fn leave(&mut self, room: &RoomUri) -> Result<UpdateRequest> {
        let user = self.user();
        let position = self.state(room)?.participants.position(&user);
        let position = position.ok_or_else(|| Error::NotFound(format!("{user} is not a participant")))?;
        let others: Vec<u32> = self
            .members(room)?
            .iter()
            .filter(|member| member.client.user_uri() == user && member.client != self.client)
            .map(|member| member.leaf)
            .collect();
        let (mls, identity, group) = self.group_mut(room)?;
        let mut proposals = vec![group.leave_group_via_self_remove(mls, identity.signer()).map_err(Error::invalid)?];
        for leaf in others {
            let leaf = LeafNodeIndex::new(leaf);
            proposals.push(group.propose_remove_member(mls, identity.signer(), leaf).map_err(Error::invalid)?.0);
        }
        let update = ParticipantListUpdate { removed_indices: vec![position], ..ParticipantListUpdate::default() };
        let operation = AppDataUpdateOperation::Update(encode(&update).into());
        let component = numbers::COMPONENT_PARTICIPANT_LIST;
        proposals.push(group.propose_app_data_update(mls, identity.signer(), component, operation).map_err(Error::invalid)?.0);
        let proposals = proposals.iter().map(bytes).collect::<Result<Vec<_>>>()?;
        Ok(UpdateRequest::proposals(&proposals)?)
    }

    /// The hub has not taken the own proposals.
    pub(crate) fn withdraw_proposals(&mut self, room: &RoomUri) {
        if let Ok((mls, _, group)) = self.group_mut(room)
            && let Err(error) = group.clear_pending_proposals(mls.storage())
        {
            tracing::warn!(%error, "cannot clear pending proposals");
        }
    }

    /// Seals application data with its franking tag (P-054).
    ///
    /// # Errors
    /// If the device is not in the room, or proposals have to be committed first.
    pub(crate) fn seal(&mut self, room: &RoomUri, sealed: &messages::Draft) -> Result<Sealed> {
        let (mls, identity, group) = self.group_mut(room)?;
        let tag = SafeAadItem::new(numbers::COMPONENT_FRANK_AAD, sealed.tag.to_vec());
        group.set_safe_aad(vec![tag]).map_err(Error::internal)?;
        let message = group.create_message(mls, identity.signer(), &sealed.application_data).map_err(Error::invalid)?;
        Ok(Sealed { message: bytes(&message)?, epoch: group.epoch().as_u64() })
    }

    /// The hub has taken an own message.
    pub(crate) fn said(
        &mut self,
        room: &RoomUri,
        draft: &messages::Draft,
        epoch: u64,
        (frank, at): (Option<&Frank>, u64),
        trust: &Trust,
    ) {
        let Ok(state) = self.state(room) else { return };
        let from = messages::Origin { client: self.client.clone(), own: true, epoch, tag: Some(draft.tag) };
        let delivery = messages::Delivery { room, state: &state, frank, accepted_timestamp: at, trust };
        if let (Ok(heard), Some(membership)) = (messages::hear(&from, &draft.application_data, &delivery), self.rooms.get_mut(room))
        {
            membership.messages.push(heard);
        }
    }
}
