//! A group: its public state, and the private state of those of its members that are ours.
//!
//! Every operation loads openmls from rows, works, and takes rows back; a failed one takes nothing back.

/// Names an operation for as long as the returned guard lives, so that whoever has a clock can time it.
macro_rules! operation {
    ($name:literal) => {
        tracing::trace_span!(target: "causeway_mls::operation", $name).entered()
    };
}
use operation;

mod authorise;
mod commit;
mod create;
mod follow;
mod group_info;
mod harden;
mod join;
mod judge;
mod leave;
mod listed;
mod message;
mod replay;

use std::borrow::Cow;
use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use openmls::prelude::{
    Capabilities, ConfirmationTag, CredentialType, ExtensionType, GroupId, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup,
    MlsGroupJoinConfig, ProposalType, PublicGroup, RequiredCapabilitiesExtension, SenderRatchetConfiguration,
};
use openmls_traits::OpenMlsProvider;

pub use commit::{CommitPlan, PendingCommit};
pub use create::CreateGroup;
pub(crate) use follow::Child;
pub use join::{ExternalJoin, JoinableGroupInfo};
pub use judge::{CommitSummary, ProposalSummary, StagedEpoch};
pub(crate) use judge::{Unfit, handshake};
pub(crate) use message::application_epoch;
pub use message::{ApplicationHeader, Opened};

use crate::credential::named_client;
use crate::epoch_id::{EpochId, EpochOrigin, EpochRecord, EpochRef};
use crate::rows::{GroupChanges, GroupSnapshot, PastEpoch, Rows};
use crate::storage::node::{Nodes, StoredNodes};
use crate::storage::{self, OURS, Provider, Public};
use crate::{ClientIdentity, MlsError, RoomState};

/// Stragglers of so many past epochs still decrypt (application messages only), if nothing else is set: their states are kept.
pub const PAST_EPOCHS: usize = 2;
/// The most that may be set.
pub const MAX_PAST_EPOCHS: u64 = 16;
const OUT_OF_ORDER_TOLERANCE: u32 = 100;
const MAX_FORWARD_DISTANCE: u32 = 1000;

/// A client in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its leaf.
    pub leaf: u32,
    /// The client.
    pub client: ClientUri,
    /// Its user.
    pub user: UserUri,
}

/// A group in memory.
#[derive(Clone)]
pub struct Group {
    snapshot: GroupSnapshot,
    stored: GroupSnapshot,
    stored_nodes: StoredNodes,
    records: Vec<EpochRecord>,
    state: RoomState,
    members: Vec<Member>,
    past_epochs: usize,
}

/// What our clients can do: the baseline of every room (G-66).
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::new(
        None,
        None,
        Some(&[ExtensionType::AppDataDictionary]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        Some(&[CredentialType::X509]),
    )
}

pub(crate) fn required_capabilities() -> RequiredCapabilitiesExtension {
    RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[CredentialType::X509],
    )
}

pub(crate) fn ratchet_configuration() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER_TOLERANCE, MAX_FORWARD_DISTANCE)
}

/// openmls' own memory of past epochs is off: each epoch's secrets stand in its own state, and nowhere else.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(0)
        .number_of_resumption_psks(0)
        .sender_ratchet_configuration(ratchet_configuration())
        .build()
}

/// The row that lists a client's queued proposals; there is none while nothing is queued.
const PROPOSAL_REFERENCES: &[u8] = b"ProposalQueueRefs";
/// The rows of the proposals themselves.
const QUEUED_PROPOSAL: &[u8] = b"QueuedProposal";

/// The key under which a client's own pending commit stands, beside openmls' rows.
pub(crate) const PENDING_COMMIT_KEY: &[u8] = b"causeway/pending-commit";
/// The key under which stands, beside openmls' rows, that an epoch's secrets have sealed or opened something.
const USED_KEY: &[u8] = b"causeway/used";
/// What keys of the client's rows in the epoch that its pending commit opens begin with.
pub(crate) const NEXT_EPOCH: &[u8] = b"causeway/next-epoch/";

impl Group {
    /// A group that the store has given back.
    ///
    /// # Errors
    /// If the rows are not a group.
    pub fn load(snapshot: GroupSnapshot) -> Result<Self, MlsError> {
        let nodes = snapshot.nodes.clone();
        let group = Self::load_state(snapshot)?;
        Ok(Self { stored_nodes: StoredNodes::of(&nodes, group.snapshot.nodes.clone()), ..group })
    }

