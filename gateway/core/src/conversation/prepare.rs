//! Before a request leaves: what the outbox item means now.
//!
//! Whatever a request reserves (a generation of a sending ratchet, a pending commit) is part of the conversation
//! and stored before the request leaves, so that a crash never uses it twice.

use causeway_drafts::encode;
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::group_info::GroupInfoRequest;
use causeway_drafts::mimi_protocol_06::key_material::KeyMaterialRequestTbs;
use causeway_drafts::mimi_protocol_06::participant_list::{ParticipantListUpdate, UserRolePair};
use causeway_drafts::mimi_protocol_06::room_metadata::Utf8;
use causeway_drafts::mimi_protocol_06::submit_message::SubmitMessageRequest;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri, UserUri};
use causeway_mls::{CIPHERSUITE, CommitPlan, HpkeKeyPair, MatrixEntry};
use ruma::{OwnedUserId, UserId};
use serde_bytes::ByteBuf;
use serde_json::json;

use super::hub::{Removal, frame_content};
use super::outgoing::ExternalCommitBody;
use super::{Conversation, ConversationError, Intent, Outgoing, Result, SentCommit, SentMessage, Turn};
use crate::loss::{Feature, Loss};
use crate::matrix::{EventDraft, Pdu};

/// What to do with an outbox item now.
pub enum Prepared {
    /// Nothing is left to do.
    Done,
    /// Not yet; try again after so many ms.
    Wait(u64),
    /// A body for one of the MIMI endpoints.
    Mimi(MimiRequest),
    /// An invite, to be signed by the invited user's server first.
    Invite(Box<Pdu>),
    /// make_join and send_join for this user.
    Join,
    /// make_leave and send_leave for this user.
    Decline,
    /// A message for peers in a peers' room: [`Conversation::say_in_peers_room`], then [`super::Answer::InPeersRoom`].
    InPeersRoom {
        /// The Matrix room.
        room_id: String,
        /// The peers.
        to: Vec<String>,
        /// The encoded PeerMessage.
        message: Vec<u8>,
    },
    /// A peers' room for this MIMI room is made: [`Conversation::open_peers_room`].
    OpenPeersRoom(RoomUri),
    /// This provider's directory is asked who speaks for it in this Matrix room: [`Conversation::name_peer`].
    NamePeer(String, ProviderDomain),
    /// Who speaks for this provider is sent away from this peers' room: [`Conversation::dismiss_peer`].
    DismissPeer(String, String),
    /// This peers' room is left: [`Conversation::leave_peers_room`].
    LeavePeersRoom(String),
    /// These are accepted in this peers' room, as far as it says nothing else: [`Conversation::say_order`].
    OrderByRoom(String, Vec<MatrixEntry>),
}

/// A request to a provider.
pub enum MimiRequest {
    /// `keyMaterial`, for this user.
    KeyMaterial(UserUri, Vec<u8>),
    /// `submitMessage`, to the room's hub.
    Submit(RoomUri, Vec<u8>),
    /// `update`, to the room's hub.
    Update(RoomUri, Vec<u8>),
    /// `groupInfo`, to the room's hub; the answer is encrypted to this key pair, which lives only as long as the request.
    GroupInfo(RoomUri, Vec<u8>, HpkeKeyPair),
    /// `requestConsent`
    RequestConsent(Vec<u8>),
    /// `updateConsent`
    UpdateConsent(Vec<u8>),
    /// A message for a peer, about a room without a hub.
    Peer(RoomUri, ProviderDomain, Vec<u8>),
}

/// How long to wait for the hub's order to reach us before an own commit or message is tried again, ms.
pub(super) const EPOCH_PATIENCE: u64 = 500;

/// How often we look whether we can tell newcomers the graph by now, ms.
pub(super) const TELLING_PATIENCE: u64 = 3_000;

/// How often we look whether the hub's order has brought an own commit that it has taken, ms.
pub(super) const OWN_COMMIT_PATIENCE: u64 = 50;

/// How long the hub's order may take to bring us an own commit, ms.
const ORDER_PATIENCE: u64 = 10_000;

/// How long somebody else may take to commit what was proposed before we do it, ms.
const PROPOSAL_PATIENCE: u64 = 3_000;

