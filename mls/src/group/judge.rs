//! Commits, judged publicly at their parent.
//!
//! A [`StagedEpoch`] can only be made by [`Group::stage`], which has checked everything that can be checked without
//! secrets: signature, proposals, credentials, the room's policy. Members and servers without secrets judge alike.

use std::borrow::Cow;

use causeway_drafts::mimi_protocol_06::message::{KnownMessage, MessageKind};
use causeway_drafts::mimi_protocol_06::participant_list::UserRolePair;
use causeway_drafts::mimi_room_policy_04::roles_list::BANNED;
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::numbers::COMPONENT_DMLS;
use causeway_drafts::{Verbatim, encode};
use openmls::component::ComponentData;
use openmls::framing::SafeAad;
use openmls::group::{AppDataDictionaryUpdater, AppDataUpdates};
use openmls::prelude::{
    AppDataUpdateProposal, ExternalCommitValidationError, KeyPackageVerifyError, LeafNodeIndex, ProcessedMessage,
    ProcessedMessageContent, Proposal, ProtocolMessage, PublicGroup, PublicProcessMessageError, QueuedProposal, Sender,
    StageCommitError, StagedCommit, ValidationError, Welcome,
};
use openmls_traits::OpenMlsProvider;
use tls_codec::Deserialize;

use super::follow::enter_as_member;
use super::kept::{Ahead, View};
use super::listed::check_distinct;
use super::replay::Credentials;
use super::{Group, Member, join_config};
use crate::credential::TrustRoots;
use crate::policy::{NotAllowed, takes_part};
use crate::rows::Rows;
use crate::storage::{Crypto, Public};
use crate::{EpochId, MlsError, RoomState, weak_key};

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
        if self.before.participants == self.after.participants {
            return Vec::new();
        }
        let (listed, after) = (self.before.participants.participants.iter(), self.after.roles_by_user());
        let unbanned = listed.filter(|listed| listed.role_index == BANNED && !after.contains_key(&listed.user));
        unbanned.map(|listed| listed.user.clone()).collect()
    }

    /// Whether roles were defined anew, or a participant that stays has another.
    pub fn roles_changed(&self) -> bool {
        if self.before.roles != self.after.roles {
            return true;
        }
        let before = self.before.roles_by_user();
        let moved = |now: &UserRolePair| {
            let was = before.get(&now.user).copied().filter(|was| takes_part(*was) && takes_part(now.role_index));
            was.is_some_and(|was| was != now.role_index)
        };
        self.before.participants != self.after.participants && self.after.participants.participants.iter().any(moved)
    }

    /// Who wanted a participant's change: the sender of the proposal, else the committer.
    pub fn actor_for(&self, user: &UserUri) -> UserUri {
        let actor = self.actors.iter().find(|(touched, _)| touched == user).map(|(_, actor)| actor.clone());
        actor.unwrap_or_else(|| self.committer.user_uri())
    }
}

fn missing(from: &RoomState, to: &RoomState) -> Vec<UserUri> {
    if from.participants == to.participants {
        return Vec::new();
    }
    let (listed, to) = (from.participants.participants.iter(), to.roles_by_user());
    let remains = |user: &UserUri| to.get(user).is_some_and(|role| takes_part(*role));
    listed.filter(|p| takes_part(p.role_index) && !remains(&p.user)).map(|p| p.user.clone()).collect()
}

/// A valid commit, not yet merged.
pub struct StagedEpoch {
    pub(super) commit: Vec<u8>,
    pub(super) public: Public,
    pub(super) ahead: Ahead,
    /// The epoch that it was judged in.
    pub(super) parent: EpochId,
    pub(super) summary: CommitSummary,
    /// References of the KeyPackages that it adds, sorted.
    added: Vec<Vec<u8>>,
    term: u64,
}

/// Of a processed commit, what its content does not say.
pub(super) struct Processed {
    sender: Sender,
    term: u64,
}

impl Processed {
    pub(super) fn of(message: &ProcessedMessage) -> Self {
        Self { sender: message.sender().clone(), term: term_of(message.aad()) }
    }
}