    /// The same where somebody else knows which nodes are stored.
    pub(crate) fn load_state(mut snapshot: GroupSnapshot) -> Result<Self, MlsError> {
        snapshot.nodes = snapshot.roots();
        let (state, members) = read(&snapshot)?;
        let (stored, stored_nodes) = (snapshot.clone(), StoredNodes::default());
        Ok(Self { stored, stored_nodes, snapshot, records: Vec::new(), state, members, past_epochs: PAST_EPOCHS })
    }

    /// An epoch of which nothing has been stored yet, under its record or otherwise.
    pub(crate) fn load_unstored(snapshot: GroupSnapshot) -> Result<Self, MlsError> {
        let stored = GroupSnapshot::empty(&snapshot.group_id, snapshot.head);
        Ok(Self { stored, ..Self::load_state(snapshot)? })
    }

    /// The same epoch with another state. What is stored of it stays known.
    pub(crate) fn replace(&mut self, other: Self) {
        let stored = std::mem::replace(&mut self.stored, GroupSnapshot::empty(&[], other.snapshot.head));
        *self = Self { stored, ..other };
    }

    /// A client has come in beside the others.
    pub(crate) fn hold(&mut self, client: &ClientUri, private: Rows) {
        let is_used = self.is_used();
        self.snapshot.clients.insert(client.clone(), private);
        if is_used {
            self.mark_used();
        }
    }

    /// The epoch's secrets have sealed or opened something.
    pub(crate) fn mark_used(&mut self) {
        if let Some(rows) = self.snapshot.clients.values_mut().next().filter(|rows| !rows.contains_key(USED_KEY)) {
            rows.insert(USED_KEY.to_vec(), Vec::new());
        }
    }

    /// Whether they have.
    pub(crate) fn is_used(&self) -> bool {
        self.snapshot.clients.values().any(|rows| rows.contains_key(USED_KEY))
    }

    /// From the next epoch on, stragglers of so many past epochs decrypt.
    pub fn keep_past_epochs(&mut self, epochs: usize) {
        self.past_epochs = epochs;
    }

    /// The secrets of past epochs go whose time is up.
    pub fn forget_past(&mut self, is_due: impl Fn(&EpochId) -> bool) {
        self.snapshot.past.retain(|id, _| !is_due(id));
        self.snapshot.nodes = self.snapshot.roots();
    }

    /// A hub orders from now on, and this epoch is over: of its secrets, those stay that open messages.
    pub(crate) fn keep_for_stragglers(&mut self) {
        for rows in self.snapshot.clients.values_mut() {
            *rows = storage::for_stragglers(rows);
        }
    }

    /// The secrets of this epoch go.
    pub(crate) fn drop_secrets(&mut self) {
        self.snapshot.clients.clear();
        self.snapshot.past.clear();
        self.snapshot.nodes = self.snapshot.roots();
    }

    /// What of the epochs before it a state of the same epoch has brought.
    pub(crate) fn keep_past(&mut self, past: BTreeMap<EpochId, PastEpoch>, nodes: &Nodes) {
        self.snapshot.past.extend(past);
        self.snapshot.nodes.extend(nodes);
        self.snapshot.nodes = self.snapshot.roots();
    }

    /// The same, where it is stored with the state already.
    pub(crate) fn stored_past(&mut self, past: BTreeMap<EpochId, PastEpoch>, nodes: &Nodes) {
        self.stored.past.extend(past.clone());
        self.keep_past(past, nodes);
    }

    /// Which nodes are stored is somebody else's concern from now on.
    pub(crate) fn take_stored_nodes(&mut self) -> StoredNodes {
        std::mem::take(&mut self.stored_nodes)
    }

    /// A group that nothing has been stored of yet.
    fn fresh(snapshot: GroupSnapshot, record: EpochRecord) -> Result<Self, MlsError> {
        let (state, members) = read(&snapshot)?;
        let stored = GroupSnapshot::empty(&snapshot.group_id, snapshot.head);
        Ok(Self {
            snapshot,
            stored,
            stored_nodes: StoredNodes::default(),
            records: vec![record],
            state,
            members,
            past_epochs: PAST_EPOCHS,
        })
    }