impl Conversation {
    /// Decides what leaves for an outbox item.
    pub fn prepare(&mut self, turn: &mut Turn<'_>, item: &Outgoing) -> Result<Prepared> {
        match item {
            // These leave as they are, without the conversation being asked.
            Outgoing::Pdu { .. } | Outgoing::Notify { .. } => Ok(Prepared::Done),
            Outgoing::Peer { room, provider, message } => self.prepare_peer(turn, (room, provider), message),
            Outgoing::InPeersRoom { room_id, to, message } => self.prepare_in_peers_room(turn, (room_id, to), message),
            Outgoing::OpenPeersRoom => self.prepare_peers_room(),
            Outgoing::NamePeer { room_id, provider } => match provider.parse() {
                Ok(provider) => Ok(Prepared::NamePeer(room_id.clone(), provider)),
                Err(_) => Err(ConversationError::Missing("valid provider domain")),
            },
            Outgoing::AwaitPeers => self.prepare_await_peers(turn),
            Outgoing::DismissPeer { room_id, provider } => Ok(Prepared::DismissPeer(room_id.clone(), provider.clone())),
            Outgoing::LeavePeersRoom { room_id } => Ok(Prepared::LeavePeersRoom(room_id.clone())),
            Outgoing::OrderByRoom { room_id, since } => self.prepare_order(turn, (room_id, *since)),
            Outgoing::Settle { since } => self.prepare_settle(turn, *since),
            Outgoing::AwaitAnew { since } => Ok(self.prepare_await_anew(turn, *since)),
            Outgoing::Forget => self.prepare_forget(turn),
            Outgoing::EndGraph { since } => self.prepare_end(turn, *since),
            Outgoing::Submit { user, content, event_id } if self.is_leaderless() => {
                self.prepare_leaderless_submit(turn, (&parse_user_uri(user)?, event_id), content)
            }
            Outgoing::Update { intent: intent @ (Intent::Add { .. } | Intent::FollowPowerLevels), .. } if self.is_our_hub_s() => {
                self.prepare_to_follow_matrix(turn, intent)
            }
            Outgoing::Update { user, intent, .. } if self.is_overtaken(turn, user, intent)? => Ok(Prepared::Done),
            Outgoing::Update { user, intent, .. } if self.is_leaderless() => {
                self.prepare_leaderless_update(turn, &parse_user_uri(user)?, intent)
            }
            // A puppet joins by itself when it needs to.
            Outgoing::JoinExternally { .. } if self.is_leaderless() => Ok(Prepared::Done),
            Outgoing::RequestConsent { entry } => Ok(Prepared::Mimi(MimiRequest::RequestConsent(entry.clone()))),
            Outgoing::UpdateConsent { entry } => Ok(Prepared::Mimi(MimiRequest::UpdateConsent(entry.clone()))),
            Outgoing::MatrixInvite { sender, user } => self.prepare_invite(turn, sender, user),
            Outgoing::MatrixJoin { user, .. } => self.prepare_join(turn, user),
            Outgoing::MatrixDecline { .. } => Ok(Prepared::Decline),
            Outgoing::KeyMaterial { requester, target } => self.prepare_claim(turn, requester, target),
            Outgoing::Submit { user, content, event_id } => self.prepare_submit(turn, (user, event_id), content),
            Outgoing::Update { user, intent, .. } => self.prepare_update(turn, user, intent),
            Outgoing::JoinExternally { user, commit } => match commit {
                Some(commit) => self.prepare_external_commit(user, commit),
                None => self.prepare_group_info(turn, user),
            },
        }
    }

    fn prepare_peer(&self, turn: &Turn<'_>, (room, provider): (&str, &str), message: &[u8]) -> Result<Prepared> {
        if let Some(prepared) = self.way_to(turn, provider, message) {
            return Ok(prepared);
        }
        let room = room.parse().map_err(|_| ConversationError::Missing("valid MIMI room URI"))?;
        let provider = provider.parse().map_err(|_| ConversationError::Missing("valid provider domain"))?;
        Ok(Prepared::Mimi(MimiRequest::Peer(room, provider, message.to_vec())))
    }

    fn prepare_invite(&mut self, turn: &mut Turn<'_>, sender: &str, user: &str) -> Result<Prepared> {
        let (sender, user) = (parse_user_id(sender)?, parse_user_id(user)?);
        let room = self.room()?;
        if matches!(room.membership(&user).as_deref(), Some("join" | "invite")) {
            return Ok(Prepared::Done);
        }
        let draft = EventDraft {
            sender,
            event_type: "m.room.member".to_owned(),
            state_key: Some(user.to_string()),
            content: json!({ "membership": "invite" }),
            redacts: None,
        };
        match room.build(&draft, turn.now, &turn.gateway.keys) {
            Ok(pdu) => Ok(Prepared::Invite(Box::new(pdu))),
            // Whoever wanted the invite may no longer invite: then there is none.
            Err(_) => Ok(Prepared::Done),
        }
    }

