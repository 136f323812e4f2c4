//! Own commits: made, published, and only then applied.

use causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate;
use causeway_drafts::mimi_protocol_06::room_metadata::RoomMetadata;
use causeway_drafts::mimi_room_policy_04::base_room_policy::BaseRoomPolicy;
use causeway_drafts::mimi_room_policy_04::roles_list::RolesList;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_drafts::{encode, numbers};
use openmls::framing::{SafeAad, SafeAadItem};
use openmls::prelude::{AppDataUpdateProposal, LeafNodeIndex, LeafNodeParameters, Proposal};
use openmls_traits::OpenMlsProvider;

use super::harden::{self, LaidOut, entered, leaf_parameters};
use super::judge::{check_not_last, dictionary_updates};
use super::kept::View;
use super::replay::Credentials;
use super::{CommitSummary, Group, NEXT_EPOCH, PENDING_COMMIT_KEY, StagedEpoch, join_config};
use crate::credential::TrustRoots;
use crate::epoch_id::EpochRecord;
use crate::{ClientIdentity, Hardening, MlsError, key_package};

/// What a commit shall do. What is proposed already is always included (P-118).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommitPlan {
    /// Clients to add, by their KeyPackages.
    pub add_key_packages: Vec<Vec<u8>>,
    /// Clients to remove.
    pub remove_clients: Vec<ClientUri>,
    /// A change of the participant list.
    pub participants: Option<ParticipantListUpdate>,
    /// New metadata.
    pub metadata: Option<RoomMetadata>,
    /// New role definitions.
    pub roles: Option<RolesList>,
    /// Another policy of the room.
    pub base_policy: Option<BaseRoomPolicy>,
    /// Another hardening (DMLS-34).
    pub hardening: Option<Hardening>,
    /// The term that it is made in (DMLS-10). Term 0 is not said.
    pub term: u64,
}

/// An own commit that waits for the hub.
#[derive(Clone, Debug)]
pub struct PendingCommit {
    /// The commit, an MLSMessage.
    pub commit: Vec<u8>,
    /// The Welcome for those it adds, bare.
    pub welcome: Option<Vec<u8>>,
    /// The new epoch's GroupInfo, bare, without tree.
    pub group_info: Vec<u8>,
    /// The new epoch's tree.
    pub ratchet_tree: Vec<u8>,
    /// What it does.
    pub summary: CommitSummary,
}

impl CommitPlan {
    fn changes_nothing(&self) -> bool {
        *self == Self { term: self.term, ..Self::default() }
    }

    fn app_data_updates(&self) -> Vec<Proposal> {
        let update = |id: u16, data: Vec<u8>| Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(id, data)));
        let participants = self.participants.as_ref().map(|value| update(numbers::COMPONENT_PARTICIPANT_LIST, encode(value)));
        let metadata = self.metadata.as_ref().map(|value| update(numbers::COMPONENT_ROOM_METADATA, encode(value)));
        let roles = self.roles.as_ref().map(|value| update(numbers::COMPONENT_ROLES_LIST, encode(value)));
        let base_policy = self.base_policy.as_ref().map(|value| update(numbers::COMPONENT_BASE_ROOM_POLICY, encode(value)));
        let hardening = self.hardening.map(|value| update(numbers::COMPONENT_HARDENING, value.to_component()));
        [participants, metadata, roles, base_policy, hardening].into_iter().flatten().collect()
    }
}

