//! Commits, judged publicly at their parent.
//!
//! A [`StagedEpoch`] can only be made by [`Group::stage`], which has checked everything that can be checked without
//! secrets: signature, proposals, credentials, the room's policy. Members and servers without secrets judge alike.

use causeway_drafts::Verbatim;
use causeway_drafts::mimi_protocol_06::message::{KnownMessage, MessageKind};
use causeway_drafts::mimi_protocol_06::participant_list::ParticipantListUpdate;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::numbers::{COMPONENT_DMLS, COMPONENT_PARTICIPANT_LIST};
use openmls::component::ComponentData;
use openmls::group::{AppDataDictionaryUpdater, AppDataUpdates};
use openmls::prelude::{
    AppDataUpdateOperation, AppDataUpdateProposal, ExternalCommitValidationError, LeafNodeIndex, ProcessedMessageContent, Proposal,
    ProtocolMessage, PublicGroup, PublicProcessMessageError, Sender, StageCommitError, StagedCommit, ValidationError, Welcome,
};
use openmls_traits::OpenMlsProvider;

use super::replay::Credentials;
use super::{Group, Member};
use crate::credential::TrustRoots;
use crate::policy::{ClientChange, NotAllowed};
use crate::provider::Provider;
use crate::rows::Rows;
use crate::{MlsError, RoomState, overlay};

/// What a commit does.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitSummary {
    /// Who made it; for an external commit, who joins.
    pub committer: ClientUri,
    /// An external commit.
    pub external: bool,
    /// Clients added, the external joiner included.
    pub added: Vec<(ClientUri, UserUri)>,
    /// Clients removed.
    pub removed: Vec<(ClientUri, UserUri)>,
    /// The room before.
    pub before: RoomState,
    /// The room after.
    pub after: RoomState,
    /// For each participant removed or added, who wanted it.
    pub actors: Vec<(UserUri, UserUri)>,
}

impl CommitSummary {
    /// Users that took part before and do not after: removed, or banned.
    pub fn participants_removed(&self) -> Vec<UserUri> {
        missing(&self.before, &self.after)
    }

    /// Users that take part after and did not before.
    pub fn participants_added(&self) -> Vec<UserUri> {
        missing(&self.after, &self.before)
    }

    /// Users whose ban is lifted, without their coming back.
    pub fn unbanned(&self) -> Vec<UserUri> {
        let listed = self.before.participants.participants.iter().map(|participant| &participant.user);
        listed.filter(|user| self.before.is_banned(user) && self.after.participants.find(user).is_none()).cloned().collect()
    }

    /// Whether roles were defined anew, or a participant that stays has another.
    pub fn roles_changed(&self) -> bool {
        let stays = |user: &UserUri| self.before.is_present(user) && self.after.is_present(user);
        let moved =
            self.after.participants.participants.iter().any(|p| stays(&p.user) && self.before.role_of(&p.user) != p.role_index);
        moved || self.before.roles != self.after.roles
    }

    /// Who wanted a participant's change: the sender of the proposal, else the committer.
    pub fn actor_for(&self, user: &UserUri) -> UserUri {
        let actor = self.actors.iter().find(|(touched, _)| touched == user).map(|(_, actor)| actor.clone());
        actor.unwrap_or_else(|| self.committer.user_uri())
    }
}

fn missing(from: &RoomState, to: &RoomState) -> Vec<UserUri> {
    let participants = from.participants.participants.iter();
    participants.map(|p| &p.user).filter(|user| from.is_present(user) && !to.is_present(user)).cloned().collect()
}

/// A valid commit, not yet merged.
pub struct StagedEpoch {
    pub(super) commit: Vec<u8>,
    pub(super) public: Rows,
    pub(super) ratchet_tree: Vec<u8>,
    pub(super) summary: CommitSummary,
    /// References of the KeyPackages that it adds, sorted.
    added: Vec<Vec<u8>>,
    term: u64,
}

/// Why a commit does not open an epoch here.
pub(crate) enum Unfit {
    /// No member of this epoch has signed it for this epoch: it was made in another one, or nowhere.
    MadeElsewhere(MlsError),
    /// It refers to proposals that are not here.
    Incomplete(MlsError),
    /// It was made here, and breaks a rule.
    Refused(MlsError),
}

impl From<MlsError> for Unfit {
    fn from(error: MlsError) -> Self {
        Self::Refused(error)
    }
}

impl From<Unfit> for MlsError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::MadeElsewhere(error) | Unfit::Incomplete(error) | Unfit::Refused(error) => error,
        }
    }
}

impl StagedEpoch {
    pub(super) fn public_rows(&self) -> &Rows {
        &self.public
    }

