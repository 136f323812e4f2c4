//! Consent [mimi-protocol-06 §5.7]: asked of Matrix users by an invite to a room, of MIMI users by their provider.

use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use causeway_drafts::mimi_uri::UserUri;
use ruma::{OwnedUserId, RoomVersionId, UserId};
use serde_json::json;

use super::emit::ghost_display_name;
use super::outgoing::lane;
use super::{Conversation, ConversationError, Outgoing, Question, Result, Turn, mirror, notices};
use crate::matrix::{Pdu, Room, StateDraft};
use crate::records::ConsentRow;

impl Conversation {
    /// A MIMI user asks for a Matrix user's consent: a room in which the requester's ghost says who asks.
    pub fn asked(turn: &mut Turn<'_>, requester: &UserUri, target: &UserUri, room: &str) -> Result<Self> {
        let mut conversation = Self::begin("consent", turn.now);
        let matrix_user = turn
            .gateway
            .names
            .puppet_to_matrix(target)
            .ok_or_else(|| ConversationError::refused("P-084", "the target is not a user of this provider"))?;
        let question = Question {
            requester: requester.to_string(),
            target: target.to_string(),
            matrix_user: matrix_user.to_string(),
            room: room.to_owned(),
        };
        conversation.record_consent(turn, &question, "requested");
        conversation.book.question = Some(question);
        conversation.row.status = "active".to_owned();
        conversation.open_consent_room(turn, requester, &matrix_user)?;
        Ok(conversation)
    }

    fn open_consent_room(&mut self, turn: &mut Turn<'_>, requester: &UserUri, user: &OwnedUserId) -> Result<()> {
        let creator = turn.gateway.names.gateway_user();
        let ghost = turn.gateway.names.ghost(requester);
        let question = notices::consent_question(&ghost_display_name(requester), requester.as_str(), requester.provider().as_str());
        let initial = vec![
            StateDraft::new("m.room.power_levels", "", json!({ "users": { ghost.as_str(): 50 }, "invite": 50 })),
            StateDraft::new("m.room.join_rules", "", json!({ "join_rule": "invite" })),
            StateDraft::new("m.room.history_visibility", "", json!({ "history_visibility": "invited" })),
            StateDraft::new("m.room.name", "", json!({ "name": mirror::consent_room_name(requester) })),
            StateDraft::new("m.room.topic", "", json!({ "topic": question })),
        ];
        let random = turn.random_name();
        let room = Room::create(RoomVersionId::V12, &creator, &initial, (turn.now, &turn.gateway.keys, &random))
            .map_err(|refused| ConversationError::MatrixRefused(refused.to_string()))?;
        self.room = Some(room);
        self.emit_membership(turn, &creator, &ghost, "invite")?;
        self.emit_membership(turn, &ghost, &ghost, "join")?;
        let room_id = self.room()?.room_id().to_string();
        let item = Outgoing::MatrixInvite { sender: ghost.to_string(), user: user.to_string() };
        turn.send(lane::matrix(user.server_name().as_str(), &room_id), item);
        Ok(())
    }

