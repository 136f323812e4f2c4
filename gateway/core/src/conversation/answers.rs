//! What a peer answered to an outbox item, and what follows from it.

use std::sync::Arc;

use causeway_drafts::mimi_protocol_06::key_material::{ClientKeyMaterialStatus, KeyMaterialResponse, KeyMaterialUserCode};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_mls::{ExternalJoin, Group, JoinableGroupInfo, MlsError, verify_key_package};

use super::outgoing::ExternalCommitBody;
use super::prepare::{EPOCH_PATIENCE, OWN_COMMIT_PATIENCE, TELLING_PATIENCE, update_request};
use super::{Conversation, ConversationError, Intent, Outgoing, Result, Turn};
use crate::loss::{Feature, Loss};
use crate::matrix::{Outcome, Pdu, Room};

/// What came back.
pub enum Answer {
    /// Accepted without a body (`notify`, consent).
    Accepted,
    /// The peer refuses for good; the reason.
    Refused(String),
    /// The peer's directory has no such endpoint.
    NoEndpoint,
    /// It has been said in a peers' room; but for these, who were not there.
    InPeersRoom(Vec<String>),
    /// `keyMaterial`
    KeyMaterial(KeyMaterialResponse),
    /// `submitMessage`
    Submitted(SubmitMessageResponse),
    /// `update`
    Updated(UpdateRoomResponse),
    /// `groupInfo`, decrypted and its signature verified.
    GroupInfo(JoinableGroupInfo),
    /// The invite, signed by the invited user's server too.
    Invited(Box<Pdu>),
    /// The room that was joined.
    Joined(Box<Room>),
}

/// What becomes of the outbox item.
#[derive(PartialEq, Eq)]
pub enum Next {
    /// Forget it.
    Done,
    /// Keep its place in the lane with another body.
    Replace(Box<Outgoing>),
    /// Try again after so many ms.
    Retry(u64),
}

impl Conversation {
    /// Takes a peer's answer.
    pub fn answered(&mut self, turn: &mut Turn<'_>, item: &Outgoing, answer: &Answer) -> Result<Next> {
        let next = self.take_answer(turn, item, answer)?;
        if let (Outgoing::Peer { provider, message, .. }, Next::Done) = (item, &next) {
            self.is_owed_less(provider);
            self.answer_is_given(provider, message);
        }
        Ok(next)
    }

    fn take_answer(&mut self, turn: &mut Turn<'_>, item: &Outgoing, answer: &Answer) -> Result<Next> {
        match (item, answer) {
            (Outgoing::KeyMaterial { target, .. }, Answer::KeyMaterial(response)) => self.key_material_came(turn, target, response),
            (Outgoing::KeyMaterial { target, .. }, Answer::Refused(why)) => self.claim_failed(turn, target, why),
            (Outgoing::Submit { .. }, Answer::Submitted(response)) => self.submit_answered(turn, item, response),
            (Outgoing::Submit { event_id, .. }, Answer::Refused(why)) => {
                self.book.sent_message = None;
                self.submit_refused(turn, event_id, why)
            }
            (Outgoing::Update { user, intent, .. }, Answer::Updated(response)) => {
                self.update_answered(turn, user, intent, response)
            }
            (Outgoing::Update { user, intent, .. }, Answer::Refused(why)) => {
                let user: UserUri = user.parse().map_err(|_| ConversationError::Missing("valid user URI"))?;
                self.give_up(turn, &turn.gateway.names.puppet_client(&user), (intent, why))
            }
            (Outgoing::JoinExternally { user, .. }, Answer::GroupInfo(info)) => self.group_info_came(turn, user, info),
            (Outgoing::JoinExternally { user, commit: Some(_) }, Answer::Updated(response)) => {
                self.external_commit_answered(turn, user, response)
            }
            (Outgoing::JoinExternally { user, .. }, Answer::Refused(why)) => {
                self.book.joining.remove(user);
                self.book.sent_joins.remove(user);
                let loss = Loss::new(Feature::JoinRefused, why.as_str());
                self.lose(turn, user, "matrix_to_mimi", vec![loss]);
                Ok(Next::Done)
            }
            (Outgoing::Peer { provider, .. }, Answer::Accepted) => {
                self.book.refusals.remove(provider);
                Ok(Next::Done)
            }
            (Outgoing::Peer { provider, message, .. }, Answer::Refused(why)) => {
                let next = self.peer_refuses(turn, provider, why);
                if next == Next::Done {
                    self.is_refused_anew(turn, provider, message);
                }
                Ok(next)
            }
            (Outgoing::Peer { provider, message, .. }, Answer::NoEndpoint) => self.peer_has_no_endpoint(turn, provider, message),
            (item, Answer::InPeersRoom(absent)) => self.said_in_peers_room(turn, item, absent),
            (Outgoing::MatrixInvite { user, .. }, Answer::Refused(why)) if self.is_peers_room() => {
                self.peer_refuses_invitation(turn, user, why)
            }
            (Outgoing::MatrixInvite { .. }, Answer::Invited(pdu)) => self.invite_signed(turn, Pdu::clone(pdu)),
            (Outgoing::MatrixJoin { user, .. }, Answer::Joined(room)) => {
                let user = ruma::UserId::parse(user).map_err(|_| ConversationError::Missing("valid Matrix user id"))?;
                self.entered(turn, Room::clone(room), &user)?;
                Ok(Next::Done)
            }
            (Outgoing::MatrixJoin { user, .. } | Outgoing::MatrixInvite { user, .. }, Answer::Refused(why)) => {
                self.book.invitations.remove(user);
                let loss = Loss::new(Feature::JoinRefused, why.as_str());
                self.lose(turn, user, "mimi_to_matrix", vec![loss]);
                Ok(Next::Done)
            }
            (_, _) => Ok(Next::Done),
        }
    }