    /// The term that the committer put into the SafeAAD, or 0 (DMLS-10).
    pub fn term(&self) -> u64 {
        self.term
    }

    /// What it does.
    pub fn summary(&self) -> &CommitSummary {
        &self.summary
    }

    /// Whether a Welcome is for each client that the commit adds, and nobody else; there is none if nobody is added.
    ///
    /// # Errors
    /// P-063, if it is not.
    pub fn check_welcome(&self, welcome: Option<&Welcome>) -> Result<(), MlsError> {
        let welcomed = welcome.map(|welcome| {
            let secrets = welcome.secrets().iter();
            let mut welcomed: Vec<_> = secrets.map(|secrets| secrets.new_member().as_slice().to_vec()).collect();
            welcomed.sort_unstable();
            welcomed
        });
        let added = (!self.added.is_empty()).then_some(&self.added);
        match welcomed.as_ref() == added {
            true => Ok(()),
            false => Err(NotAllowed { rule: "P-063", why: "the Welcome is not for those that the commit adds".to_owned() }.into()),
        }
    }
}

/// A proposal that was queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalSummary {
    /// Who made it; none for the hub.
    pub sender: Option<ClientUri>,
}

/// The new entries of the dictionary: a pure function of the old state and the proposals, in component order.
pub(super) fn dictionary_updates(
    mut updater: AppDataDictionaryUpdater<'_>,
    state: &RoomState,
    proposals: &[AppDataUpdateProposal],
) -> Result<Option<AppDataUpdates>, MlsError> {
    let mut sorted: Vec<_> = proposals.iter().collect();
    sorted.sort_by_key(|proposal| proposal.component_id());
    let after = sorted.iter().try_fold(state.clone(), |state, proposal| state.after(proposal))?;
    for proposal in sorted {
        let id = proposal.component_id();
        let value = after.component(id).ok_or_else(|| MlsError::Invalid(format!("component {id:#06x} has no value")))?;
        updater.set(ComponentData::from_parts(id, value.into()));
    }
    Ok(updater.changes())
}

/// P-121: no user is touched twice in a commit; P-123: metadata, which is replaced as a whole, changes at most once, and
/// so does everything else that is.
fn once_each<'a>(proposals: impl Iterator<Item = &'a AppDataUpdateProposal>, state: &RoomState) -> Result<(), MlsError> {
    let (lists, others): (Vec<_>, Vec<_>) = proposals.partition(|proposal| proposal.component_id() == COMPONENT_PARTICIPANT_LIST);
    if let Some(pair) = others.windows(2).find(|pair| pair[0].component_id() == pair[1].component_id()) {
        return Err(MlsError::Invalid(format!("P-123: component {:#06x} is replaced twice in one commit", pair[0].component_id())));
    }
    let updates = lists.iter().filter_map(|proposal| match proposal.operation() {
        AppDataUpdateOperation::Update(data) => Some(causeway_drafts::decode_exact(data.as_slice())),
        AppDataUpdateOperation::Remove => None,
    });
    let updates: Vec<ParticipantListUpdate> = updates.collect::<Result<_, _>>().map_err(MlsError::malformed)?;
    state.participants.apply_all(&updates).map(|_| ()).map_err(MlsError::invalid)
}

/// A signature is made over the GroupContext, so that it holds in one epoch only.
fn unfit(error: PublicProcessMessageError) -> Unfit {
    match error {
        PublicProcessMessageError::ValidationError(ValidationError::InvalidSignature | ValidationError::UnknownMember) => {
            Unfit::MadeElsewhere(MlsError::invalid(error))
        }
        PublicProcessMessageError::InvalidCommit(error) => unstaged(error),
        error => Unfit::Refused(MlsError::invalid(error)),
    }
}

fn unstaged(error: StageCommitError) -> Unfit {
    match error {
        StageCommitError::MissingProposal
        | StageCommitError::ExternalCommitValidation(ExternalCommitValidationError::ReferencedProposal) => {
            Unfit::Incomplete(MlsError::invalid(error))
        }
        error => Unfit::Refused(MlsError::invalid(error)),
    }
}

fn added_references(staged: &StagedCommit, provider: &Provider) -> Result<Vec<Vec<u8>>, MlsError> {
    let references = staged.add_proposals().map(|proposal| proposal.add_proposal().key_package().hash_ref(provider.crypto()));
    let references: Vec<_> = references.collect::<Result<_, _>>().map_err(MlsError::invalid)?;
    let mut added: Vec<_> = references.iter().map(|reference| reference.as_slice().to_vec()).collect();
    added.sort_unstable();
    Ok(added)
}