    /// If the gateway is in the room already, a join is an event like any other.
    fn prepare_join(&mut self, turn: &mut Turn<'_>, user: &str) -> Result<Prepared> {
        let user = parse_user_id(user)?;
        let Some(room) = &self.room else { return Ok(Prepared::Join) };
        if room.membership(&user).as_deref() == Some("join") {
            return Ok(Prepared::Done);
        }
        if !room.joined_servers().iter().any(|server| server.as_str() == turn.gateway.names.server_name()) {
            return Ok(Prepared::Join);
        }
        match self.emit_membership(turn, &user, &user, "join") {
            Ok(_) => {
                self.book.invitations.remove(user.as_str());
                self.reconsider(turn)?;
                self.claim_for_joined_ghosts(turn)?;
                Ok(Prepared::Done)
            }
            Err(ConversationError::MatrixRefused(_)) => Ok(Prepared::Join),
            Err(error) => Err(error),
        }
    }

    /// Asks for the KeyPackages of a ghost's user, in the name of whoever has its consent.
    pub(super) fn claim(&mut self, turn: &mut Turn<'_>, ghost: &UserId, target: &UserUri) -> Result<()> {
        let inviter = self.room()?.inviter_of(ghost);
        let requester = match inviter {
            Some(inviter) => self.mimi_user(turn, &inviter)?,
            None => turn.gateway.names.listener_uri(),
        };
        self.book.claiming.insert(target.to_string());
        let item = Outgoing::KeyMaterial { requester: requester.to_string(), target: target.to_string() };
        let lane = super::outgoing::lane::mimi(target.provider().as_str(), self.mimi_room()?.as_str());
        turn.send(lane, item);
        Ok(())
    }

    fn prepare_claim(&mut self, turn: &mut Turn<'_>, requester: &str, target: &str) -> Result<Prepared> {
        let (requester, target) = (parse_user_uri(requester)?, parse_user_uri(target)?);
        if self.has_leaf(&target) {
            return Ok(Prepared::Done);
        }
        if self.has_to_wait() {
            // What cannot be added would be used up.
            return Ok(Prepared::Wait(EPOCH_PATIENCE));
        }
        if !self.can_welcome(turn, &target.provider())? {
            return Ok(Prepared::Wait(TELLING_PATIENCE));
        }
        if let Err(error) = self.may_come_in(turn, &target) {
            self.book.claiming.remove(target.as_str());
            self.lose(turn, target.as_str(), "matrix_to_mimi", vec![Loss::new(Feature::NoKeyMaterial, error.to_string())]);
            return Ok(Prepared::Done);
        }
        let client = self.client_of(turn, &requester)?;
        self.ensure_identity(turn, &client)?;
        let identity = self.identity(&client)?;
        let request = KeyMaterialRequestTbs {
            protocol: Protocol::Mls10,
            requesting_user: requester,
            target_user: target.clone(),
            room_id: self.mimi_room()?,
            acceptable_ciphersuites: vec![CIPHERSUITE],
            required_capabilities: self.group()?.required_capabilities(),
            requester_signature_key: identity.signature_public_key().into(),
            requester_credential: identity.credential(),
        }
        .sign(|content| identity.sign(content))
        .map_err(|_| ConversationError::Missing("working signature key"))?;
        Ok(Prepared::Mimi(MimiRequest::KeyMaterial(target, encode(&request))))
    }

    pub(super) fn client_of(&self, turn: &Turn<'_>, user: &UserUri) -> Result<ClientUri> {
        Ok(match *user == turn.gateway.names.listener_uri() {
            true => turn.gateway.names.listener_client(),
            false => turn.gateway.names.puppet_client(user),
        })
    }