    /// KeyPackages came: whoever's they are is added with all its clients at once.
    fn key_material_came(&mut self, turn: &mut Turn<'_>, target: &str, response: &KeyMaterialResponse) -> Result<Next> {
        let user: UserUri = target.parse().map_err(|_| ConversationError::Missing("valid user URI"))?;
        if self.has_to_wait() {
            return Ok(Next::Retry(EPOCH_PATIENCE));
        }
        if !self.can_welcome(turn, &user.provider())? {
            return Ok(Next::Retry(TELLING_PATIENCE));
        }
        match response.user_status {
            KeyMaterialUserCode::Success | KeyMaterialUserCode::PartialSuccess => {}
            code => return self.claim_failed(turn, target, &format!("{code:?}")),
        }
        let is_hardened = self.group()?.room_state().hardening.is_on();
        let mut key_packages = Vec::new();
        for client in &response.clients {
            let ClientKeyMaterialStatus::Success(key_package) = &client.status else { continue };
            // G-15: the response is unsigned, so each KeyPackage has to speak for itself.
            match verify_key_package(key_package.bytes(), turn.roots, &user, turn.now) {
                Ok(verified) if is_hardened && !verified.can_be_hardened => {
                    let loss =
                        Loss::new(Feature::KeyPackageRefused, "DMLS-34: the group is hardened, and its leaf does not list that");
                    self.lose(turn, client.client_uri.as_str(), "mimi_to_matrix", vec![loss]);
                }
                Ok(_) => key_packages.push(key_package.bytes().to_vec()),
                Err(error @ MlsError::UnknownProvider(_)) => return Err(error.into()),
                Err(error) => {
                    let loss = Loss::new(Feature::KeyPackageRefused, error.to_string());
                    self.lose(turn, client.client_uri.as_str(), "mimi_to_matrix", vec![loss]);
                }
            }
        }
        self.book.claiming.remove(target);
        if key_packages.is_empty() {
            return self.claim_failed(turn, target, "no usable KeyPackage");
        }
        if self.has_leaf(&user) {
            return Ok(Next::Done);
        }
        match self.hub_add_clients(turn, &user, key_packages) {
            Ok(()) => Ok(Next::Done),
            // None of our users may add it, or not like that: another attempt would end likewise.
            Err(ConversationError::Mls(error @ (MlsError::NotAllowed(_) | MlsError::Invalid(_)))) => {
                self.claim_failed(turn, target, &error.to_string())
            }
            Err(error) => Err(error),
        }
    }

    fn claim_failed(&mut self, turn: &mut Turn<'_>, target: &str, why: &str) -> Result<Next> {
        self.book.claiming.remove(target);
        let loss = Loss::new(Feature::NoKeyMaterial, why);
        self.lose(turn, target, "matrix_to_mimi", vec![loss]);
        Ok(Next::Done)
    }

