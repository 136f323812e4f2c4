//! A device: one MLS client of one user, with its own storage, groups and messages.

use std::collections::BTreeMap;

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::group_info::GroupInfoRatchetTreeTbe;
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate;
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, RoomUri, UserUri};
use causeway_drafts::{Verbatim, encode, numbers};
use openmls::framing::SafeAadItem;
use openmls::prelude::{
    AppDataDictionary, AppDataDictionaryExtension, AppDataUpdateOperation, AppDataUpdateProposal, Capabilities, CredentialType,
    Extension, ExtensionType, Extensions, ExternalSender, GroupContext, GroupId, KeyPackage, LeafNodeIndex, LeafNodeParameters,
    Lifetime, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, MlsMessageBodyIn,
    MlsMessageOut, ProcessedMessage, ProcessedMessageContent, Proposal, ProposalType, ProtocolMessage, RatchetTreeIn,
    RequiredCapabilitiesExtension, SenderRatchetConfiguration, StagedCommit, StagedWelcome, Welcome,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;

use super::credentials::{Identity, Trust, named_client};
use super::crypto::SUITE;
use super::error::{Error, Result};
use super::messages::{self, Heard, Sealed};
use super::policy;
use super::room_state::{RoomState, dictionary_updates};
use super::view::{Member, Scene, View, roster};

const PAST_EPOCHS: usize = 2;
const KEY_PACKAGE_LIFETIME: u64 = 30 * 24 * 3600;

/// A device.
pub(crate) struct Device {
    /// Its URI.
    pub(crate) client: ClientUri,
    /// Its key.
    pub(crate) identity: Identity,
    mls: OpenMlsRustCrypto,
    rooms: BTreeMap<RoomUri, Membership>,
}

/// A device in a room, or what is left of that.
#[derive(Default)]
pub(crate) struct Membership {
    group: Option<MlsGroup>,
    /// Why it is out; none while it is in.
    pub(crate) ended: Option<String>,
    /// What it has heard and said, in order.
    pub(crate) messages: Vec<Heard>,
}

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

/// What our clients can do (G-66).
pub(crate) fn capabilities() -> Capabilities {
    let proposals = [ProposalType::AppDataUpdate, ProposalType::SelfRemove];
    Capabilities::new(None, None, Some(&[ExtensionType::AppDataDictionary]), Some(&proposals), Some(&[CredentialType::X509]))
}

/// What clients have to be able to do to be in a room (G-66).
pub(crate) fn required_capabilities() -> RequiredCapabilitiesExtension {
    let proposals = [ProposalType::AppDataUpdate, ProposalType::SelfRemove];
    RequiredCapabilitiesExtension::new(&[ExtensionType::AppDataDictionary], &proposals, &[CredentialType::X509])
}

/// The KeyPackageRef of a KeyPackage.
///
/// # Errors
/// If it cannot be hashed.
pub(crate) fn reference(key_package: &KeyPackage) -> Result<Vec<u8>> {
    let reference = key_package.hash_ref(OpenMlsRustCrypto::default().crypto()).map_err(Error::internal)?;
    Ok(reference.as_slice().to_vec())
}

fn ratchets() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(100, 1000)
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .sender_ratchet_configuration(ratchets())
        .build()
}

fn bytes(message: &MlsMessageOut) -> Result<Vec<u8>> {
    message.to_bytes().map_err(Error::internal)
}

fn protocol_message(message: &Message) -> Result<ProtocolMessage> {
    message.value().mls().clone().try_into_protocol_message().map_err(Error::malformed)
}

impl Membership {
    /// The group, while the device is in it.
    pub(crate) fn group(&self) -> Option<&MlsGroup> {
        self.group.as_ref().filter(|_| self.ended.is_none())
    }

    /// The group as it was when the device was last in it.
    pub(crate) fn last_group(&self) -> Option<&MlsGroup> {
        self.group.as_ref()
    }
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
    /// A device with a fresh identity.
    pub(crate) fn new(client: ClientUri, identity: Identity) -> Self {
        Self { client, identity, mls: OpenMlsRustCrypto::default(), rooms: BTreeMap::new() }
    }