/// A handshake message for this group and epoch.
pub(crate) fn handshake(bytes: &[u8], kind: MessageKind) -> Result<ProtocolMessage, MlsError> {
    let message: Verbatim<KnownMessage> = Verbatim::from_bytes(bytes).map_err(MlsError::malformed)?;
    if message.value().kind() != kind {
        return Err(MlsError::Malformed(format!("P-037: not a {kind:?} in a PublicMessage")));
    }
    message.value().mls().clone().try_into_protocol_message().map_err(MlsError::malformed)
}

impl Group {
    /// Judges a commit at its parent, which has to be the head. Changes nothing.
    ///
    /// # Errors
    /// The epoch, the rule of MLS, the credential or the rule of the room that it fails.
    pub fn stage(&self, commit: &[u8], roots: &TrustRoots, now_ms: u64) -> Result<StagedEpoch, MlsError> {
        Ok(self.judge(commit, roots, now_ms)?)
    }

    /// As [`Self::stage`], and says whether the commit was made in this epoch at all.
    pub(crate) fn judge(&self, commit: &[u8], roots: &TrustRoots, now_ms: u64) -> Result<StagedEpoch, Unfit> {
        let _operation = super::operation!("stage");
        self.judge_with(commit, Credentials::Hold(roots, now_ms))
    }

    pub(super) fn judge_with(&self, commit: &[u8], credentials: Credentials<'_>) -> Result<StagedEpoch, Unfit> {
        let message = handshake(commit, MessageKind::Commit)?;
        self.check_epoch(message.epoch().as_u64())?;
        let (provider, mut public) = self.public_group()?;
        let processed = public.process_message(provider.crypto(), message).map_err(unfit)?;
        let sender = processed.sender().clone();
        let term = processed.safe_aad_item(COMPONENT_DMLS).and_then(|item| item.try_into().ok()).map_or(0, u64::from_be_bytes);
        let staged = resolve_public(&public, &provider, &self.state, processed.into_content())?;
        let summary = self.summarise(&staged, &sender, credentials)?;
        self.authorise(&staged, &summary)?;
        let added = added_references(&staged, &provider)?;
        public.merge_commit(provider.storage(), staged).map_err(MlsError::stored)?;
        let ratchet_tree = causeway_drafts::encode(&public.export_ratchet_tree());
        let (public, _) = overlay::split(&provider);
        Ok(StagedEpoch { commit: commit.to_vec(), public, ratchet_tree, summary, added, term })
    }

    pub(super) fn check_epoch(&self, epoch: u64) -> Result<(), MlsError> {
        let current = self.snapshot.head.number;
        match epoch {
            epoch if epoch < current => Err(MlsError::WrongEpoch { current }),
            epoch if epoch > current => Err(MlsError::FutureEpoch { current }),
            _ => Ok(()),
        }
    }

    pub(super) fn member_at(&self, leaf: LeafNodeIndex) -> Result<&Member, MlsError> {
        self.members.iter().find(|member| member.leaf == leaf.u32()).ok_or_else(|| MlsError::Invalid("no such leaf".to_owned()))
    }

    fn summarise(&self, staged: &StagedCommit, sender: &Sender, credentials: Credentials<'_>) -> Result<CommitSummary, MlsError> {
        let path_leaf = staged.update_path_leaf_node().map(|leaf| credentials.client_of(leaf)).transpose()?;
        let (committer, external) = match (sender, &path_leaf) {
            (Sender::Member(leaf), _) => (self.member_at(*leaf)?.client.clone(), false),
            (Sender::NewMemberCommit, Some((joiner, _))) => (joiner.clone(), true),
            _ => return Err(MlsError::Invalid("RFC 9420 §12.4: nobody else may commit".to_owned())),
        };
        if path_leaf.as_ref().is_some_and(|(client, _)| *client != committer) {
            return Err(MlsError::CredentialRefused("the new leaf names another client".to_owned()));
        }
        let mut added = Vec::new();
        for proposal in staged.add_proposals() {
            added.push(credentials.client_of(proposal.add_proposal().key_package().leaf_node())?);
        }
        for proposal in staged.update_proposals() {
            credentials.client_of(proposal.update_proposal().leaf_node())?;
        }
        if external {
            added.push((committer.clone(), committer.user_uri()));
        }
        let removed = self.removed(staged)?.into_iter().map(|member| (member.client.clone(), member.user.clone())).collect();
        let dictionary = staged.group_context().extensions().app_data_dictionary().map(|extension| extension.dictionary());
        let dictionary = dictionary.ok_or_else(|| MlsError::Invalid("P-126: the dictionary may not go".to_owned()))?;
        let after = RoomState::from_dictionary(dictionary)?;
        Ok(CommitSummary { committer, external, added, removed, before: self.state.clone(), after, actors: self.actors(staged) })
    }