    fn submit_answered(&mut self, turn: &mut Turn<'_>, item: &Outgoing, response: &SubmitMessageResponse) -> Result<Next> {
        let Outgoing::Submit { event_id, .. } = item else { return Ok(Next::Done) };
        if !matches!(response.status, SubmitStatus::EpochTooOld { .. }) {
            self.book.sent_message = None;
        }
        match &response.status {
            SubmitStatus::Success { accepted_timestamp, .. } => {
                if let Some(row) = self.messages.by_event(event_id) {
                    let mut row = row.clone();
                    row.hub_timestamp = Some(*accepted_timestamp as i64);
                    row.epoch_id = Some(self.group()?.epoch().id.as_bytes().to_vec());
                    turn.decision.messages.push(row);
                }
                Ok(Next::Done)
            }
            // The hub has moved on; what it fanned out is on its way to us. The same content is sealed again then.
            SubmitStatus::EpochTooOld { .. } => Ok(Next::Retry(EPOCH_PATIENCE)),
            SubmitStatus::NotAllowed => self.submit_refused(turn, event_id, "notAllowed"),
        }
    }

    fn submit_refused(&mut self, turn: &mut Turn<'_>, event_id: &str, why: &str) -> Result<Next> {
        let loss = Loss::new(Feature::RefusedByHub, why);
        self.lose(turn, event_id, "matrix_to_mimi", vec![loss]);
        self.emit_notice(turn, &format!("A message did not reach the MIMI side: the hub refused it ({why})."))?;
        Ok(Next::Done)
    }

    fn update_answered(&mut self, turn: &mut Turn<'_>, user: &str, intent: &Intent, response: &UpdateRoomResponse) -> Result<Next> {
        let user: UserUri = user.parse().map_err(|_| ConversationError::Missing("valid user URI"))?;
        let client = turn.gateway.names.puppet_client(&user);
        match &response.status {
            UpdateStatus::Success { .. } if *intent == Intent::Leave => Ok(Next::Done),
            UpdateStatus::Success { accepted_timestamp: _ } => match self.book.sent_commits.get_mut(client.as_str()) {
                Some(sent) => {
                    sent.taken_at = turn.now;
                    Ok(Next::Retry(OWN_COMMIT_PATIENCE))
                }
                // The hub's order was quicker than its answer.
                None => Ok(Next::Done),
            },
            // Either the hub is ahead, and what it has accepted is on its way to us; or it has taken this very commit
            // before, and it is this commit that is on its way. Both end when the hub's order has come.
            UpdateStatus::WrongEpoch { .. } => Ok(Next::Retry(EPOCH_PATIENCE)),
            UpdateStatus::NotAllowed | UpdateStatus::InvalidProposal { .. } => {
                self.give_up(turn, &client, (intent, &response.error_description))
            }
        }
    }

    /// The hub does not want a change: it is undone.
    fn give_up(&mut self, turn: &mut Turn<'_>, client: &ClientUri, (intent, why): (&Intent, &str)) -> Result<Next> {
        self.book.sent_commits.remove(client.as_str());
        self.group_mut()?.clear_pending(client)?;
        self.revert(turn, intent, why)?;
        Ok(Next::Done)
    }

    fn group_info_came(&mut self, turn: &mut Turn<'_>, user: &str, info: &JoinableGroupInfo) -> Result<Next> {
        let uri: UserUri = user.parse().map_err(|_| ConversationError::Missing("valid user URI"))?;
        let client = turn.gateway.names.puppet_client(&uri);
        let identity = self.clients.get(&client).ok_or(ConversationError::Missing("identity of the client"))?;
        let join = Group::join_externally(info, identity, (turn.roots, turn.now))?;
        let commit = ExternalCommitBody {
            update: update_request((&join.commit, None), (&join.group_info, &join.ratchet_tree))?,
            join: serde_cbor::to_vec(&join).map_err(|error| ConversationError::Malformed(error.to_string()))?,
        };
        Ok(Next::Replace(Box::new(Outgoing::JoinExternally { user: user.to_owned(), commit: Some(commit) })))
    }