impl Group {
    /// Makes a commit and keeps it pending, with what the client will hold in the epoch that it opens. It is judged first
    /// as every receiver will judge it.
    ///
    /// # Errors
    /// If MLS or the room's policy forbids it; then nothing is pending.
    pub fn commit(
        &mut self,
        identity: &ClientIdentity,
        plan: &CommitPlan,
        roots: &TrustRoots,
        now_ms: u64,
    ) -> Result<PendingCommit, MlsError> {
        let client = &identity.client_uri;
        check_not_last(self.epoch().number)?;
        let mut view = self.member_group(client)?;
        let View { provider, library: group, .. } = &mut view;
        group.clear_pending_commit(provider.storage()).map_err(MlsError::stored)?;
        group.set_configuration(provider.storage(), &join_config()).map_err(MlsError::stored)?;
        let key_packages = plan.add_key_packages.iter().map(|bytes| key_package::parse(bytes)).collect::<Result<Vec<_>, _>>()?;
        let removals = plan.remove_clients.iter().map(|client| self.leaf_of(client)).collect::<Result<Vec<_>, _>>()?;
        if plan.term > 0 {
            let items = vec![SafeAadItem::new(numbers::COMPONENT_DMLS, plan.term.to_be_bytes().to_vec())];
            match self.state.is_plain() {
                // The library frames nothing where the GroupContext does not ask for it.
                true => group.set_aad(encode(&SafeAad::from_items(items).map_err(MlsError::invalid)?)),
                false => group.set_safe_aad(items).map_err(MlsError::invalid)?,
            }
        }
        let psk = self.lay_out_for(plan, client, (provider, group))?;
        let is_renewal = plan.changes_nothing() && group.pending_proposals().next().is_none();
        let is_silent = !self.state.is_plain() && harden::is_silent(group.own_leaf_node());
        let leaf = if is_silent { leaf_parameters()? } else { LeafNodeParameters::default() };
        let mut stage = group
            .commit_builder()
            .consume_proposal_store(true)
            .propose_adds(key_packages)
            .propose_removals(removals)
            .add_proposals(plan.app_data_updates())
            .add_proposals(psk.as_ref().map(LaidOut::proposal))
            // With a PSK in its list, a commit that does nothing else would renew nothing either [RFC 9420 §12.4].
            .force_self_update(is_renewal)
            .leaf_node_parameters(leaf)
            .load_psks(provider.storage())
            .map_err(MlsError::invalid)?
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        let proposals: Vec<_> = stage.app_data_update_proposals().cloned().collect();
        let updates = dictionary_updates(stage.app_data_dictionary_updater(), &self.state, &proposals)?;
        stage.with_app_data_dictionary_updates(updates);
        let bundle = stage
            .build(provider.rand(), provider.crypto(), &identity.signer(), |_| true)
            .map_err(MlsError::invalid)?
            .stage_commit(provider)
            .map_err(MlsError::invalid)?;
        let commit = bundle.commit().to_bytes().map_err(MlsError::invalid)?;
        let group_info = bundle.group_info().map(encode).ok_or_else(|| MlsError::Invalid("no GroupInfo was made".to_owned()))?;
        let staged = self.judge_publicly(&commit, Credentials::Hold(roots, now_ms))?;
        group.merge_pending_commit(provider).map_err(MlsError::invalid)?;
        psk.map_or(Ok(()), |psk| psk.clear(provider))?;
        let next = entered(provider, group)?;
        view.public.clone_from(&staged.public.rows);
        view.now_stands_for(&next);
        self.clear_pending(client)?;
        if let Some(rows) = self.snapshot.clients.get_mut(client) {
            rows.insert(PENDING_COMMIT_KEY.to_vec(), commit.clone());
            rows.extend(next.into_iter().map(|(key, value)| ([NEXT_EPOCH, &key].concat(), value)));
        }
        self.kept.keep_member(client, view);
        Ok(PendingCommit {
            commit,
            welcome: bundle.welcome().map(encode),
            group_info,
            ratchet_tree: staged.ratchet_tree(),
            summary: staged.summary().clone(),
        })
    }

    fn leaf_of(&self, client: &ClientUri) -> Result<LeafNodeIndex, MlsError> {
        let member = self.members.iter().find(|member| member.client == *client);
        member.map(|member| LeafNodeIndex::new(member.leaf)).ok_or_else(|| MlsError::NoSuchClient(client.clone()))
    }

    /// The commit that a client has pending.
    pub fn pending_commit(&self, client: &ClientUri) -> Option<&[u8]> {
        self.snapshot.clients.get(client)?.get(PENDING_COMMIT_KEY).map(Vec::as_slice)
    }

    /// The hub has taken a client's pending commit.
    ///
    /// # Errors
    /// If there is none.
    pub fn merge_pending(
        &mut self,
        client: &ClientUri,
        roots: &TrustRoots,
        now_ms: u64,
    ) -> Result<(EpochRecord, CommitSummary), MlsError> {
        let commit = self.pending_commit(client).ok_or_else(|| MlsError::Stored("no commit is pending".to_owned()))?.to_vec();
        let staged: StagedEpoch = self.stage(&commit, roots, now_ms)?;
        let summary = staged.summary().clone();
        Ok((self.merge(staged)?, summary))
    }

    /// The hub has not taken it.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn clear_pending(&mut self, client: &ClientUri) -> Result<(), MlsError> {
        if self.pending_commit(client).is_none() {
            return Ok(());
        }
        if self.snapshot.clients.get(client).is_some_and(|rows| !rows.keys().any(|key| key.starts_with(NEXT_EPOCH))) {
            // The earlier version left it to openmls.
            let mut view = self.member_group(client)?;
            view.library.clear_pending_commit(view.provider.storage()).map_err(MlsError::stored)?;
            self.keep_private(client, view)?;
        }
        self.rest();
        if let Some(rows) = self.snapshot.clients.get_mut(client) {
            rows.retain(|key, _| key.as_slice() != PENDING_COMMIT_KEY && !key.starts_with(NEXT_EPOCH));
        }
        Ok(())
    }
}
