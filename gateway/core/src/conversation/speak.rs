//! From Matrix to MIMI: a Matrix user's message, said by its puppet.

use causeway_drafts::mimi_content_09::{Extensions, MimiContent, PartBody};
use causeway_drafts::mimi_uri::UserUri;

use super::effects::may_delete_others;
use super::messages::ConversationLinks;
use super::{Conversation, Outgoing, Result, Topology, Turn};
use crate::loss::{Feature, Loss};
use crate::matrix::Pdu;
use crate::records::MessageRow;
use crate::translate::{self, MatrixMessage, MimiDraft};

const DIRECTION: &str = "matrix_to_mimi";

impl Conversation {
    /// Translates a room event and sends it as the sender's puppet.
    pub(super) fn speak(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        let user = self.mimi_user(turn, pdu.sender())?;
        let is_participant = self.is_participant(&user);
        if is_participant {
            self.book.coming.remove(user.as_str());
        }
        if !is_participant && !self.book.coming.contains(user.as_str()) {
            let loss = Loss::new(Feature::SenderNotParticipant, "the sender is not in the MIMI room's participant list");
            self.lose(turn, pdu.event_id().as_str(), DIRECTION, vec![loss]);
            return Ok(());
        }
        let content = pdu.content_value();
        let message = MatrixMessage {
            event_id: pdu.event_id(),
            event_type: pdu.event_type(),
            sender: pdu.sender(),
            content: &content,
            redacts: pdu.redacts(),
        };
        let links = ConversationLinks { conversation: self, names: &turn.gateway.names };
        let translated = match translate::matrix_to_mimi(&message, &links) {
            Ok(translated) => translated,
            Err(refused) => {
                let loss = Loss::new(Feature::Untranslatable, refused.to_string());
                self.lose(turn, pdu.event_id().as_str(), DIRECTION, vec![loss]);
                return Ok(());
            }
        };
        if !self.may_replace(&user, &translated.value) {
            let loss = Loss::new(Feature::Discarded, "C-074: only the original sender edits or deletes");
            self.lose(turn, pdu.event_id().as_str(), DIRECTION, vec![loss]);
            return Ok(());
        }
        self.lose(turn, pdu.event_id().as_str(), DIRECTION, translated.losses);
        self.say(turn, &user, translated.value, Some(pdu))
    }

    /// Matrix clients may send an edit or redaction of anything, and each decides what it is worth; MIMI's receivers
    /// discard it (C-074).
    fn may_replace(&self, user: &UserUri, draft: &MimiDraft) -> bool {
        let replaced = draft.replaces.and_then(|first| self.messages.by_message(first.as_bytes()));
        let retracts = matches!(draft.nested_part.body, PartBody::Null);
        replaced.is_none_or(|row| {
            let may_delete = || self.group.as_ref().is_some_and(|group| may_delete_others(group, user));
            row.mimi_sender == user.as_str() || (retracts && may_delete())
        })
    }

    /// Says a draft as a puppet (or the listener, for notices): at once as hub, through the outbox as follower.
    pub(super) fn say(&mut self, turn: &mut Turn<'_>, user: &UserUri, draft: MimiDraft, source: Option<&Pdu>) -> Result<()> {
        let content = self.content(turn, user, draft)?;
        let encoded = content.encode();
        let room = self.mimi_room()?;
        let message_id = causeway_drafts::mimi_content_09::message_id(user.as_str(), room.as_str(), &encoded, &content.salt);
        let event_id = source.map(|pdu| pdu.event_id().to_string()).unwrap_or_default();
        let hub_timestamp = match self.topology() {
            Some(Topology::OurHub) if !self.is_leaderless() => {
                self.hub_say(turn, user, &encoded)?;
                Some(turn.now as i64)
            }
            _ => {
                self.ensure_joining(turn, user)?;
                let item = Outgoing::Submit { user: user.to_string(), content: encoded, event_id };
                turn.send(self.hub_lane()?, item);
                None
            }
        };
        if let Some(pdu) = source {
            let row = self.outgoing_row(turn, pdu, &content, message_id.as_bytes().to_vec(), user, hub_timestamp)?;
            self.messages.insert(row.clone());
            turn.decision.messages.push(row);
        }
        Ok(())
    }

    fn content(&self, turn: &mut Turn<'_>, user: &UserUri, draft: MimiDraft) -> Result<MimiContent> {
        let mut salt = [0u8; 16];
        turn.rng.fill_bytes(&mut salt);
        let mut extensions = Extensions::with_sender_and_room(user.as_str(), self.mimi_room()?.as_str());
        extensions.extend(draft.extensions);
        Ok(MimiContent {
            salt,
            replaces: draft.replaces,
            topic_id: draft.topic_id,
            expires: None,
            in_reply_to: draft.in_reply_to,
            extensions,
            nested_part: draft.nested_part,
        })
    }

    fn outgoing_row(
        &self,
        turn: &Turn<'_>,
        pdu: &Pdu,
        content: &MimiContent,
        message_id: Vec<u8>,
        user: &UserUri,
        hub_timestamp: Option<i64>,
    ) -> Result<MessageRow> {
        let _ = turn;
        let first = content.replaces.map(|id| id.as_bytes().to_vec());
        let first_event = first.as_ref().and_then(|id| self.messages.by_message(id)).map(|row| row.first_event_id.clone());
        let event_id = pdu.event_id().to_string();
        Ok(MessageRow {
            conversation_id: self.row.id,
            event_id: event_id.clone(),
            message_id: message_id.clone(),
            part: 0,
            first_message_id: first.unwrap_or(message_id),
            first_event_id: first_event.unwrap_or(event_id),
            kind: super::messages::kind_of(content).to_owned(),
            matrix_sender: pdu.sender().to_string(),
            mimi_sender: user.to_string(),
            direction: DIRECTION.to_owned(),
            hub_timestamp,
            epoch_id: self.group.as_ref().map(|group| group.epoch().id.as_bytes().to_vec()),
            frank: None,
        })
    }
}
