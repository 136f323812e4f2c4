//! `notify` [mimi-protocol-06 §5.5], and what our devices ask of a room's hub, ours or another.

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::group_info::{
    ENCRYPTION_LABEL, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus,
};
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, RoomUri};
use causeway_drafts::{decode_exact, encode};
use sha2::{Digest, Sha256};

use super::Provider;
use super::crypto::{AnswerKey, SUITE_NUMBER, verifies};
use super::error::{Error, Result};
use super::hub::answer_group_info;

impl Provider {
    /// What a hub fans out. Bodies are taken in the order in which they come (P-074), the same body once (P-072).
    ///
    /// # Errors
    /// If the peer is not the room's hub, nobody here is in the room, or the body is malformed.
    pub(crate) async fn notify(&self, from: &ProviderDomain, room: &RoomUri, body: &[u8]) -> Result<()> {
        if room.provider() != *from {
            return Err(Error::Identity(format!("{from} is not the hub of {room}")));
        }
        let messages = FanoutMessage::decode_body(body)?;
        let turn = self.inbox(room);
        let _turn = turn.lock().await;
        let mut hash = Sha256::new();
        hash.update(room.as_str());
        hash.update(body);
        let hash: [u8; 32] = hash.finalize().into();
        if self.with(|state| state.seen.contains(&hash)) {
            return Ok(());
        }
        for message in &messages {
            let welcome = matches!(message.body, FanoutBody::Welcome { .. });
            if !welcome && !self.with(|state| state.follows(room)) {
                return Err(Error::NotFound(format!("nobody here is in {room}")));
            }
            self.resolving(|state| state.hear(room, message)).await?;
        }
        self.with(|state| state.seen.insert(hash));
        self.commit_later(room);
        Ok(())
    }

    /// Sends a handshake to the room's hub. Returns when it was accepted.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn update(&self, room: &RoomUri, request: &UpdateRequest) -> Result<u64> {
        let hub = room.provider();
        if hub == self.domain {
            return self.resolving(|state| state.update(&hub, room, request)).await;
        }
        let body = self.post(&hub, |directory| &directory.update, |_| room.to_string(), request.to_bytes()).await?;
        let response: UpdateRoomResponse = decode_exact(&body).map_err(|error| Error::Unreachable(error.to_string()))?;
        let refused = |code: &str| Error::Peer { code: code.to_owned(), why: response.error_description.clone() };
        match &response.status {
            UpdateStatus::Success { accepted_timestamp } => Ok(*accepted_timestamp),
            UpdateStatus::WrongEpoch { current_epoch } => Err(Error::WrongEpoch { current: *current_epoch }),
            UpdateStatus::NotAllowed => Err(refused("notAllowed")),
            UpdateStatus::InvalidProposal { .. } => Err(refused("invalidProposal")),
        }
    }

    /// Sends a message to the room's hub.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(crate) async fn submit(&self, room: &RoomUri, request: &SubmitMessageRequest) -> Result<(u64, Option<Frank>)> {
        let hub = room.provider();
        if hub == self.domain {
            let message = (&request.sending_uri, &request.app_message);
            return self.with(|state| state.submit(&hub, room, message));
        }
        let body = self.post(&hub, |directory| &directory.submit_message, |_| room.to_string(), request.to_bytes()).await?;
        let response: SubmitMessageResponse = decode_exact(&body).map_err(|error| Error::Unreachable(error.to_string()))?;
        match response.status {
            SubmitStatus::Success { accepted_timestamp, frank } => Ok((accepted_timestamp, frank)),
            SubmitStatus::EpochTooOld { current_epoch } => Err(Error::WrongEpoch { current: current_epoch }),
            SubmitStatus::NotAllowed => {
                Err(Error::Peer { code: "notAllowed".to_owned(), why: format!("{hub} refused the message") })
            }
        }
    }

    /// Asks the room's hub for what an external commit needs [mimi-protocol-06 §5.6].
    ///
    /// # Errors
    /// The hub's refusal, or an answer that does not hold.
    pub(crate) async fn group_info(&self, client: &ClientUri, room: &RoomUri) -> Result<GroupInfoRatchetTreeTbe> {
        let key = AnswerKey::generate()?;
        let request = self.with(|state| {
            let identity = &state.device(client)?.identity;
            GroupInfoRequest::unsigned(SUITE_NUMBER, identity.public(), identity.credential(), key.public.clone())
                .sign(|content| identity.sign(content))
        })?;
        let hub = room.provider();
        let response = match hub == self.domain {
            true => self.resolving(|state| state.answer_group_info(&hub, room, &request)).await?,
            false => {
                let body = self.post(&hub, |directory| &directory.group_info, |_| room.to_string(), encode(&request)).await?;
                decode_exact(&body).map_err(|error| Error::Unreachable(error.to_string()))?
            }
        };
        self.resolving(|state| {
            let success = check_group_info(&response, room)?;
            let (hub_key, credential) = (success.hub_sender.signature_key.as_slice(), &success.hub_sender.credential);
            // P-078: that the key is among the group's external senders is checked when the group is opened.
            state.trust.certify_hub(&hub, credential, hub_key)?;
            let content = response.signed_content().unwrap_or_default();
            if !verifies(hub_key, &content, success.signature.as_slice()) {
                return Err(Error::Unreachable("P-078: the hub's signature does not verify".to_owned()));
            }
            let opened = key.open(ENCRYPTION_LABEL, room.as_str().as_bytes(), &success.encrypted_groupinfo_and_tree)?;
            decode_exact(&opened).map_err(|error| Error::Unreachable(error.to_string()))
        })
        .await
    }
}

fn check_group_info<'a>(
    response: &'a GroupInfoResponse,
    room: &RoomUri,
) -> Result<&'a causeway_drafts::mimi_protocol_06::group_info::EncryptedGroupInfo> {
    let refused = |code: &str| Error::Peer { code: code.to_owned(), why: format!("no GroupInfo of {room}: {code}") };
    match &response.status {
        GroupInfoStatus::NotAuthorized => Err(refused("notAuthorized")),
        GroupInfoStatus::NoSuchRoom => Err(refused("noSuchRoom")),
        GroupInfoStatus::Success(_) if response.room_id.as_slice() != room.as_str().as_bytes() => {
            Err(Error::Unreachable("the GroupInfo is another room's".to_owned()))
        }
        GroupInfoStatus::Success(success) => Ok(success),
    }
}

impl super::state::State {
    /// Answers a joiner as hub.
    ///
    /// # Errors
    /// [`Error::RootsNeeded`], or if the request is malformed.
    pub(crate) fn answer_group_info(
        &mut self,
        from: &ProviderDomain,
        room: &RoomUri,
        request: &GroupInfoRequest,
    ) -> Result<GroupInfoResponse> {
        let (response, why) = answer_group_info(self.rooms.get(room), (from, room), request, (&self.hub, &self.trust))?;
        if let Some(why) = why {
            let code = match response.status {
                GroupInfoStatus::NoSuchRoom => "noSuchRoom",
                _ => "notAuthorized",
            };
            self.refuse(from.as_str(), "groupInfo", &Error::Peer { code: code.to_owned(), why });
        }
        Ok(response)
    }
}