    /// Its user.
    pub(crate) fn user(&self) -> UserUri {
        self.client.user_uri()
    }

    /// The rooms that it is or was in.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (&RoomUri, &Membership)> {
        self.rooms.iter()
    }

    /// Its part in a room.
    pub(crate) fn membership(&self, room: &RoomUri) -> Option<&Membership> {
        self.rooms.get(room)
    }

    /// Whether it is in a room's group.
    pub(crate) fn is_in(&self, room: &RoomUri) -> bool {
        self.rooms.get(room).is_some_and(|membership| membership.group().is_some())
    }

    fn group(&self, room: &RoomUri) -> Result<&MlsGroup> {
        let group = self.rooms.get(room).and_then(Membership::group);
        group.ok_or_else(|| Error::NotFound(format!("{} is not in {room}", self.client)))
    }

    fn group_mut(&mut self, room: &RoomUri) -> Result<(&OpenMlsRustCrypto, &Identity, &mut MlsGroup)> {
        let gone = || Error::NotFound(format!("{} is not in {room}", self.client));
        let membership = self.rooms.get_mut(room).filter(|membership| membership.ended.is_none()).ok_or_else(gone)?;
        let group = membership.group.as_mut().ok_or_else(gone)?;
        Ok((&self.mls, &self.identity, group))
    }

    /// The state of a room as the device sees it.
    ///
    /// # Errors
    /// If it is not in the room.
    pub(crate) fn state(&self, room: &RoomUri) -> Result<RoomState> {
        RoomState::of(self.group(room)?.extensions())
    }

    /// The clients of a room as the device sees them.
    ///
    /// # Errors
    /// If it is not in the room.
    pub(crate) fn members(&self, room: &RoomUri) -> Result<Vec<Member>> {
        roster(self.group(room)?.members())
    }

    /// The epoch that the device is in.
    ///
    /// # Errors
    /// If it is not in the room.
    pub(crate) fn epoch(&self, room: &RoomUri) -> Result<u64> {
        Ok(self.group(room)?.epoch().as_u64())
    }

    /// Whether proposals wait for a commit.
    pub(crate) fn has_proposals(&self, room: &RoomUri) -> bool {
        self.group(room).is_ok_and(|group| group.pending_proposals().next().is_some())
    }

    /// Whether any of those is the device's own.
    pub(crate) fn proposes(&self, room: &RoomUri) -> bool {
        self.group(room).is_ok_and(|group| {
            let own = openmls::prelude::Sender::Member(group.own_leaf_index());
            group.pending_proposals().any(|proposal| *proposal.sender() == own)
        })
    }

    /// A fresh KeyPackage. Its secrets stay here until a Welcome uses them.
    ///
    /// # Errors
    /// If no key can be made.
    pub(crate) fn key_package(&self) -> Result<KeyPackage> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .key_package_lifetime(Lifetime::new(KEY_PACKAGE_LIFETIME))
            .build(SUITE, &self.mls, self.identity.signer(), self.identity.credential_with_key())
            .map_err(Error::internal)?;
        Ok(bundle.key_package().clone())
    }

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
        let id = causeway_drafts::mimi_uri::GroupUri::new(&room.provider(), &room.id());
        let id = GroupId::from_slice(id.as_str().as_bytes());
        let credential = self.identity.credential_with_key();
        let group = MlsGroup::new_with_group_id(&self.mls, self.identity.signer(), &config, id, credential).map_err(Error::internal)?;
        let info = group.export_group_info(self.mls.crypto(), self.identity.signer(), false).map_err(Error::internal)?;
        let tree = encode(&group.export_ratchet_tree());
        self.enter(room, group);
        Ok((bytes(&info)?.split_off(4), tree))
    }

    fn enter(&mut self, room: &RoomUri, group: MlsGroup) {
        let membership = self.rooms.entry(room.clone()).or_default();
        membership.group = Some(group);
        membership.ended = None;
    }

    /// Forgets the group of a room that the device is out of, so that it can come back.
    fn forget(&mut self, room: &RoomUri) -> Result<()> {
        let Some(membership) = self.rooms.get_mut(room) else { return Ok(()) };
        match membership.group.take() {
            Some(mut group) => group.delete(self.mls.storage()).map_err(Error::internal),
            None => Ok(()),
        }
    }

    /// The device is out of a room.
    pub(crate) fn end(&mut self, room: &RoomUri, why: impl Into<String>) {
        if let Some(membership) = self.rooms.get_mut(room) {
            let why = why.into();
            tracing::info!(client = %self.client, %room, why, "a device is out of a room");
            membership.ended.get_or_insert(why);
        }
    }

    // --- own changes -------------------------------------------------------------------------------------------

    /// Makes a commit and keeps it pending.
    ///
    /// # Errors
    /// If MLS forbids it.
    pub(crate) fn commit(&mut self, room: &RoomUri, plan: &Plan) -> Result<UpdateRequest> {
        let before = self.state(room)?;
        let members = self.members(room)?;
        let leaf = |client: &ClientUri| {
            let member = members.iter().find(|member| member.client == *client);
            member.map(|member| LeafNodeIndex::new(member.leaf)).ok_or_else(|| Error::NotFound(format!("{client} is not in {room}")))
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
    pub(crate) fn said(&mut self, room: &RoomUri, draft: &messages::Draft, epoch: u64, (frank, at): (Option<&Frank>, u64), trust: &Trust) {
        let Ok(state) = self.state(room) else { return };
        let from = messages::Origin { client: self.client.clone(), own: true, epoch, tag: Some(draft.tag) };
        let delivery = messages::Delivery { room, state: &state, frank, accepted_timestamp: at, trust };
        if let (Ok(heard), Some(membership)) = (messages::hear(&from, &draft.application_data, &delivery), self.rooms.get_mut(room)) {
            membership.messages.push(heard);
        }
    }

    // --- joining -----------------------------------------------------------------------------------------------

    /// Joins by a Welcome, after checking who else is there.
    ///
    /// # Errors
    /// If the Welcome is not for a KeyPackage of this device, or the group none to stay in; then nothing has changed.
    pub(crate) fn join(&mut self, room: &RoomUri, welcome: &[u8], tree: &[u8], trust: &Trust) -> Result<()> {
        if self.is_in(room) {
            return Err(Error::NotAllowed(format!("{} is in {room} already", self.client)));
        }
        self.forget(room)?;
        let kept = self.mls.storage().values.read().map(|values| values.clone()).map_err(Error::internal)?;
        match self.try_join(room, welcome, tree, trust) {
            Ok(group) => {
                self.enter(room, group);
                Ok(())
            }
            Err(error) => {
                *self.mls.storage().values.write().map_err(Error::internal)? = kept;
                Err(error)
            }
        }
    }

    fn try_join(&self, room: &RoomUri, welcome: &[u8], tree: &[u8], trust: &Trust) -> Result<MlsGroup> {
        let welcome: Verbatim<Welcome> = Verbatim::from_bytes(welcome)?;
        let tree: Verbatim<RatchetTreeIn> = Verbatim::from_bytes(tree)?;
        let group = StagedWelcome::new_from_welcome(&self.mls, &join_config(), welcome.into_value(), Some(tree.into_value()))
            .map_err(Error::invalid)?
            .into_group(&self.mls)
            .map_err(Error::invalid)?;
        check_group(&group, room, trust)?;
        Ok(group)
    }

    /// Makes an external commit [mimi-protocol-06 §5.6]. The device counts as in from now on, so that nothing that
    /// follows the commit is missed; [`Self::abandon`] if the hub refuses.
    ///
    /// # Errors
    /// If the GroupInfo does not hold, or the device is in the room.
    pub(crate) fn join_externally(&mut self, room: &RoomUri, info: &GroupInfoRatchetTreeTbe, trust: &Trust) -> Result<UpdateRequest> {
        if self.is_in(room) {
            return Err(Error::NotAllowed(format!("{} is in {room} already", self.client)));
        }
        self.forget(room)?;
        let tree: Verbatim<RatchetTreeIn> = Verbatim::from_bytes(&info.ratchet_tree.full_bytes()?)?;
        let pending = info.pending_proposals.iter().filter_map(|pending| match pending.proposal.value().mls().clone().extract() {
            MlsMessageBodyIn::PublicMessage(message) => Some(message),
            _ => None,
        });
        let leaf = LeafNodeParameters::builder().with_capabilities(capabilities()).build();
        let (group, bundle) = MlsGroup::external_commit_builder()
            .with_config(join_config())
            .with_ratchet_tree(tree.into_value())
            .with_proposals(pending.collect())
            .build_group(&self.mls, info.group_info.value().clone(), self.identity.credential_with_key())
            .map_err(Error::invalid)?
            .leaf_node_parameters(leaf)
            .load_psks(self.mls.storage())
            .map_err(Error::invalid)?
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.mls.rand(), self.mls.crypto(), self.identity.signer(), |_| true)
            .map_err(Error::invalid)?
            .finalize(&self.mls)
            .map_err(Error::invalid)?;
        let tree = encode(&group.export_ratchet_tree());
        let checked = check_group(&group, room, trust);
        self.enter(room, group);
        if let Err(error) = checked {
            self.abandon(room);
            return Err(error);
        }
        let info = bundle.group_info().map(encode).ok_or_else(|| Error::Internal("a commit without GroupInfo".to_owned()))?;
        Ok(UpdateRequest::commit(&bytes(bundle.commit())?, None, &info, &tree)?)
    }

    /// The hub has not taken the external commit.
    pub(crate) fn abandon(&mut self, room: &RoomUri) {
        self.end(room, "the hub refused the external commit");
        if let Err(error) = self.forget(room) {
            tracing::warn!(%error, "cannot forget a group");
        }
    }

    // --- what the hub fans out ---------------------------------------------------------------------------------

    /// Takes what the hub has accepted. A message that cannot be used is noted; a commit that cannot be followed
    /// ends the device's part in the room.
    ///
    /// # Errors
    /// [`Error::RootsNeeded`]; then nothing has changed.
    pub(crate) fn hear(&mut self, room: &RoomUri, message: &FanoutMessage, trust: &Trust) -> Result<Option<String>> {
        if !self.is_in(room) {
            return Ok(None);
        }
        let outcome = match &message.body {
            FanoutBody::Welcome { .. } => Ok(None),
            FanoutBody::Application { message: sealed, frank } => self.open(room, sealed, (frank.as_ref(), message.timestamp), trust),
            FanoutBody::Proposal { first, more } => {
                std::iter::once(first).chain(more).try_for_each(|proposal| self.queue(room, proposal)).map(|()| None)
            }
            FanoutBody::Commit { commit, external_proposals } => match self.follow(room, commit, trust) {
                Ok(note) => external_proposals.iter().try_for_each(|proposal| self.queue(room, proposal)).map(|()| note),
                Err(Error::RootsNeeded(domain)) => Err(Error::RootsNeeded(domain)),
                Err(error) => {
                    self.end(room, error.to_string());
                    Ok(Some(format!("a commit could not be followed: {error}")))
                }
            },
        };
        match outcome {
            Err(Error::RootsNeeded(domain)) => Err(Error::RootsNeeded(domain)),
            Err(error) => Ok(Some(error.to_string())),
            Ok(note) => Ok(note),
        }
    }

    fn queue(&mut self, room: &RoomUri, proposal: &Message) -> Result<()> {
        let Ok((mls, _, group)) = self.group_mut(room) else { return Ok(()) };
        if let MlsMessageBodyIn::PublicMessage(public) = proposal.value().mls().clone().extract()
            && (public.epoch() < group.epoch() || *public.sender() == openmls::prelude::Sender::Member(group.own_leaf_index()))
        {
            return Ok(());
        }
        let processed = group.process_message(mls, protocol_message(proposal)?).map_err(Error::invalid)?;
        match processed.into_content() {
            ProcessedMessageContent::ProposalMessage(queued) => {
                group.store_pending_proposal(mls.storage(), *queued).map_err(Error::internal)
            }
            _ => Err(Error::NotAllowed("not a proposal".to_owned())),
        }
    }

    /// Follows a commit. Returns what the room's policy says against it: the hub's word orders the room all the same.
    fn follow(&mut self, room: &RoomUri, commit: &Message, trust: &Trust) -> Result<Option<String>> {
        let before = self.state(room)?;
        let members = self.members(room)?;
        let (mls, _, group) = self.group_mut(room)?;
        let message = protocol_message(commit)?;
        if message.epoch() < group.epoch() {
            return Ok(None);
        }
        let processed = group.process_message(mls, message).map_err(Error::invalid)?;
        let sender = processed.sender().clone();
        let staged = match processed.into_content() {
            ProcessedMessageContent::OwnPendingCommit => {
                group.merge_pending_commit(mls).map_err(Error::internal)?;
                return Ok(None);
            }
            content => staged_commit(mls, group, &before, content)?,
        };
        let view = View::of_commit(Scene { state: &before, members, trust }, &staged, &sender)?;
        let note = policy::judge_commit(&view).err().map(|error| format!("the hub accepted what it should not have: {error}"));
        if staged.self_removed() {
            self.end(room, "removed");
            return Ok(note);
        }
        group.merge_staged_commit(mls, staged).map_err(Error::internal)?;
        Ok(note)
    }

    fn open(&mut self, room: &RoomUri, sealed: &Message, (frank, at): (Option<&Frank>, u64), trust: &Trust) -> Result<Option<String>> {
        let state = self.state(room)?;
        let own = self.client.clone();
        let (mls, _, group) = self.group_mut(room)?;
        let message = protocol_message(sealed)?;
        let epoch = message.epoch().as_u64();
        let processed: ProcessedMessage = group.process_message(mls, message).map_err(Error::invalid)?;
        if matches!(processed.content(), ProcessedMessageContent::OwnPrivateMessage) {
            return Ok(None);
        }
        let tag = processed.safe_aad_item(numbers::COMPONENT_FRANK_AAD).and_then(|item| item.try_into().ok());
        let client = named_client(processed.credential())?;
        let ProcessedMessageContent::ApplicationMessage(data) = processed.into_content() else {
            return Err(Error::NotAllowed("P-043: not application data".to_owned()));
        };
        let origin = messages::Origin { own: client == own, client, epoch, tag };
        let delivery = messages::Delivery { room, state: &state, frank, accepted_timestamp: at, trust };
        let heard = messages::hear(&origin, &data.into_bytes(), &delivery)?;
        if let Some(membership) = self.rooms.get_mut(room) {
            membership.messages.push(heard);
        }
        Ok(None)
    }
}

