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

mod commit;
mod create;
mod follow;
mod group_info;
mod join;
mod judge;
mod leave;
mod message;
mod replay;

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use openmls::prelude::{
    Capabilities, CredentialType, ExtensionType, GroupId, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupJoinConfig,
    ProposalType, PublicGroup, RequiredCapabilitiesExtension, SenderRatchetConfiguration,
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
use crate::provider::Provider;
use crate::rows::{GroupChanges, GroupSnapshot, Rows};
use crate::{ClientIdentity, MlsError, RoomState, overlay};

/// Stragglers of so many past epochs still decrypt (application messages only).
pub(crate) const PAST_EPOCHS: usize = 2;
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
    records: Vec<EpochRecord>,
    state: RoomState,
    members: Vec<Member>,
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

pub(crate) fn join_config(past_epochs: usize) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(past_epochs)
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

impl Group {
    /// A group that the store has given back.
    ///
    /// # Errors
    /// If the rows are not a group.
    pub fn load(snapshot: GroupSnapshot) -> Result<Self, MlsError> {
        let (state, members) = read(&snapshot)?;
        Ok(Self { stored: snapshot.clone(), snapshot, records: Vec::new(), state, members })
    }

    /// An epoch of which nothing has been stored yet, under its record or otherwise.
    pub(crate) fn load_unstored(snapshot: GroupSnapshot) -> Result<Self, MlsError> {
        let stored = GroupSnapshot::empty(&snapshot.group_id, snapshot.head);
        Ok(Self { stored, ..Self::load(snapshot)? })
    }

    /// The same epoch with another state. What is stored of it stays known.
    pub(crate) fn replace(&mut self, other: Self) {
        let stored = std::mem::replace(&mut self.stored, GroupSnapshot::empty(&[], other.snapshot.head));
        *self = Self { stored, ..other };
    }

    /// A client has come in beside the others.
    pub(crate) fn hold(&mut self, client: &ClientUri, private: Rows) {
        self.snapshot.clients.insert(client.clone(), private);
    }

    /// The secrets of this epoch go.
    pub(crate) fn drop_secrets(&mut self) {
        self.snapshot.clients.clear();
    }

    /// A group that nothing has been stored of yet.
    fn fresh(snapshot: GroupSnapshot, record: EpochRecord) -> Result<Self, MlsError> {
        let (state, members) = read(&snapshot)?;
        let stored = GroupSnapshot::empty(&snapshot.group_id, snapshot.head);
        Ok(Self { snapshot, stored, records: vec![record], state, members })
    }

    /// The group as it stands.
    pub fn snapshot(&self) -> &GroupSnapshot {
        &self.snapshot
    }

    /// What has changed since it was loaded; asked once, then it counts as stored. Only the head's state is kept: with a
    /// new head, the old one is forgotten.
    pub fn take_changes(&mut self) -> GroupChanges {
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

    /// What a client has to be able to do to be added.
    pub fn required_capabilities(&self) -> RequiredCapabilitiesExtension {
        required_capabilities()
    }

    /// The ratchet tree, encoded.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn ratchet_tree(&self) -> Result<Vec<u8>, MlsError> {
        let (_, public) = self.public_group()?;
        Ok(causeway_drafts::encode(&public.export_ratchet_tree()))
    }

    /// The GroupContext, encoded [RFC 9420 §8.1].
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn group_context(&self) -> Result<Vec<u8>, MlsError> {
        Ok(causeway_drafts::encode(self.public_group()?.1.group_context()))
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
        let provider = overlay::provider([&self.snapshot.public, &proposals]);
        let group = PublicGroup::load(provider.storage(), &self.mls_group_id())
            .map_err(MlsError::stored)?
            .ok_or_else(|| MlsError::Stored("the public part is missing".to_owned()))?;
        Ok((provider, group))
    }

    /// A member's view.
    fn member_group(&self, client: &ClientUri) -> Result<(Provider, MlsGroup), MlsError> {
        let rows = self.snapshot.clients.get(client).ok_or_else(|| MlsError::NoSuchClient(client.clone()))?;
        let provider = overlay::provider([&self.snapshot.public, rows]);
        let group = MlsGroup::load(provider.storage(), &self.mls_group_id())
            .map_err(MlsError::stored)?
            .ok_or_else(|| MlsError::Stored(format!("the private part of {client} is missing")))?;
        Ok((provider, group))
    }

    /// Takes back what an operation of one client left.
    fn keep_private(&mut self, client: &ClientUri, provider: &Provider) {
        let (_, private) = overlay::split(provider);
        self.snapshot.clients.insert(client.clone(), private);
    }

    /// Enters the epoch that a commit opens: new public rows, new private rows of those still in.
    fn enter(&mut self, commit: &[u8], next: NextEpoch) -> Result<EpochRecord, MlsError> {
        let parent = self.snapshot.head;
        let id = parent.id.child(commit)?;
        let head = EpochRef { id, number: parent.number + 1 };
        let snapshot = GroupSnapshot { group_id: self.snapshot.group_id.clone(), head, public: next.public, clients: next.clients };
        let (state, members) = read(&snapshot)?;
        (self.snapshot, self.state, self.members) = (snapshot, state, members);
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

    /// RFC 9420 §8.1: the head's, as the stored public state has it.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn confirmation_tag(&self) -> Result<Vec<u8>, MlsError> {
        let (_, public) = self.public_group()?;
        Ok(tag_bytes(&public))
    }
}

/// What an epoch consists of.
struct NextEpoch {
    public: Rows,
    clients: BTreeMap<ClientUri, Rows>,
    committer: Option<ClientUri>,
}

fn tag_bytes(public: &PublicGroup) -> Vec<u8> {
    // The tag is an opaque<V> of 32 octets in our ciphersuite.
    causeway_drafts::encode(public.confirmation_tag()).split_off(1)
}

/// The name of the epoch where our knowledge begins.
fn root_id(public: &PublicGroup) -> EpochId {
    EpochId::root(&causeway_drafts::encode(public.group_context()))
}

/// Room state and roster of a snapshot.
fn read(snapshot: &GroupSnapshot) -> Result<(RoomState, Vec<Member>), MlsError> {
    let provider = overlay::provider([&snapshot.public]);
    let public = PublicGroup::load(provider.storage(), &GroupId::from_slice(&snapshot.group_id))
        .map_err(MlsError::stored)?
        .ok_or_else(|| MlsError::Stored("the public part is missing".to_owned()))?;
    let dictionary = public
        .group_context()
        .extensions()
        .app_data_dictionary()
        .map(|extension| extension.dictionary())
        .ok_or_else(|| MlsError::Invalid("G-66: the group has no app_data_dictionary".to_owned()))?;
    Ok((RoomState::from_dictionary(dictionary)?, roster(&public)?))
}

fn roster(public: &PublicGroup) -> Result<Vec<Member>, MlsError> {
    public
        .members()
        .map(|member| {
            let (client, user) = named_client(&member.credential)?;
            Ok(Member { leaf: member.index.u32(), client, user })
        })
        .collect()
}
