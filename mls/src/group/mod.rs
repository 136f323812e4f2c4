//! A group: its public state, and the private state of those of its members that are ours.
//!
//! Rows are what there is of it. An operation has openmls work on what they say, and takes rows back; a failed one takes nothing
//! back. What openmls has built from them is kept for the next operation, as long as they stay what they are.

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
mod kept;
mod leave;
mod library;
mod listed;
mod message;
mod past;
mod replay;
mod roster;

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use openmls::prelude::{
    Capabilities, ConfirmationTag, CredentialType, ExtensionType, GroupId, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroupJoinConfig,
    ProposalType, PublicGroup, RequiredCapabilitiesExtension, SenderRatchetConfiguration,
};
use openmls_traits::OpenMlsProvider;

pub use commit::{CommitPlan, PendingCommit};
pub use create::CreateGroup;
pub(crate) use follow::Child;
pub use join::{ExternalJoin, JoinableGroupInfo};
pub use judge::{CommitSummary, ProposalSummary, StagedEpoch};
pub(crate) use judge::{Unfit, handshake};
use kept::{Ahead, Kept};
use library::{PROPOSAL_REFERENCES, QUEUED_PROPOSAL, load_public};
pub(crate) use message::application_epoch;
pub use message::{ApplicationHeader, Opened};
pub(crate) use past::number_of;
pub use past::{MAX_PAST_EPOCHS, PAST_EPOCHS};
use roster::{read, roster};

use crate::epoch_id::{EpochId, EpochOrigin, EpochRecord, EpochRef};
use crate::rows::{GroupChanges, GroupSnapshot, Rows};
use crate::storage::node::StoredNodes;
use crate::storage::{self, Public};
use crate::{ClientIdentity, MlsError, RoomState};

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
    kept: Kept,
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
        let (records, kept) = (Vec::new(), Kept::default());
        Ok(Self { stored, stored_nodes, snapshot, records, state, members, past_epochs: PAST_EPOCHS, kept })
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
            kept: Kept::default(),
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
        if !changes.states.is_empty() || !changes.forgotten.is_empty() || self.stored.head != self.snapshot.head {
            self.stored = self.snapshot.clone();
        }
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
        let said = |public: &PublicGroup| public.group_context().extensions().required_capabilities().cloned();
        self.ask_public(said).ok().flatten().unwrap_or_default()
    }

    /// The ratchet tree, encoded.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn ratchet_tree(&self) -> Result<Vec<u8>, MlsError> {
        self.ask_public(|public| causeway_drafts::encode(&public.export_ratchet_tree()))
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
        let member = self.ask_public(|public| public.members().find(|member| member.index.u32() == leaf))?;
        member.map(|member| member.signature_key).ok_or_else(|| MlsError::NoSuchClient(client.clone()))
    }

    /// A GroupInfo of the head without tree, signed by an own member.
    ///
    /// # Errors
    /// If the client is not in the group.
    pub fn group_info(&self, identity: &ClientIdentity) -> Result<Vec<u8>, MlsError> {
        let message = self.ask_member(&identity.client_uri, |provider, group| {
            group.export_group_info(provider.crypto(), &identity.signer(), false).map_err(MlsError::invalid)
        })?;
        // MLSMessage: version and wire format precede the GroupInfo.
        Ok(message.to_bytes().map_err(MlsError::invalid)?.split_off(4))
    }

    fn mls_group_id(&self) -> GroupId {
        GroupId::from_slice(&self.snapshot.group_id)
    }

    /// Enters the epoch that a commit opens: new public rows, new private rows of those still in.
    fn enter(&mut self, staged: StagedEpoch, mut clients: BTreeMap<ClientUri, Rows>, kept: Kept) -> Result<EpochRecord, MlsError> {
        let parent = self.snapshot.head;
        let id = parent.id.child(&staged.commit)?;
        let head = EpochRef { id, number: parent.number + 1 };
        match staged.ahead {
            Ahead::Server(view) => kept.keep_public(*view),
            Ahead::Member { client, private, view } if self.snapshot.clients.contains_key(&client) => {
                if view.has_nothing_but(&private) {
                    kept.keep_member(&client, *view);
                }
                clients.insert(client, private);
            }
            Ahead::Member { .. } => {}
        }
        let Public { rows: public, nodes } = staged.public;
        let group_id = self.snapshot.group_id.clone();
        let snapshot = GroupSnapshot { group_id, head, public, nodes, clients, past: BTreeMap::new() };
        self.members = roster(&snapshot, &snapshot.public_state())?;
        let before = std::mem::replace(&mut self.snapshot, snapshot);
        let committer = Some(staged.summary.committer);
        (self.state, self.kept) = (staged.summary.after, kept);
        self.keep_before(before)?;
        let record = EpochRecord {
            id,
            parent: Some(parent.id),
            number: head.number,
            confirmation_tag: self.confirmation_tag()?,
            committer,
            commit: staged.commit,
            origin: EpochOrigin::Committed,
        };
        self.records.push(record.clone());
        Ok(record)
    }

    /// The head's epoch_authenticator, a secret of its members [RFC 9420 §8.7]: two that compare theirs know whether they
    /// are in one epoch.
    ///
    /// # Errors
    /// If the client is not ours, or not in the group.
    pub fn epoch_authenticator(&self, client: &ClientUri) -> Result<Vec<u8>, MlsError> {
        self.ask_member(client, |_, group| Ok(group.epoch_authenticator().as_slice().to_vec()))
    }

    /// RFC 9420 §8.1: the head's, as the stored public state has it.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub fn confirmation_tag(&self) -> Result<Vec<u8>, MlsError> {
        Ok(opaque(&storage::confirmation_tag(&self.snapshot.public)?))
    }
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
