//! What a device makes of what the hub fans out [mimi-protocol-06 §5.5].

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_uri::RoomUri;
use causeway_drafts::numbers;
use openmls::prelude::{MlsGroup, MlsMessageBodyIn, ProcessedMessage, ProcessedMessageContent, Sender, StagedCommit};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;

use super::{Device, protocol_message};
use crate::provider::credentials::{Trust, named_client};
use crate::provider::error::{Error, Result};
use crate::provider::messages;
use crate::provider::policy;
use crate::provider::room_state::{RoomState, dictionary_updates};
use crate::provider::view::{Scene, View};

impl Device {
    /// Takes what the hub has accepted. A message that cannot be used is noted; a commit that cannot be followed
    /// ends the device's part in the room.
    ///
    /// # Errors
    /// [`Error::RootsNeeded`]; then nothing has changed.
    pub(crate) fn hear(&mut self, room: &RoomUri, message: &FanoutMessage, trust: &Trust) -> Result<Option<String>> {
        if !self.is_in(room) {
            return Ok(None);
        }
        let outcome = match &message.body {
            FanoutBody::Welcome { .. } => Ok(None),
            FanoutBody::Application { message: sealed, frank } => {
                self.open(room, sealed, (frank.as_ref(), message.timestamp), trust)
            }
            FanoutBody::Proposal { first, more } => {
                std::iter::once(first).chain(more).try_for_each(|proposal| self.queue(room, proposal)).map(|()| None)
            }
            FanoutBody::Commit { commit, external_proposals } => match self.follow(room, commit, trust) {
                Ok(note) => external_proposals.iter().try_for_each(|proposal| self.queue(room, proposal)).map(|()| note),
                Err(Error::RootsNeeded(domain)) => Err(Error::RootsNeeded(domain)),
                Err(error) => {
                    self.end(room, error.to_string());
                    Ok(Some(format!("a commit could not be followed: {error}")))
                }
            },
        };
        match outcome {
            Err(Error::RootsNeeded(domain)) => Err(Error::RootsNeeded(domain)),
            Err(error) => Ok(Some(error.to_string())),
            Ok(note) => Ok(note),
        }
    }

    fn queue(&mut self, room: &RoomUri, proposal: &Message) -> Result<()> {
        let Ok((mls, _, group)) = self.group_mut(room) else { return Ok(()) };
        if let MlsMessageBodyIn::PublicMessage(public) = proposal.value().mls().clone().extract()
            && (public.epoch() < group.epoch() || *public.sender() == Sender::Member(group.own_leaf_index()))
        {
            return Ok(());
        }
        let processed = group.process_message(mls, protocol_message(proposal)?).map_err(Error::invalid)?;
        match processed.into_content() {
            ProcessedMessageContent::ProposalMessage(queued) => {
                group.store_pending_proposal(mls.storage(), *queued).map_err(Error::internal)
            }
            _ => Err(Error::NotAllowed("not a proposal".to_owned())),
        }
    }

    /// Follows a commit. Returns what the room's policy says against it: the hub's word orders the room all the same.
    fn follow(&mut self, room: &RoomUri, commit: &Message, trust: &Trust) -> Result<Option<String>> {
        let before = self.state(room)?;
        let members = self.members(room)?;
        let (mls, _, group) = self.group_mut(room)?;
        let message = protocol_message(commit)?;
        if message.epoch() < group.epoch() {
            return Ok(None);
        }
        let processed = group.process_message(mls, message).map_err(Error::invalid)?;
        let sender = processed.sender().clone();
        let staged = match processed.into_content() {
            ProcessedMessageContent::OwnPendingCommit => {
                group.merge_pending_commit(mls).map_err(Error::internal)?;
                return Ok(None);
            }
            content => staged_commit(mls, group, &before, content)?,
        };
        let view = View::of_commit(Scene { state: &before, members, trust }, &staged, &sender)?;
        let note = policy::judge_commit(&view).err().map(|error| format!("the hub accepted what it should not have: {error}"));
        if staged.self_removed() {
            self.end(room, "removed");
            return Ok(note);
        }
        group.merge_staged_commit(mls, staged).map_err(Error::internal)?;
        Ok(note)
    }

    fn open(
        &mut self,
        room: &RoomUri,
        sealed: &Message,
        (frank, at): (Option<&Frank>, u64),
        trust: &Trust,
    ) -> Result<Option<String>> {
        let state = self.state(room)?;
        let own = self.user();
        let (mls, _, group) = self.group_mut(room)?;
        let message = protocol_message(sealed)?;
        let epoch = message.epoch().as_u64();
        let processed: ProcessedMessage = group.process_message(mls, message).map_err(Error::invalid)?;
        if matches!(processed.content(), ProcessedMessageContent::OwnPrivateMessage) {
            return Ok(None);
        }
        let tag = processed.safe_aad_item(numbers::COMPONENT_FRANK_AAD).and_then(|item| item.try_into().ok());
        let client = named_client(processed.credential())?;
        let ProcessedMessageContent::ApplicationMessage(data) = processed.into_content() else {
            return Err(Error::NotAllowed("P-043: not application data".to_owned()));
        };
        let origin = messages::Origin { own: client.user_uri() == own, client, epoch, tag };
        let delivery = messages::Delivery { room, state: &state, frank, accepted_timestamp: at, trust };
        let heard = messages::hear(&origin, &data.into_bytes(), &delivery)?;
        if let Some(membership) = self.rooms.get_mut(room) {
            // C-061: who got no answer seals the same message again.
            match membership.messages.iter().any(|known| known.message_id == heard.message_id) {
                true => return Ok(Some("C-061: a message that is here already".to_owned())),
                false => membership.messages.push(heard),
            }
        }
        Ok(None)
    }
}

fn staged_commit(
    mls: &OpenMlsRustCrypto,
    group: &MlsGroup,
    before: &RoomState,
    content: ProcessedMessageContent,
) -> Result<StagedCommit> {
    match content {
        ProcessedMessageContent::StagedCommitMessage(staged) => Ok(*staged),
        ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
            let updates = dictionary_updates(group.app_data_dictionary_updater(), before, unresolved.app_data_update_proposals())?;
            group.stage_app_data_commit(mls, *unresolved, updates).map_err(Error::invalid)
        }
        _ => Err(Error::NotAllowed("not a commit".to_owned())),
    }
}