    /// The group as it stands.
    pub fn snapshot(&self) -> &GroupSnapshot {
        &self.snapshot
    }

    /// What has changed since it was loaded; asked once, then it counts as stored. The states of the head and of a few
    /// epochs before it are kept.
    pub fn take_changes(&mut self) -> GroupChanges {
        let nodes = self.stored_nodes.change_to(self.snapshot.roots());
        GroupChanges { nodes, ..self.take_changes_of_rows() }
    }

    /// The same without nodes.
    pub(crate) fn take_changes_of_rows(&mut self) -> GroupChanges {
        let changes = GroupChanges::between(&self.stored, &self.snapshot, std::mem::take(&mut self.records));
        self.stored = self.snapshot.clone();
        changes
    }

    /// The MLS group id.
    pub fn group_id(&self) -> &[u8] {
        &self.snapshot.group_id
    }

    /// The head.
    pub fn epoch(&self) -> EpochRef {
        self.snapshot.head
    }

    /// The room's state at the head.
    pub fn room_state(&self) -> &RoomState {
        &self.state
    }

    /// All clients.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Those that are ours.
    pub fn own_clients(&self) -> impl Iterator<Item = &ClientUri> {
        self.snapshot.clients.keys()
    }

    /// Whether the client is ours and in the group.
    pub fn holds(&self, client: &ClientUri) -> bool {
        self.snapshot.clients.contains_key(client)
    }

    /// Whether proposals wait for a commit: until then MLS lets nobody seal a message.
    pub fn has_pending_proposals(&self) -> bool {
        self.snapshot.clients.values().flat_map(|rows| rows.keys()).any(|key| key.starts_with(PROPOSAL_REFERENCES))
    }

    /// What a client has to be able to do to be added. In a plain group, nothing but what its GroupContext says.
    pub fn required_capabilities(&self) -> RequiredCapabilitiesExtension {
        if !self.state.is_plain() {
            return required_capabilities();
        }
        let said = |public: PublicGroup| public.group_context().extensions().required_capabilities().cloned();
        self.public_group().ok().and_then(|(_, public)| said(public)).unwrap_or_default()
    }