    fn external_commit_answered(&mut self, turn: &mut Turn<'_>, user: &str, response: &UpdateRoomResponse) -> Result<Next> {
        match &response.status {
            UpdateStatus::Success { .. } => {
                self.book.joining.remove(user);
                // None left: the hub's order has brought it already.
                let Some(join) = self.sent_join(user)? else { return Ok(Next::Done) };
                if self.is_behind(turn, &join) {
                    // What the hub accepted before is on its way; the commit comes after it, in the hub's order.
                    return Ok(Next::Done);
                }
                self.complete_join(turn, user, &join)?;
                Ok(Next::Done)
            }
            // It came too late; or the hub has taken this very commit before, whose answer got lost, and its order brings
            // it. Which of the two is known once that order has passed the commit's epoch.
            UpdateStatus::WrongEpoch { .. } if self.may_still_come(turn, user)? => Ok(Next::Retry(EPOCH_PATIENCE)),
            UpdateStatus::WrongEpoch { .. } => {
                self.book.sent_joins.remove(user);
                Ok(Next::Replace(Box::new(Outgoing::JoinExternally { user: user.to_owned(), commit: None })))
            }
            _ => {
                self.book.joining.remove(user);
                self.book.sent_joins.remove(user);
                let loss = Loss::new(Feature::JoinRefused, response.error_description.clone());
                self.lose(turn, user, "matrix_to_mimi", vec![loss]);
                Ok(Next::Done)
            }
        }
    }

    fn sent_join(&self, user: &str) -> Result<Option<ExternalJoin>> {
        let sent = self.book.sent_joins.get(user);
        sent.map(|join| serde_cbor::from_slice(join)).transpose().map_err(|error| ConversationError::Malformed(error.to_string()))
    }

    fn is_behind(&self, turn: &Turn<'_>, join: &ExternalJoin) -> bool {
        let follows = self.group.as_ref().filter(|group| group.own_clients().next().is_some());
        follows.is_some_and(|group| matches!(group.stage(&join.commit, turn.roots, turn.now), Err(MlsError::FutureEpoch { .. })))
    }

    /// Whether the hub's order may still bring an external commit that has been sent.
    fn may_still_come(&self, turn: &Turn<'_>, user: &str) -> Result<bool> {
        let Some(join) = self.sent_join(user)? else { return Ok(false) };
        let follows = self.group.as_ref().filter(|group| group.own_clients().next().is_some());
        Ok(follows
            .is_some_and(|group| !matches!(group.stage(&join.commit, turn.roots, turn.now), Err(MlsError::WrongEpoch { .. }))))
    }

    fn complete_join(&mut self, turn: &Turn<'_>, user: &str, join: &ExternalJoin) -> Result<()> {
        let identity = self.clients.get(&join.client).ok_or(ConversationError::Missing("identity of the client"))?;
        let existing = self.group.take().filter(|group| group.own_clients().next().is_some());
        self.group = Some(Group::complete_external_join(join, identity, existing, (turn.roots, turn.now))?);
        self.book.sent_joins.remove(user);
        self.unlock_if_all_are_back(turn);
        Ok(())
    }

    /// The hub's order has brought a commit: if it is one of our external ones, its client is in now.
    pub(super) fn join_with(&mut self, turn: &Turn<'_>, commit: &[u8]) -> Result<()> {
        let users: Vec<String> = self.book.sent_joins.keys().cloned().collect();
        for user in users {
            if let Some(join) = self.sent_join(&user)?.filter(|join| join.commit == commit) {
                self.complete_join(turn, &user, &join)?;
            }
        }
        Ok(())
    }

    /// The invited user's server has signed: now the invite enters the room.
    fn invite_signed(&mut self, turn: &mut Turn<'_>, pdu: Pdu) -> Result<Next> {
        let event_id = pdu.event_id().to_owned();
        let room = self.room.as_mut().ok_or(ConversationError::Missing("Matrix room"))?;
        match room.accept(Arc::new(pdu)) {
            Outcome::Accepted => {
                let servers = self.room()?.joined_servers();
                self.queue_pdu(turn, &event_id, servers);
                Ok(Next::Done)
            }
            Outcome::Duplicate => Ok(Next::Done),
            _ => Ok(Next::Retry(EPOCH_PATIENCE)),
        }
    }
}