/// What judging it has found.
struct Judged {
    staged: StagedCommit,
    summary: CommitSummary,
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
    /// The new epoch's ratchet tree, encoded.
    pub(super) fn ratchet_tree(&self) -> Vec<u8> {
        encode(&self.ahead.public_group().export_ratchet_tree())
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

fn added_references(staged: &StagedCommit, crypto: &Crypto) -> Result<Vec<Vec<u8>>, MlsError> {
    let references = staged.add_proposals().map(|proposal| proposal.add_proposal().key_package().hash_ref(crypto));
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
        let message = self.commit_to_judge(commit)?;
        match self.judge_as_member(commit, &message, credentials)? {
            Some(staged) => Ok(staged),
            None => self.judge_as_server(commit, message, credentials),
        }
    }

    /// As those judge who hold no secrets.
    pub(super) fn judge_publicly(&self, commit: &[u8], credentials: Credentials<'_>) -> Result<StagedEpoch, Unfit> {
        self.judge_as_server(commit, self.commit_to_judge(commit)?, credentials)
    }

    fn commit_to_judge(&self, commit: &[u8]) -> Result<ProtocolMessage, Unfit> {
        let message = handshake(commit, MessageKind::Commit)?;
        self.check_epoch(message.epoch().as_u64())?;
        check_not_last(self.snapshot.head.number)?;
        check_distinct(commit)?;
        Ok(message)
    }

    /// A member that can open a commit has checked all that a server checks, so that one of ours does both at once. What none
    /// of ours can open is for a server to judge: it may be valid all the same.
    fn judge_as_member(
        &self,
        commit: &[u8],
        message: &ProtocolMessage,
        credentials: Credentials<'_>,
    ) -> Result<Option<StagedEpoch>, Unfit> {
        // The server's view has the proposals of the first one.
        let Some((client, _)) = self.snapshot.clients.first_key_value() else { return Ok(None) };
        if self.snapshot.clients.keys().any(|client| self.pending_commit(client) == Some(commit)) {
            return Ok(None);
        }
        let mut view = self.member_group(client).map_err(Unfit::from)?;
        let is_configured = *view.library.configuration() == join_config();
        let opened = self.open_commit((client, &mut view), (commit, message.clone()));
        let (crypto, public) = (view.provider.crypto(), view.library.public_group());
        let judged = opened.map(|(processed, staged)| self.judge_by((crypto, public), &processed, staged, credentials));
        let Some(Ok(Judged { staged, summary, added, term })) = judged else {
            // Nothing else touches it before it enters the next epoch.
            if is_configured {
                self.kept.keep_member(client, view);
            }
            return judged.map_or(Ok(None), |judged| judged.map(|_| None));
        };
        let mut view = View { provider: view.provider.taking_trees(true), ..view };
        let private = enter_as_member(&mut view, staged)?;
        let public = view.provider.public(Some(&self.snapshot.public_state())).map_err(MlsError::from)?;
        view.public.clone_from(&public.rows);
        let ahead = Ahead::Member { client: client.clone(), private, view: Box::new(view) };
        Ok(Some(StagedEpoch { commit: commit.to_vec(), public, ahead, parent: self.snapshot.head.id, summary, added, term }))
    }

    fn judge_as_server(&self, commit: &[u8], message: ProtocolMessage, credentials: Credentials<'_>) -> Result<StagedEpoch, Unfit> {
        let mut view = self.public_group()?;
        let judged = self.resolve_publicly(&view, message).and_then(|(processed, staged)| {
            self.judge_by((view.provider.crypto(), &view.library), &processed, staged, credentials)
        });
        let judged = match judged {
            Ok(judged) => judged,
            Err(unfit) => {
                // Nothing has touched it.
                self.kept.keep_public(view);
                return Err(unfit);
            }
        };
        let Judged { staged, summary, added, term } = judged;
        view.library.merge_commit(view.provider.storage(), staged).map_err(MlsError::stored)?;
        let public = view.provider.public(Some(&self.snapshot.public_state())).map_err(MlsError::from)?;
        (view.public, view.private) = (public.rows.clone(), Rows::new());
        let (ahead, parent) = (Ahead::Server(Box::new(view)), self.snapshot.head.id);
        Ok(StagedEpoch { commit: commit.to_vec(), public, ahead, parent, summary, added, term })
    }

    fn judge_by(
        &self,
        (crypto, public): (&Crypto, &PublicGroup),
        processed: &Processed,
        staged: StagedCommit,
        credentials: Credentials<'_>,
    ) -> Result<Judged, Unfit> {
        let summary = self.summarise(&staged, &processed.sender, credentials)?;
        self.authorise(&staged, &summary)?;
        self.check_hardening(public, &staged, &summary)?;
        let added = added_references(&staged, crypto)?;
        Ok(Judged { staged, summary, added, term: processed.term })
    }

    fn resolve_publicly(
        &self,
        View { provider, library: public, .. }: &View<PublicGroup>,
        message: ProtocolMessage,
    ) -> Result<(Processed, StagedCommit), Unfit> {
        let message = public.process_message(provider.crypto(), message).map_err(unfit)?;
        let processed = Processed::of(&message);
        let staged = match message.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
            ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
                let proposals: Vec<_> = unresolved.app_data_update_proposals().cloned().collect();
                let updates = dictionary_updates(public.app_data_dictionary_updater(), &self.state, &proposals)?;
                public.stage_app_data_commit(provider.crypto(), *unresolved, updates).map_err(unstaged)?
            }
            _ => return Err(MlsError::Malformed("not a commit".to_owned()).into()),
        };
        Ok((processed, staged))
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
        // In the order of their leaves.
        let place = self.members.binary_search_by_key(&leaf.u32(), |member| member.leaf);
        place.ok().and_then(|place| self.members.get(place)).ok_or_else(|| MlsError::Invalid("no such leaf".to_owned()))
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
        let changes = |proposal: &QueuedProposal| {
            matches!(proposal.proposal(), Proposal::AppDataUpdate(_) | Proposal::GroupContextExtensions(_))
        };
        match (dictionary, self.state.is_plain()) {
            (Some(_), false) if !staged.queued_proposals().any(changes) => Ok(self.state.clone()),
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
        let mut state = Cow::Borrowed(&self.state);
        let mut actors = Vec::new();
        for proposal in staged.app_data_update_proposals() {
            let Ok(next) = state.after(proposal.app_data_update_proposal()) else { continue };
            if let Sender::Member(leaf) = proposal.sender()
                && let Ok(member) = self.member_at(*leaf)
            {
                let touched = missing(&state, &next).into_iter().chain(missing(&next, &state));
                actors.extend(touched.map(|user| (user, member.user.clone())));
            }
            state = Cow::Owned(next);
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