    /// The ratchet tree, encoded.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn ratchet_tree(&self) -> Result<Vec<u8>, MlsError> {
        exported_tree(&self.snapshot.public_state(), &self.mls_group_id())
    }

    /// The GroupContext, encoded [RFC 9420 §8.1].
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn group_context(&self) -> Result<Vec<u8>, MlsError> {
        Ok(causeway_drafts::encode(&storage::group_context(&self.snapshot.public_state())?))
    }

    /// The signature key of a member's leaf.
    ///
    /// # Errors
    /// If the client is not in the group.
    pub fn signature_key_of(&self, client: &ClientUri) -> Result<Vec<u8>, MlsError> {
        let leaf = self.members.iter().find(|member| member.client == *client).map(|member| member.leaf);
        let leaf = leaf.ok_or_else(|| MlsError::NoSuchClient(client.clone()))?;
        let (_, public) = self.public_group()?;
        let member = public.members().find(|member| member.index.u32() == leaf);
        member.map(|member| member.signature_key).ok_or_else(|| MlsError::NoSuchClient(client.clone()))
    }

    /// A GroupInfo of the head without tree, signed by an own member.
    ///
    /// # Errors
    /// If the client is not in the group.
    pub fn group_info(&self, identity: &ClientIdentity) -> Result<Vec<u8>, MlsError> {
        let (provider, group) = self.member_group(&identity.client_uri)?;
        let message = group.export_group_info(provider.crypto(), &identity.signer(), false).map_err(MlsError::invalid)?;
        // MLSMessage: version and wire format precede the GroupInfo.
        Ok(message.to_bytes().map_err(MlsError::invalid)?.split_off(4))
    }

    fn mls_group_id(&self) -> GroupId {
        GroupId::from_slice(&self.snapshot.group_id)
    }

    /// The delivery service's view: public state, no secret.
    fn public_group(&self) -> Result<(Provider, PublicGroup), MlsError> {
        let queue = self.snapshot.clients.values().next();
        let proposals: Rows = queue
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.starts_with(QUEUED_PROPOSAL) || key.starts_with(PROPOSAL_REFERENCES))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let provider = Provider::over_epoch(&self.snapshot.public_state(), Some(&proposals))?;
        let group = load_public(&provider, &self.mls_group_id())?;
        Ok((provider, group))
    }

    /// A member's view of the head.
    fn member_group(&self, client: &ClientUri) -> Result<(Provider, MlsGroup), MlsError> {
        self.member_group_in(&self.snapshot.head.id, client)
    }

    /// A member's view of an epoch that is kept.
    fn member_group_in(&self, epoch: &EpochId, client: &ClientUri) -> Result<(Provider, MlsGroup), MlsError> {
        let past = self.snapshot.past.get(epoch);
        let (public, clients) = past.map_or((&self.snapshot.public, &self.snapshot.clients), |past| (&past.public, &past.clients));
        let mut rows = Cow::Borrowed(clients.get(client).ok_or_else(|| MlsError::NoSuchClient(client.clone()))?);
        if let (Some(_), Some(own)) = (past, self.snapshot.clients.values().next()) {
            rows.to_mut().extend(storage::blanks(own)?);
        }
        let provider = Provider::over_epoch(&self.snapshot.public_of(public), Some(&rows))?.without_trees();
        let group = MlsGroup::load(provider.storage(), &self.mls_group_id())
            .map_err(MlsError::stored)?
            .ok_or_else(|| MlsError::Stored(format!("the private part of {client} is missing")))?;
        Ok((provider, group))
    }

    /// The head with openmls' own view of an own client, and what that leaves: for tests of what openmls alone would do.
    ///
    /// # Errors
    /// If the client is not in the group, or the stored state is broken.
    #[cfg(feature = "planted-bugs")]
    pub fn with_library<T>(
        &self,
        client: &ClientUri,
        act: impl FnOnce(&storage::Provider, &mut MlsGroup) -> T,
    ) -> Result<(T, Self), MlsError> {
        let (provider, mut library) = self.member_group(client)?;
        let result = act(&provider, &mut library);
        let mut group = self.clone();
        group.keep_private(client, &provider)?;
        Ok((result, group))
    }

    /// Takes back what an operation of one client in the head left.
    fn keep_private(&mut self, client: &ClientUri, provider: &Provider) -> Result<(), MlsError> {
        self.keep_private_in(&self.snapshot.head.id.clone(), client, provider)
    }

    /// Takes back what an operation of one client left.
    fn keep_private_in(&mut self, epoch: &EpochId, client: &ClientUri, provider: &Provider) -> Result<(), MlsError> {
        let mut private = provider.private()?;
        if let Some(past) = self.snapshot.past.get_mut(epoch) {
            past.clients.insert(client.clone(), storage::for_stragglers(&private));
            return Ok(());
        }
        let clients = &mut self.snapshot.clients;
        if let Some(rows) = clients.get_mut(client) {
            private.extend(rows.iter().filter(|(key, _)| key.starts_with(OURS)).map(|(key, value)| (key.clone(), value.clone())));
            *rows = private;
        }
        Ok(())
    }

    /// Enters the epoch that a commit opens: new public rows, new private rows of those still in.
    fn enter(&mut self, commit: &[u8], next: NextEpoch) -> Result<EpochRecord, MlsError> {
        let parent = self.snapshot.head;
        let id = parent.id.child(commit)?;
        let head = EpochRef { id, number: parent.number + 1 };
        let Public { rows: public, nodes } = next.public;
        let group_id = self.snapshot.group_id.clone();
        let snapshot = GroupSnapshot { group_id, head, public, nodes, clients: next.clients, past: BTreeMap::new() };
        let (state, members) = read(&snapshot)?;
        let before = std::mem::replace(&mut self.snapshot, snapshot);
        (self.state, self.members) = (state, members);
        self.keep_before(before)?;
        let record = EpochRecord {
            id,
            parent: Some(parent.id),
            number: head.number,
            confirmation_tag: self.confirmation_tag()?,
            committer: next.committer,
            commit: commit.to_vec(),
            origin: EpochOrigin::Committed,
        };
        self.records.push(record.clone());
        Ok(record)
    }

    /// Keeps the last epochs for stragglers, with what opens messages of those who are still in.
    fn keep_before(&mut self, before: GroupSnapshot) -> Result<(), MlsError> {
        let oldest = self.snapshot.head.number.saturating_sub(self.past_epochs as u64);
        let mut nodes = before.nodes;
        let mut head = PastEpoch { public: before.public, clients: before.clients };
        for rows in head.clients.values_mut() {
            *rows = storage::for_stragglers(rows);
        }
        for (id, mut past) in before.past.into_iter().chain([(before.head.id, head)]) {
            past.clients.retain(|client, _| self.snapshot.clients.contains_key(client));
            let public = Public { nodes: nodes.roots_of(&past.public), rows: past.public.clone() };
            if !past.clients.is_empty() && number_of(&public).is_ok_and(|number| number >= oldest) {
                self.snapshot.past.insert(id, past);
            }
        }
        nodes.extend(&self.snapshot.nodes);
        self.snapshot.nodes = nodes;
        self.snapshot.nodes = self.snapshot.roots();
        Ok(())
    }

    /// The head's epoch_authenticator, a secret of its members [RFC 9420 §8.7]: two that compare theirs know whether they
    /// are in one epoch.
    ///
    /// # Errors
    /// If the client is not ours, or not in the group.
    pub fn epoch_authenticator(&self, client: &ClientUri) -> Result<Vec<u8>, MlsError> {
        let (_, group) = self.member_group(client)?;
        Ok(group.epoch_authenticator().as_slice().to_vec())
    }

    /// RFC 9420 §8.1: the head's, as the stored public state has it.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn confirmation_tag(&self) -> Result<Vec<u8>, MlsError> {
        Ok(opaque(&storage::confirmation_tag(&self.snapshot.public)?))
    }
}