    /// Joining a consent room grants; leaving it refuses, silently, or withdraws.
    pub(super) fn consent_room_event(&mut self, turn: &mut Turn<'_>, pdu: &Pdu) -> Result<()> {
        let Some(question) = self.book.question.clone() else { return Ok(()) };
        let about_the_asked = pdu.event_type() == "m.room.member"
            && pdu.state_key() == Some(question.matrix_user.as_str())
            && pdu.sender().as_str() == question.matrix_user;
        if !about_the_asked {
            return Ok(());
        }
        match pdu.content_str("membership").as_deref() {
            Some("join") if self.book.first_time("granted") => {
                self.answer(turn, &question, ConsentOperation::Grant, "granted")?;
                self.emit_notice(turn, "You have agreed. Leave this room to withdraw your consent.")
            }
            Some("leave") if self.book.told.remove("granted") => {
                self.row.status = "closed".to_owned();
                self.answer(turn, &question, ConsentOperation::Revoke, "revoked")
            }
            Some("leave") => {
                self.row.status = "closed".to_owned();
                self.record_consent(turn, &question, "rejected");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The requester takes the question back (P-083): the invitation goes, and the room closes.
    pub fn cancelled(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let Some(question) = self.book.question.clone() else { return Ok(()) };
        self.row.status = "closed".to_owned();
        self.record_consent(turn, &question, "cancelled");
        let user: OwnedUserId = question.matrix_user.try_into().map_err(|_| ConversationError::Missing("valid Matrix user id"))?;
        if !matches!(self.room()?.membership(&user).as_deref(), Some("invite" | "join")) {
            return Ok(());
        }
        let gateway_user = turn.gateway.names.gateway_user();
        self.emit_membership(turn, &gateway_user, &user, "leave").map(|_| ())
    }

    fn answer(&mut self, turn: &mut Turn<'_>, question: &Question, operation: ConsentOperation, status: &str) -> Result<()> {
        self.record_consent(turn, question, status);
        let requester = parse_user(&question.requester)?;
        let entry = ConsentEntry::new(operation, requester.clone(), parse_user(&question.target)?, room_of(&question.room)?);
        let item = Outgoing::UpdateConsent { entry: entry.to_bytes() };
        turn.send(lane::consent(requester.provider().as_str()), item);
        Ok(())
    }

    fn record_consent(&self, turn: &mut Turn<'_>, question: &Question, status: &str) {
        turn.decision.consents.push(ConsentRow {
            requester: question.requester.clone(),
            target: question.target.clone(),
            room: question.room.clone(),
            status: status.to_owned(),
            conversation_id: (self.row.id != 0).then_some(self.row.id),
            updated_at: turn.now as i64,
        });
    }

    /// A ghost was invited on Matrix: its user is asked, at its provider.
    pub(super) fn request_consent(&mut self, turn: &mut Turn<'_>, requester: &UserUri, target: &UserUri) -> Result<()> {
        let entry = ConsentEntry::new(ConsentOperation::Request, requester.clone(), target.clone(), None);
        turn.decision.consents.push(ConsentRow {
            requester: requester.to_string(),
            target: target.to_string(),
            room: String::new(),
            status: "requested".to_owned(),
            conversation_id: (self.row.id != 0).then_some(self.row.id),
            updated_at: turn.now as i64,
        });
        turn.send(lane::consent(target.provider().as_str()), Outgoing::RequestConsent { entry: entry.to_bytes() });
        Ok(())
    }

    /// A MIMI user has refused a Matrix user, or taken its consent back: a ghost that still waits declines. Who is in a
    /// room already stays, and leaves by its own will.
    pub fn revoked(&mut self, turn: &mut Turn<'_>, requester: &UserUri, target: &UserUri) -> Result<()> {
        let ghost = turn.gateway.names.ghost(target);
        let inviter = turn.gateway.names.puppet_to_matrix(requester);
        let waits = self
            .book
            .invitations
            .get(ghost.as_str())
            .is_some_and(|invitation| Some(invitation.inviter.as_str()) == inviter.as_deref().map(UserId::as_str));
        let Some(room_id) = self.row.matrix_room_id.clone().filter(|_| waits) else { return Ok(()) };
        let Some(invitation) = self.book.invitations.remove(ghost.as_str()) else { return Ok(()) };
        if self.room.as_ref().is_some_and(|room| room.membership(&ghost).as_deref() == Some("invite")) {
            return self.emit_membership(turn, &ghost, &ghost, "leave").map(|_| ());
        }
        let lane = lane::matrix(&invitation.via, &room_id);
        turn.send(lane, Outgoing::MatrixDecline { room_id, user: ghost.to_string(), via: invitation.via });
        Ok(())
    }

    /// A MIMI user has granted consent to a Matrix user: its ghost may follow that user's invitation.
    pub fn granted(&mut self, turn: &mut Turn<'_>, requester: &UserUri, target: &UserUri) -> Result<()> {
        let ghost = turn.gateway.names.ghost(target);
        let Some(inviter) = turn.gateway.names.puppet_to_matrix(requester) else { return Ok(()) };
        let Some(invitation) = self.book.invitations.get_mut(ghost.as_str()) else { return Ok(()) };
        if invitation.inviter != inviter.as_str() || invitation.granted {
            return Ok(());
        }
        invitation.granted = true;
        let via = invitation.via.clone();
        let Some(room_id) = self.row.matrix_room_id.clone() else { return Ok(()) };
        let item = Outgoing::MatrixJoin { room_id: room_id.clone(), user: ghost.to_string(), via: vec![via.clone()] };
        turn.send(lane::matrix(&via, &room_id), item);
        Ok(())
    }
}

fn parse_user(uri: &str) -> Result<UserUri> {
    uri.parse().map_err(|_| ConversationError::Missing("valid user URI"))
}

fn room_of(room: &str) -> Result<Option<causeway_drafts::mimi_uri::RoomUri>> {
    match room {
        "" => Ok(None),
        room => room.parse().map(Some).map_err(|_| ConversationError::Missing("valid room URI")),
    }
}
