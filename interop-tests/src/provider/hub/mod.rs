//! A room whose hub this provider is: public state only, no secret [mimi-protocol-06 §4.3].

mod commit;
mod group_info;
mod proposals;
mod submit;

use std::collections::{BTreeSet, HashMap};

use causeway_drafts::mimi_protocol_06::group_info::{HubSender, PendingProposal};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_drafts::{Verbatim, decode_exact, encode};
use openmls::group::QueuedProposal;
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::{
    Credential, ExternalSender, GroupId, MlsMessageBodyIn, ProcessedMessageContent, Proposal, ProposalStore, PublicGroup,
    PublicMessageIn, RatchetTreeIn, StagedCommit,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;

pub(crate) use group_info::answer_group_info;

use super::credentials::Trust;
use super::crypto::now_ms;
use super::error::{Error, Result};
use super::room_state::{RoomState, dictionary_updates};
use super::view::{Member, Scene, roster};

/// A proposal that was accepted and waits for a commit.
struct Pending {
    wire: PendingProposal,
    queued: QueuedProposal,
    author: ClientUri,
}

/// A room of this hub.
pub(crate) struct HubRoom {
    /// The room.
    pub(crate) room: RoomUri,
    group_id: GroupId,
    public: OpenMlsRustCrypto,
    /// Of the head, from its committer.
    pub(crate) group_info: Vec<u8>,
    pending: Vec<Pending>,
    clock: u64,
    claims: HashMap<Vec<u8>, ProviderDomain>,
}

/// Key and credential of an external sender, which openmls keeps to itself.
///
/// # Errors
/// If it does not encode.
pub(crate) fn sender_parts(sender: &ExternalSender) -> Result<(Vec<u8>, Credential)> {
    let sender: HubSender = decode_exact(&encode(sender))?;
    Ok((sender.signature_key.into(), sender.credential))
}

/// A copy of a group's public state, to try something on.
fn copy(public: &OpenMlsRustCrypto) -> Result<OpenMlsRustCrypto> {
    let copy = OpenMlsRustCrypto::default();
    let values = public.storage().values.read().map_err(Error::internal)?.clone();
    *copy.storage().values.write().map_err(Error::internal)? = values;
    Ok(copy)
}

fn public_message(message: &Message) -> Result<PublicMessageIn> {
    match message.value().mls().clone().extract() {
        MlsMessageBodyIn::PublicMessage(message) => Ok(message),
        _ => Err(Error::malformed("P-037: not a PublicMessage")),
    }
}

fn open_group(
    provider: &OpenMlsRustCrypto,
    (group_info, tree): (&[u8], &[u8]),
) -> Result<(PublicGroup, openmls::messages::group_info::GroupInfo)> {
    let info: Verbatim<VerifiableGroupInfo> = Verbatim::from_bytes(group_info)?;
    let tree: Verbatim<RatchetTreeIn> = Verbatim::from_bytes(tree)?;
    let (tree, info) = (tree.into_value(), info.into_value());
    PublicGroup::from_external(provider.crypto(), provider.storage(), tree, info, ProposalStore::new())
        .map_err(|error| Error::NotAllowed(format!("R-054: the GroupInfo does not hold: {error}")))
}

impl HubRoom {
    /// A room whose group has been made by a client.
    ///
    /// # Errors
    /// If the GroupInfo does not hold.
    pub(crate) fn open(room: RoomUri, group_info: Vec<u8>, tree: &[u8]) -> Result<Self> {
        let public = OpenMlsRustCrypto::default();
        let (group, _) = open_group(&public, (&group_info, tree))?;
        let group_id = group.group_id().clone();
        Ok(Self { room, group_id, public, group_info, pending: Vec::new(), clock: now_ms(), claims: HashMap::new() })
    }

    fn load(&self, provider: &OpenMlsRustCrypto) -> Result<PublicGroup> {
        let group = PublicGroup::load(provider.storage(), &self.group_id).map_err(Error::internal)?;
        group.ok_or_else(|| Error::Internal("the public group is gone".to_owned()))
    }

    /// The group's public part.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub(crate) fn group(&self) -> Result<PublicGroup> {
        self.load(&self.public)
    }

    /// The room's state at the head.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub(crate) fn state(&self) -> Result<RoomState> {
        RoomState::of(self.group()?.group_context().extensions())
    }

    /// The room's state with all that was proposed: an accepted proposal takes effect at once (P-113).
    ///
    /// # Errors
    /// If the stored state is broken.
    pub(crate) fn effective_state(&self) -> Result<RoomState> {
        let updates = self.pending.iter().filter_map(|pending| match pending.queued.proposal() {
            Proposal::AppDataUpdate(update) => Some(update),
            _ => None,
        });
        updates.into_iter().try_fold(self.state()?, |state, update| state.after(update))
    }

    /// The clients in the group.
    ///
    /// # Errors
    /// If the stored state is broken.
    pub(crate) fn members(&self) -> Result<Vec<Member>> {
        roster(self.group()?.members())
    }

    /// The providers with clients in the group (P-062).
    ///
    /// # Errors
    /// If the stored state is broken.
    pub(crate) fn providers(&self) -> Result<BTreeSet<ProviderDomain>> {
        Ok(self.members()?.iter().map(|member| member.client.provider()).collect())
    }

    /// Whether the user is a participant with a client in the group.
    fn is_active(&self, user: &UserUri) -> Result<bool> {
        Ok(self.members()?.iter().any(|member| member.client.user_uri() == *user))
    }

    /// Remembers whose a claimed KeyPackage is, for its Welcome (P-015).
    pub(crate) fn claimed(&mut self, reference: Vec<u8>, provider: ProviderDomain) {
        self.claims.insert(reference, provider);
    }

    /// The clients that have proposed what waits for a commit.
    pub(crate) fn proposers(&self) -> BTreeSet<ClientUri> {
        self.pending.iter().map(|pending| pending.author.clone()).collect()
    }

    /// The hub's clock never runs backwards (G-36).
    fn tick(&mut self) -> u64 {
        self.clock = now_ms().max(self.clock);
        self.clock
    }

    /// P-008: of this room's group, P-041: of the head's epoch.
    fn check_place(&self, group_id: &GroupId, epoch: u64) -> Result<()> {
        if *group_id != self.group_id {
            return Err(Error::NotAllowed("P-008: the message is for another group".to_owned()));
        }
        let current = self.group()?.group_context().epoch().as_u64();
        match epoch {
            epoch if epoch < current => Err(Error::WrongEpoch { current }),
            epoch if epoch > current => Err(Error::FutureEpoch { current }),
            _ => Ok(()),
        }
    }

    fn scene<'a>(&self, state: &'a RoomState, trust: &'a Trust) -> Result<Scene<'a>> {
        Ok(Scene { state, members: self.members()?, trust })
    }
}

/// A commit, with the dictionary that its proposals make.
fn staged_commit(
    public: &PublicGroup,
    provider: &OpenMlsRustCrypto,
    before: &RoomState,
    content: ProcessedMessageContent,
) -> Result<StagedCommit> {
    match content {
        ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
        ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
            let updates = dictionary_updates(public.app_data_dictionary_updater(), before, unresolved.app_data_update_proposals())?;
            public.stage_app_data_commit(provider.crypto(), *unresolved, updates).map_err(Error::invalid)
        }
        _ => Err(Error::malformed("P-037: not a Commit")),
    }
}