    /// Seals the content in the head's epoch: the same content and salt in every epoch, so the same message id. What has
    /// left in this epoch leaves again as it is.
    fn prepare_submit(&mut self, turn: &mut Turn<'_>, (user, event_id): (&str, &str), content: &[u8]) -> Result<Prepared> {
        let user = parse_user_uri(user)?;
        let epoch = self.group()?.epoch().number;
        match self.book.sent_message.as_ref().filter(|sent| sent.content == content) {
            Some(sent) if sent.is_taken => {
                self.book.sent_message = None;
                return Ok(Prepared::Done);
            }
            Some(sent) if sent.epoch == epoch => return self.submission(&sent.sealed, user),
            _ => {}
        }
        let client = self.client_of(turn, &user)?;
        self.refuse_locked(&client)?;
        if !self.group()?.own_clients().any(|own| *own == client) {
            if self.is_participant(&user) || self.book.joining.contains(user.as_str()) {
                return Ok(Prepared::Wait(EPOCH_PATIENCE));
            }
            // Whoever said it did not get in, or is out again.
            let loss = Loss::new(Feature::SenderNotParticipant, "the sender is not in the MIMI room's participant list");
            self.lose(turn, event_id, "matrix_to_mimi", vec![loss]);
            return Ok(Prepared::Done);
        }
        // Somebody's commit is on its way to us, or ours to the hub.
        if self.group()?.has_pending_proposals() {
            return Ok(Prepared::Wait(EPOCH_PATIENCE));
        }
        let (application_data, tag) = frame_content(content)?;
        let identity = self.clients.get(&client).ok_or(ConversationError::Missing("identity of the client"))?;
        let group = self.group.as_mut().ok_or(ConversationError::Missing("MLS group"))?;
        let sealed = group.seal(identity, &application_data, tag)?;
        let submission = self.submission(&sealed, user);
        self.book.sent_message = Some(SentMessage { content: content.to_vec(), epoch, sealed, is_taken: false });
        submission
    }

    fn submission(&self, sealed: &[u8], user: UserUri) -> Result<Prepared> {
        let request = SubmitMessageRequest::new(sealed, user).map_err(|error| ConversationError::Malformed(error.to_string()))?;
        Ok(Prepared::Mimi(MimiRequest::Submit(self.mimi_room()?, encode(&request))))
    }

    fn prepare_update(&mut self, turn: &mut Turn<'_>, user: &str, intent: &Intent) -> Result<Prepared> {
        let user = parse_user_uri(user)?;
        if self.is_satisfied(&user, intent) {
            return Ok(Prepared::Done);
        }
        let patience_ends = self.book.proposals_since + PROPOSAL_PATIENCE;
        if *intent == Intent::CommitProposals && turn.now < patience_ends {
            return Ok(Prepared::Wait(patience_ends - turn.now));
        }
        let client = self.client_of(turn, &user)?;
        self.refuse_locked(&client)?;
        if !self.group()?.own_clients().any(|own| *own == client) {
            return Ok(Prepared::Wait(EPOCH_PATIENCE));
        }
        let identity = self.clients.get(&client).ok_or(ConversationError::Missing("identity of the client"))?;
        let (roots, now) = (turn.roots, turn.now);
        if *intent == Intent::Leave {
            let group = self.group.as_mut().ok_or(ConversationError::Missing("MLS group"))?;
            let proposals = group.leave_proposals(identity)?;
            let request = UpdateRequest::proposals(&proposals).map_err(|e| ConversationError::Malformed(e.to_string()))?;
            return Ok(Prepared::Mimi(MimiRequest::Update(self.mimi_room()?, request.to_bytes())));
        }
        if let Some(prepared) = self.under_way(turn, &client)? {
            return Ok(prepared);
        }
        let plan = self.plan(intent)?;
        let identity = self.clients.get(&client).ok_or(ConversationError::Missing("identity of the client"))?;
        let group = self.group.as_mut().ok_or(ConversationError::Missing("MLS group"))?;
        let pending = match group.commit(identity, &plan, roots, now) {
            Ok(pending) => pending,
            Err(error) => {
                // Refused by the rules of the room before the hub had to: undone on Matrix.
                self.revert(turn, intent, &error.to_string())?;
                return Ok(Prepared::Done);
            }
        };
        let update = update_request((&pending.commit, pending.welcome.as_deref()), (&pending.group_info, &pending.ratchet_tree))?;
        self.book.sent_commits.insert(client.to_string(), SentCommit { update: update.clone(), taken_at: 0 });
        Ok(Prepared::Mimi(MimiRequest::Update(self.mimi_room()?, update)))
    }

    /// What an own commit that has been sent already calls for: the same again, if its answer was lost; once it is
    /// taken, to wait until the hub's order brings it.
    fn under_way(&mut self, turn: &mut Turn<'_>, client: &ClientUri) -> Result<Option<Prepared>> {
        let is_pending = self.group()?.pending_commit(client).is_some();
        let Some(sent) = self.book.sent_commits.get(client.as_str()).filter(|_| is_pending) else {
            self.book.sent_commits.remove(client.as_str());
            self.group_mut()?.clear_pending(client)?;
            return Ok(None);
        };
        if sent.taken_at == 0 {
            return Ok(Some(Prepared::Mimi(MimiRequest::Update(self.mimi_room()?, sent.update.clone()))));
        }
        if turn.now < sent.taken_at + ORDER_PATIENCE {
            return Ok(Some(Prepared::Wait(OWN_COMMIT_PATIENCE)));
        }
        // A hub that does not send us our own commits: its answer is all there will be.
        self.book.sent_commits.remove(client.as_str());
        let (_, summary) = self.group_mut()?.merge_pending(client, turn.roots, turn.now)?;
        self.mirror_commit(turn, &summary)?;
        Ok(Some(Prepared::Done))
    }