fn staged_commit(
    mls: &OpenMlsRustCrypto,
    group: &MlsGroup,
    before: &RoomState,
    content: ProcessedMessageContent,
) -> Result<StagedCommit> {
    match content {
        ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
        ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
            let updates =
                dictionary_updates(group.app_data_dictionary_updater(), before, unresolved.app_data_update_proposals())?;
            group.stage_app_data_commit(mls, *unresolved, updates).map_err(Error::invalid)
        }
        _ => Err(Error::NotAllowed("not a commit".to_owned())),
    }
}

/// Whether a group that a device comes into is the room's, and one to stay in (P-114, P-115, R-063).
fn check_group(group: &MlsGroup, room: &RoomUri, trust: &Trust) -> Result<()> {
    let state = RoomState::of(group.extensions())?;
    if state.metadata.room_uri != *room {
        return Err(Error::NotAllowed(format!("P-008: the group is {}'s, not {room}'s", state.metadata.room_uri)));
    }
    for member in group.members() {
        let client = trust.certify(&member.credential, &member.signature_key)?;
        if state.role_of(&client.user_uri()) == 0 {
            return Err(Error::NotAllowed(format!("R-063: {client} is in the group, but its user not in the list")));
        }
    }
    let senders = group.extensions().external_senders();
    let hubs = senders.into_iter().flatten().map(|sender| super::hub::sender_parts(sender));
    let is_hub = |(key, credential): &(Vec<u8>, openmls::prelude::Credential)| trust.certify_hub(&room.provider(), credential, key);
    let mut refusal = Error::NotAllowed("P-115: the hub is not among the external senders".to_owned());
    for sender in hubs {
        match sender.and_then(|sender| is_hub(&sender)) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}
