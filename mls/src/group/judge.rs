//! Commits, judged publicly at their parent.
//!
//! A [`StagedEpoch`] can only be made by [`Group::stage`], which has checked everything that can be checked without
//! secrets: signature, proposals, credentials, the room's policy. Members and servers without secrets judge alike.

use causeway_drafts::Verbatim;
use causeway_drafts::mimi_protocol_06::message::{KnownMessage, MessageKind};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::numbers::COMPONENT_DMLS;
use openmls::component::ComponentData;
use openmls::framing::SafeAad;
use openmls::group::{AppDataDictionaryUpdater, AppDataUpdates};
use openmls::prelude::{
    AppDataUpdateProposal, ExternalCommitValidationError, GroupId, KeyPackageVerifyError, LeafNodeIndex, ProcessedMessageContent,
    Proposal, ProtocolMessage, PublicGroup, PublicProcessMessageError, Sender, StageCommitError, StagedCommit, ValidationError,
    Welcome,
};
use openmls_traits::OpenMlsProvider;
use tls_codec::Deserialize;

use super::listed::check_distinct;
use super::replay::Credentials;
use super::{Group, Member, exported_tree};
use crate::credential::TrustRoots;
use crate::policy::NotAllowed;
use crate::storage::{Provider, Public};
use crate::{MlsError, RoomState, weak_key};

/// A client, with its user.
type Named = (ClientUri, UserUri);

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
    pub(super) public: Public,
    group_id: GroupId,
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
    /// It adds a KeyPackage that has run out, by the clock of this machine: the library has no other.
    RunOut(MlsError),
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
            Unfit::MadeElsewhere(error) | Unfit::Incomplete(error) | Unfit::RunOut(error) | Unfit::Refused(error) => error,
        }
    }
}

impl StagedEpoch {
    pub(super) fn public_state(&self) -> &Public {
        &self.public
    }

    /// The new epoch's ratchet tree, encoded.
    pub(super) fn ratchet_tree(&self) -> Result<Vec<u8>, MlsError> {
        exported_tree(&self.public, &self.group_id)
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

/// A signature is made over the GroupContext, so that it holds in one epoch only.
fn unfit(error: PublicProcessMessageError) -> Unfit {
    match error {
        PublicProcessMessageError::ValidationError(ValidationError::InvalidSignature | ValidationError::UnknownMember) => {
            Unfit::MadeElsewhere(MlsError::invalid(error))
        }
        PublicProcessMessageError::ValidationError(ValidationError::KeyPackageVerifyError(
            KeyPackageVerifyError::LifetimeError(_),
        )) => Unfit::RunOut(MlsError::invalid(error)),
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

/// There is no epoch after 2^64 - 1 [RFC 9420 §8.1]: a group that has got there has been put there.
pub(super) fn check_not_last(epoch: u64) -> Result<(), MlsError> {
    match epoch {
        u64::MAX => Err(MlsError::Invalid("§8.1: no epoch can follow".to_owned())),
        _ => Ok(()),
    }
}

/// So large may a handshake be: a commit to 10,000 members who have all just been added has below 1 MiB. What it costs to
/// judge one grows with what is in it.
const MAX_HANDSHAKE: usize = 2 << 20;

/// A handshake message for this group and epoch.
pub(crate) fn handshake(bytes: &[u8], kind: MessageKind) -> Result<ProtocolMessage, MlsError> {
    if bytes.len() > MAX_HANDSHAKE {
        return Err(MlsError::Malformed(format!("a handshake of {} octets; {MAX_HANDSHAKE} are taken", bytes.len())));
    }
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
        check_not_last(self.snapshot.head.number)?;
        check_distinct(commit)?;
        let (provider, mut public) = self.public_group()?;
        let processed = public.process_message(provider.crypto(), message).map_err(unfit)?;
        let sender = processed.sender().clone();
        let term = term_of(processed.aad());
        let staged = resolve_public(&public, &provider, &self.state, processed.into_content())?;
        let summary = self.summarise(&staged, &sender, credentials)?;
        self.authorise(&staged, &summary)?;
        self.check_hardening(&public, &staged, &summary)?;
        let added = added_references(&staged, &provider)?;
        public.merge_commit(provider.storage(), staged).map_err(MlsError::stored)?;
        let public = provider.public(Some(&self.snapshot.public_state())).map_err(MlsError::from)?;
        Ok(StagedEpoch { commit: commit.to_vec(), public, group_id: self.mls_group_id(), summary, added, term })
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
            let key_package = proposal.add_proposal().key_package();
            weak_key::check(key_package.hpke_init_key().as_slice())?;
            added.push(credentials.client_of(key_package.leaf_node())?);
        }
        for proposal in staged.update_proposals() {
            credentials.client_of(proposal.update_proposal().leaf_node())?;
        }
        if external {
            added.push((committer.clone(), committer.user_uri()));
        }
        let removed = self.removed(staged)?.into_iter().map(|member| (member.client.clone(), member.user.clone()));
        let removed: Vec<_> = removed.collect();
        let after = self.state_after(staged, &added, &removed)?;
        Ok(CommitSummary { committer, external, added, removed, before: self.state.clone(), after, actors: self.actors(staged) })
    }

    /// The room after a commit: what its components say then; in a plain group, who is left.
    fn state_after(&self, staged: &StagedCommit, added: &[Named], removed: &[Named]) -> Result<RoomState, MlsError> {
        let dictionary = staged.group_context().extensions().app_data_dictionary().map(|extension| extension.dictionary());
        match (dictionary, self.state.is_plain()) {
            (Some(dictionary), false) => RoomState::from_dictionary(dictionary),
            (None, false) => Err(MlsError::Invalid("P-126: the dictionary may not go".to_owned())),
            (Some(_), true) => Err(MlsError::Invalid("DMLS-33: a plain group becomes no room".to_owned())),
            (None, true) => {
                let stays = |member: &&Member| !removed.iter().any(|(gone, _)| *gone == member.client);
                let users = self.members.iter().filter(stays).map(|member| &member.user);
                RoomState::plain(self.group_id(), users.chain(added.iter().map(|(_, user)| user)))
            }
        }
    }

    pub(super) fn removed(&self, staged: &StagedCommit) -> Result<Vec<&Member>, MlsError> {
        let by_remove = staged.remove_proposals().map(|proposal| self.member_at(proposal.remove_proposal().removed()));
        let by_self = staged.queued_proposals().filter_map(|proposal| match (proposal.proposal(), proposal.sender()) {
            (Proposal::SelfRemove, Sender::Member(leaf)) => Some(self.member_at(*leaf)),
            _ => None,
        });
        by_remove.chain(by_self).collect()
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
}

/// The term in a commit's authenticated data, or 0 (DMLS-10). In a plain group, that is SafeAAD because its committer says so.
fn term_of(mut authenticated_data: &[u8]) -> u64 {
    let items = SafeAad::tls_deserialize(&mut authenticated_data).ok();
    let term = items.as_ref().and_then(|items| items.get(COMPONENT_DMLS)?.try_into().ok());
    term.map_or(0, u64::from_be_bytes)
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