/// What an epoch consists of.
struct NextEpoch {
    public: Public,
    clients: BTreeMap<ClientUri, Rows>,
    committer: Option<ClientUri>,
}

fn tag_bytes(public: &PublicGroup) -> Vec<u8> {
    opaque(public.confirmation_tag())
}

/// The tag is an opaque<V> of 32 octets in our ciphersuite.
fn opaque(tag: &ConfirmationTag) -> Vec<u8> {
    causeway_drafts::encode(tag).split_off(1)
}

/// The name of the epoch where our knowledge begins.
fn root_id(public: &PublicGroup) -> EpochId {
    EpochId::root(&causeway_drafts::encode(public.group_context()))
}

fn load_public(provider: &Provider, group_id: &GroupId) -> Result<PublicGroup, MlsError> {
    PublicGroup::load(provider.storage(), group_id)
        .map_err(MlsError::stored)?
        .ok_or_else(|| MlsError::Stored("the public part is missing".to_owned()))
}

/// The ratchet tree of a public state, encoded.
fn exported_tree(public: &Public, group_id: &GroupId) -> Result<Vec<u8>, MlsError> {
    let group = load_public(&Provider::over_epoch(public, None)?, group_id)?;
    Ok(causeway_drafts::encode(&group.export_ratchet_tree()))
}

/// The number of an epoch.
pub(crate) fn number_of(public: &Public) -> Result<u64, MlsError> {
    Ok(storage::group_context(public)?.epoch().as_u64())
}

/// Room state and roster of a snapshot.
fn read(snapshot: &GroupSnapshot) -> Result<(RoomState, Vec<Member>), MlsError> {
    let public = snapshot.public_state();
    let context = storage::group_context(&public)?;
    let members = roster(snapshot, &public)?;
    let state = match context.extensions().app_data_dictionary() {
        Some(extension) => RoomState::from_dictionary(extension.dictionary())?,
        None => RoomState::plain(&snapshot.group_id, members.iter().map(|member| &member.user))?,
    };
    Ok((state, members))
}

fn roster(snapshot: &GroupSnapshot, public: &Public) -> Result<Vec<Member>, MlsError> {
    let Some(leaves) = public.leaves()? else {
        // As the earlier version stored it.
        let group = load_public(&Provider::over_epoch(public, None)?, &GroupId::from_slice(&snapshot.group_id))?;
        let members = group.members().map(|member| (member.index.u32(), named_client(&member.credential)));
        return members.map(|(leaf, named)| named.map(|(client, user)| Member { leaf, client, user })).collect();
    };
    let members = leaves.into_iter().map(|(leaf, node)| {
        let (client, user) = node.named_by(named_client)?.clone();
        Ok(Member { leaf, client, user })
    });
    members.collect()
}