    pub(super) fn is_satisfied(&self, user: &UserUri, intent: &Intent) -> bool {
        let named = |uri: &str| uri.parse::<UserUri>().is_ok_and(|user| self.is_participant(&user));
        let banned = |uri: &str| uri.parse::<UserUri>().is_ok_and(|user| self.is_banned(&user));
        match intent {
            Intent::Leave => !self.is_participant(user),
            Intent::CommitProposals => self.group.as_ref().is_none_or(|group| !group.has_pending_proposals()),
            Intent::Remove { user } => !named(user) && !banned(user),
            Intent::Ban { user } => !named(user),
            Intent::Add { user } => named(user),
            Intent::Rename { name } => self.group.as_ref().is_some_and(|group| group.room_state().metadata.name() == name),
            Intent::FollowPowerLevels => false,
        }
    }

    pub(super) fn plan(&self, intent: &Intent) -> Result<CommitPlan> {
        let group = self.group()?;
        let state = group.room_state();
        let mut plan = CommitPlan::default();
        match intent {
            Intent::Leave | Intent::CommitProposals | Intent::FollowPowerLevels => {}
            Intent::Rename { name } => {
                let mut metadata = state.metadata.clone();
                metadata.room_name = Utf8(name.clone());
                plan.metadata = Some(metadata);
            }
            Intent::Add { user } => {
                let added = UserRolePair { user: parse_user_uri(user)?, role_index: super::roles::MEMBER };
                plan.participants =
                    Some(ParticipantListUpdate { added_participants: vec![added], ..ParticipantListUpdate::default() });
            }
            Intent::Remove { user } => return self.removal_plan(user, Removal::Remove),
            Intent::Ban { user } => return self.removal_plan(user, Removal::Ban),
        }
        Ok(plan)
    }

    fn removal_plan(&self, user: &str, kind: Removal) -> Result<CommitPlan> {
        self.removal(&parse_user_uri(user)?, kind)?.ok_or(ConversationError::Missing("such participant"))
    }

    fn prepare_external_commit(&mut self, user: &str, commit: &ExternalCommitBody) -> Result<Prepared> {
        let client = parse_user_uri(user)?;
        if self.group.as_ref().is_some_and(|group| group.own_clients().any(|own| own.user_uri() == client)) {
            // An earlier attempt was taken, whose answer got lost.
            return Ok(Prepared::Done);
        }
        self.book.sent_joins.insert(user.to_owned(), ByteBuf::from(commit.join.clone()));
        Ok(Prepared::Mimi(MimiRequest::Update(self.mimi_room()?, commit.update.clone())))
    }

    fn prepare_group_info(&mut self, turn: &mut Turn<'_>, user: &str) -> Result<Prepared> {
        let user = parse_user_uri(user)?;
        if self.has_leaf(&user) && !self.is_locked_out(&user) {
            self.book.joining.remove(user.as_str());
            return Ok(Prepared::Done);
        }
        let client = self.client_of(turn, &user)?;
        self.ensure_identity(turn, &client)?;
        let identity = self.identity(&client)?;
        let key_pair = HpkeKeyPair::generate()?;
        let request =
            GroupInfoRequest::unsigned(CIPHERSUITE, identity.signature_public_key(), identity.credential(), key_pair.public())
                .sign(|content| identity.sign(content))
                .map_err(|_| ConversationError::Missing("working signature key"))?;
        Ok(Prepared::Mimi(MimiRequest::GroupInfo(self.mimi_room()?, encode(&request), key_pair)))
    }
}

/// The encoded UpdateRequest of a commit.
pub(super) fn update_request(
    (commit, welcome): (&[u8], Option<&[u8]>),
    (group_info, ratchet_tree): (&[u8], &[u8]),
) -> Result<Vec<u8>> {
    UpdateRequest::commit(commit, welcome, group_info, ratchet_tree)
        .map(|request| request.to_bytes())
        .map_err(|error| ConversationError::Malformed(error.to_string()))
}

pub(super) fn parse_user_uri(uri: &str) -> Result<UserUri> {
    uri.parse().map_err(|_| ConversationError::Missing("valid user URI"))
}

fn parse_user_id(user: &str) -> Result<OwnedUserId> {
    UserId::parse(user).map_err(|_| ConversationError::Missing("valid Matrix user id"))
}