    fn removed(&self, staged: &StagedCommit) -> Result<Vec<&Member>, MlsError> {
        let by_remove = staged.remove_proposals().map(|proposal| self.member_at(proposal.remove_proposal().removed()));
        let by_self = staged.queued_proposals().filter_map(|proposal| match (proposal.proposal(), proposal.sender()) {
            (Proposal::SelfRemove, Sender::Member(leaf)) => Some(self.member_at(*leaf)),
            _ => None,
        });
        by_remove.chain(by_self).collect()
    }

    fn proposer(&self, sender: &Sender, committer: &UserUri) -> Option<UserUri> {
        match sender {
            Sender::Member(leaf) => self.member_at(*leaf).ok().map(|member| member.user.clone()),
            Sender::NewMemberCommit => Some(committer.clone()),
            // The hub, whose word orders the room.
            _ => None,
        }
    }

    fn actors(&self, staged: &StagedCommit) -> Vec<(UserUri, UserUri)> {
        let mut state = self.state.clone();
        let mut actors = Vec::new();
        for proposal in staged.app_data_update_proposals() {
            let Ok(next) = state.after(proposal.app_data_update_proposal()) else { continue };
            if let Sender::Member(leaf) = proposal.sender()
                && let Ok(member) = self.member_at(*leaf)
            {
                let touched = missing(&state, &next).into_iter().chain(missing(&next, &state));
                actors.extend(touched.map(|user| (user, member.user.clone())));
            }
            state = next;
        }
        actors
    }

    /// The room's policy, proposal by proposal, each in the name of who proposed it.
    fn authorise(&self, staged: &StagedCommit, summary: &CommitSummary) -> Result<(), MlsError> {
        let committer = summary.committer.user_uri();
        if self.state.participants.find(&committer).is_none() {
            return Err(NotAllowed { rule: "P-035", why: format!("{committer} is not a participant") }.into());
        }
        self.state.may_follow(&summary.after)?;
        let mut proposals: Vec<_> = staged.app_data_update_proposals().collect();
        proposals.sort_by_key(|proposal| proposal.app_data_update_proposal().component_id());
        once_each(proposals.iter().map(|proposal| proposal.app_data_update_proposal()), &self.state)?;
        let mut state = self.state.clone();
        for proposal in proposals {
            let next = state.after(proposal.app_data_update_proposal())?;
            if let Some(actor) = self.proposer(proposal.sender(), &committer) {
                state.may_become(&next, &actor)?;
            }
            state = next;
        }
        self.authorise_clients(staged, summary, &committer)
    }

    fn authorise_clients(&self, staged: &StagedCommit, summary: &CommitSummary, committer: &UserUri) -> Result<(), MlsError> {
        for (client, user) in &summary.added {
            if self.members.iter().any(|member| member.client == *client) && !summary.removed.iter().any(|(gone, _)| gone == client)
            {
                return Err(MlsError::Invalid(format!("{client} is in the group already")));
            }
            self.state.may_change_client(&summary.after, committer, &ClientChange::Added(user.clone()))?;
        }
        for proposal in staged.remove_proposals() {
            let removed = self.member_at(proposal.remove_proposal().removed())?;
            // An external commit may only replace its own former leaf, never remove somebody else.
            if summary.external && removed.client != summary.committer {
                return Err(MlsError::Invalid("RFC 9420 §12.2: an external commit removes another client".to_owned()));
            }
            if let Some(actor) = self.proposer(proposal.sender(), committer) {
                self.state.may_change_client(&summary.after, &actor, &ClientChange::Removed(removed.user.clone()))?;
            }
        }
        let remaining = self.members.iter().filter(|member| !summary.removed.iter().any(|(gone, _)| *gone == member.client));
        let users: Vec<_> = remaining.map(|member| &member.user).chain(summary.added.iter().map(|(_, user)| user)).collect();
        Ok(summary.after.covers(users)?)
    }
}

fn resolve_public(
    public: &PublicGroup,
    provider: &Provider,
    state: &RoomState,
    content: ProcessedMessageContent,
) -> Result<StagedCommit, Unfit> {
    match content {
        ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
        ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
            let proposals: Vec<_> = unresolved.app_data_update_proposals().cloned().collect();
            let updates = dictionary_updates(public.app_data_dictionary_updater(), state, &proposals)?;
            public.stage_app_data_commit(provider.crypto(), *unresolved, updates).map_err(unstaged)
        }
        _ => Err(MlsError::Malformed("not a commit".to_owned()).into()),
    }
}
