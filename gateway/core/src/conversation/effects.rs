//! From MIMI to Matrix: what a commit or a message means in the Matrix room.

use causeway_drafts::application::unframe;
use causeway_drafts::mimi_content_09::{MimiContent, PartBody, message_id};
use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_uri::UserUri;
use causeway_mls::{CommitSummary, Group, MlsError, Opened};
use ruma::OwnedUserId;
use serde_json::json;

use super::messages::{ConversationLinks, kind_of};
use super::notices::PROVENANCE_KEY;
use super::outgoing::lane;
use super::{Conversation, ConversationError, Outgoing, Result, Topology, Turn, roles};
use crate::loss::{Feature, Loss};
use crate::matrix::EventDraft;
use crate::records::MessageRow;
use crate::translate::{self, MatrixDraft};

const DIRECTION: &str = "mimi_to_matrix";

impl Conversation {
    /// Carries a merged commit's changes of participants and metadata over. With our hub, an event that Matrix'
    /// auth rules refuse makes the whole commit `notAllowed`; with a foreign hub, the gateway's user acts instead.
    pub(super) fn mirror_commit(&mut self, turn: &mut Turn<'_>, summary: &CommitSummary) -> Result<()> {
        self.mirror_all_but_roles(turn, summary)?;
        // Whoever comes in may have another role than the room's default.
        let roles = summary.roles_changed() || !summary.participants_added().is_empty();
        if self.room.is_some() && roles {
            self.mirror_roles(turn, &summary.committer.user_uri())?;
        }
        Ok(())
    }

    /// The same for a commit that follows the power levels of the Matrix room: in the middle of several, the roles are
    /// not yet what the room says.
    pub(super) fn mirror_all_but_roles(&mut self, turn: &mut Turn<'_>, summary: &CommitSummary) -> Result<()> {
        if self.room.is_none() {
            return Ok(());
        }
        let committer = summary.committer.user_uri();
        for user in summary.participants_removed() {
            let membership = if summary.after.is_banned(&user) { "ban" } else { "leave" };
            self.mirror_removal(turn, (&summary.actor_for(&user), &user), membership)?;
        }
        for user in summary.unbanned() {
            self.mirror_unban(turn, &summary.actor_for(&user), &user)?;
        }
        for user in summary.participants_added() {
            self.mirror_addition(turn, &summary.actor_for(&user), &user)?;
        }
        if summary.before.metadata != summary.after.metadata {
            self.mirror_name(turn, &committer)?;
        }
        Ok(())
    }

    fn mirror_unban(&mut self, turn: &mut Turn<'_>, actor: &UserUri, user: &UserUri) -> Result<()> {
        let matrix_user = self.matrix_user(turn, user);
        if self.room()?.membership(&matrix_user).as_deref() != Some("ban") {
            return Ok(());
        }
        self.act(turn, actor, |this, turn, sender| this.emit_membership(turn, sender, &matrix_user, "leave").map(|_| ()))
    }

    fn mirror_removal(&mut self, turn: &mut Turn<'_>, (actor, user): (&UserUri, &UserUri), new: &str) -> Result<()> {
        let matrix_user = self.matrix_user(turn, user);
        self.book.invitations.remove(matrix_user.as_str());
        let membership = self.room()?.membership(&matrix_user);
        // Whoever is not there any more can still be banned.
        if !(matches!(membership.as_deref(), Some("join" | "invite")) || new == "ban" && membership.as_deref() != Some("ban")) {
            return Ok(());
        }
        let is_ghost = turn.gateway.names.ghost_to_mimi(&matrix_user).is_some();
        if is_ghost && actor == user {
            return self.emit_membership(turn, &matrix_user, &matrix_user, "leave").map(|_| ());
        }
        // A puppet that leaves by itself has left on Matrix already; whoever else goes was removed by the actor.
        self.act(turn, actor, |this, turn, sender| this.emit_membership(turn, sender, &matrix_user, new).map(|_| ()))
    }

    fn mirror_addition(&mut self, turn: &mut Turn<'_>, actor: &UserUri, user: &UserUri) -> Result<()> {
        if *user == turn.gateway.names.listener_uri() {
            return Ok(());
        }
        let matrix_user = self.matrix_user(turn, user);
        match turn.gateway.names.ghost_to_mimi(&matrix_user) {
            Some(_) => self.bring_ghost(turn, actor, &matrix_user),
            None => self.invite_matrix_user(turn, actor, &matrix_user),
        }
    }

    /// A ghost enters the room: invited, where the join rule wants it, by the one who added its user.
    pub(super) fn bring_ghost(&mut self, turn: &mut Turn<'_>, actor: &UserUri, ghost: &OwnedUserId) -> Result<()> {
        if self.room()?.membership(ghost).as_deref() == Some("join") {
            return Ok(());
        }
        if self.room()?.join_rule() != "public" && self.room()?.membership(ghost).as_deref() != Some("invite") {
            self.act(turn, actor, |this, turn, sender| this.emit_membership(turn, sender, ghost, "invite").map(|_| ()))?;
        }
        match self.emit_membership(turn, ghost, ghost, "join") {
            Err(ConversationError::MatrixRefused(why)) if self.is_leaderless() => {
                self.unheard(turn, ghost.as_str(), Feature::RefusedByMatrix, &why)
            }
            joined => joined.map(|_| ()),
        }
    }

    /// A Matrix user on another homeserver is invited through its server.
    pub(super) fn invite_matrix_user(&mut self, turn: &mut Turn<'_>, actor: &UserUri, user: &OwnedUserId) -> Result<()> {
        if matches!(self.room()?.membership(user).as_deref(), Some("join" | "invite")) {
            return Ok(());
        }
        let ghost = self.matrix_user(turn, actor);
        let room = self.room()?;
        // The actor may be a Matrix user of ours, for whom another homeserver signs.
        let is_ours = ghost.server_name().as_str() == turn.gateway.names.server_name();
        let may = is_ours && room.membership(&ghost).as_deref() == Some("join") && room.may_invite(&ghost);
        let sender = if may { ghost } else { turn.gateway.names.gateway_user() };
        let item = Outgoing::MatrixInvite { sender: sender.to_string(), user: user.to_string() };
        turn.send(lane::matrix(user.server_name().as_str(), room.room_id().as_str()), item);
        Ok(())
    }

    fn mirror_name(&mut self, turn: &mut Turn<'_>, actor: &UserUri) -> Result<()> {
        let name = self.group()?.room_state().metadata.name().to_owned();
        if self.room()?.name().unwrap_or_default() == name {
            return Ok(());
        }
        self.act(turn, actor, |this, turn, sender| {
            this.emit_state(turn, sender, ("m.room.name", ""), json!({ "name": name })).map(|_| ())
        })
    }

    fn mirror_roles(&mut self, turn: &mut Turn<'_>, actor: &UserUri) -> Result<()> {
        let room = self.room()?;
        let mut content = room.state_content("m.room.power_levels", "").unwrap_or_else(|| json!({}));
        let state = self.group()?.room_state().clone();
        let mut users = content.get("users").cloned().unwrap_or_else(|| json!({}));
        for participant in &state.participants.participants {
            let user = self.matrix_user(turn, &participant.user);
            let has_level = !matches!(participant.role_index, roles::GATEWAY | roles::BANNED);
            if !has_level || self.room()?.is_creator(&user) {
                continue;
            }
            // With our hub, roles are classes of levels: a level inside the class stays what it is.
            let same_class = roles::role_of(self.room()?, &user) == participant.role_index;
            if self.topology() == Some(Topology::OurHub) && same_class {
                continue;
            }
            let level = roles::power_level_of(&state.roles, participant.role_index);
            if level != self.room()?.power_level(&user) {
                users[user.as_str()] = json!(level);
            }
        }
        // Power levels need not name anybody.
        let unchanged = content.get("users").map_or(users == json!({}), |before| *before == users);
        if unchanged {
            return Ok(());
        }
        content["users"] = users;
        self.act(turn, actor, |this, turn, sender| {
            this.emit_state(turn, sender, ("m.room.power_levels", ""), content.clone()).map(|_| ())
        })
    }

    /// Does something on Matrix as the actor's ghost. With a foreign hub, whose word is final, the gateway's user
    /// does it if the ghost may not. So it is without a hub: what the others' head has, nobody refuses. If the gateway's user may not
    /// either, the Matrix room stays as it is, and that is a loss.
    fn act(
        &mut self,
        turn: &mut Turn<'_>,
        actor: &UserUri,
        action: impl Fn(&mut Self, &mut Turn<'_>, &ruma::UserId) -> Result<()>,
    ) -> Result<()> {
        let ghost = self.matrix_user(turn, actor);
        let gateway_user = turn.gateway.names.gateway_user();
        let is_ours = ghost.server_name().as_str() == turn.gateway.names.server_name();
        let joined = self.room()?.membership(&ghost).as_deref() == Some("join");
        let attempt = if is_ours && joined {
            action(self, turn, &ghost)
        } else {
            Err(ConversationError::MatrixRefused("the actor has no ghost in the room".to_owned()))
        };
        let attempt = match attempt {
            Err(ConversationError::MatrixRefused(_)) if self.is_leaderless() || self.topology() == Some(Topology::ForeignHub) => {
                action(self, turn, &gateway_user)
            }
            attempt => attempt,
        };
        match attempt {
            Err(ConversationError::MatrixRefused(why)) if self.is_leaderless() => {
                self.unheard(turn, actor.as_str(), Feature::RefusedByMatrix, &why)
            }
            Err(ConversationError::MatrixRefused(why)) if self.topology() == Some(Topology::OurHub) => {
                Err(ConversationError::refused("R-056", why))
            }
            result => result,
        }
    }

    // --- messages ----------------------------------------------------------------------------------------------

    /// Opens an application message and carries it over. What cannot be opened or carried is a loss, never an
    /// error: the hub has accepted it, and its neighbours must pass.
    pub(super) fn hear(&mut self, turn: &mut Turn<'_>, message: &[u8], frank: Option<&Frank>, accepted_at: u64) -> Result<()> {
        if let Some(sent) = self.book.sent_message.as_mut().filter(|sent| sent.sealed == message) {
            sent.is_taken = true;
        }
        let opened = self.open(message)?;
        self.heard(turn, opened, frank, accepted_at)
    }

    /// Opens a message as the group stands.
    pub(super) fn open(&mut self, message: &[u8]) -> Result<Result<Opened, MlsError>> {
        let opened = match &mut self.forkable {
            Some(forkable) => forkable.open(message),
            None => self.group_mut()?.open(message),
        };
        self.follow_head()?;
        Ok(opened)
    }

    /// Carries over what was opened.
    pub(super) fn heard(
        &mut self,
        turn: &mut Turn<'_>,
        opened: Result<Opened, MlsError>,
        frank: Option<&Frank>,
        accepted_at: u64,
    ) -> Result<()> {
        let opened = match opened {
            Ok(opened) => opened,
            Err(MlsError::OwnMessage | MlsError::Repeated) => return Ok(()),
            Err(error) => return self.unheard(turn, "unreadable", Feature::Unreadable, &error.to_string()),
        };
        if opened.user.provider() == *turn.gateway.names.provider() {
            // What our own puppets say has been on Matrix from the start.
            return Ok(());
        }
        match self.checked_content(turn, &opened, (frank, accepted_at)) {
            Ok(content) => self.carry(turn, &opened, &content, accepted_at, frank),
            Err(why) => self.unheard(turn, opened.client.as_str(), Feature::Discarded, &why),
        }
    }

    pub(super) fn unheard(&self, turn: &mut Turn<'_>, source: &str, feature: Feature, why: &str) -> Result<()> {
        self.lose(turn, source, DIRECTION, vec![Loss::new(feature, why)]);
        Ok(())
    }

    /// The receiver's checks [mimi-content-09 §9.1], [mimi-protocol-06 §5.4.1.3].
    fn checked_content(
        &self,
        turn: &Turn<'_>,
        opened: &Opened,
        (frank, accepted_at): (Option<&Frank>, u64),
    ) -> Result<MimiContent, String> {
        let encoded = unframe(&opened.application_data).map_err(|error| error.to_string())?;
        let content = MimiContent::decode(&encoded).map_err(|error| error.to_string())?;
        let room = self.mimi_room().map_err(|error| error.to_string())?;
        // C-015: the document's own names must be those of credential and room.
        if content.sender_uri().is_some_and(|uri| uri != opened.user.as_str()) {
            return Err("C-015: senderUri is not the sender's credential".to_owned());
        }
        if content.room_uri().is_some_and(|uri| uri != room.as_str()) {
            return Err("C-015: roomUri is not this room".to_owned());
        }
        self.check_frank(opened, &content, (frank, accepted_at), (turn.roots, turn.now))?;
        // C-074: nobody but the original sender edits; a role may allow to retract what others said.
        if let Some(first) = content.replaces
            && let Some(row) = self.messages.by_message(first.as_bytes())
            && row.mimi_sender != opened.user.as_str()
        {
            let retracts = matches!(content.nested_part.body, PartBody::Null);
            let allowed = self.group.as_ref().is_some_and(|group| may_delete_others(group, &opened.user));
            if !(retracts && allowed) {
                return Err("C-074: only the original sender edits or deletes".to_owned());
            }
        }
        Ok(content)
    }

    fn carry(
        &mut self,
        turn: &mut Turn<'_>,
        opened: &Opened,
        content: &MimiContent,
        accepted_at: u64,
        frank: Option<&Frank>,
    ) -> Result<()> {
        let encoded = unframe(&opened.application_data).map_err(|error| ConversationError::Malformed(error.to_string()))?;
        let room = self.mimi_room()?;
        let id = message_id(opened.user.as_str(), room.as_str(), &encoded, &content.salt);
        if self.messages.knows_message(id.as_bytes()) {
            return Ok(());
        }
        let hex_id = id.to_string();
        if !self.is_active() {
            return self.unheard(turn, &hex_id, Feature::Paused, "the Matrix room is encrypted, or not opted in");
        }
        let links = ConversationLinks { conversation: self, names: &turn.gateway.names };
        let translated = translate::mimi_to_matrix(content, &links);
        self.lose(turn, &hex_id, DIRECTION, translated.losses);
        let ghost = self.matrix_user(turn, &opened.user);
        for (part, draft) in translated.value.into_iter().enumerate() {
            let Some(event_id) = self.speak_on_matrix(turn, &ghost, draft, &hex_id)? else { continue };
            let first = content.replaces.map(|first| first.as_bytes().to_vec());
            let first_event =
                first.as_ref().and_then(|first| self.messages.by_message(first)).map(|row| row.first_event_id.clone());
            let row = MessageRow {
                conversation_id: self.row.id,
                first_event_id: first_event.unwrap_or_else(|| event_id.clone()),
                event_id,
                message_id: id.as_bytes().to_vec(),
                part: part as i32,
                first_message_id: first.unwrap_or_else(|| id.as_bytes().to_vec()),
                kind: kind_of(content).to_owned(),
                matrix_sender: ghost.to_string(),
                mimi_sender: opened.user.to_string(),
                direction: DIRECTION.to_owned(),
                hub_timestamp: Some(accepted_at as i64),
                epoch_id: Some(opened.epoch.id.as_bytes().to_vec()),
                frank: frank.map(Frank::to_bytes),
            };
            self.messages.insert(row.clone());
            turn.decision.messages.push(row);
        }
        Ok(())
    }

    /// Sends a draft as a ghost; a ghost that may not say it loses it.
    fn speak_on_matrix(
        &mut self,
        turn: &mut Turn<'_>,
        ghost: &OwnedUserId,
        draft: MatrixDraft,
        message_id: &str,
    ) -> Result<Option<String>> {
        let draft = match draft {
            MatrixDraft::Event { event_type, mut content } => {
                content.insert(PROVENANCE_KEY.to_owned(), message_id.into());
                EventDraft { sender: ghost.clone(), event_type, state_key: None, content: content.into(), redacts: None }
            }
            MatrixDraft::Redact { event_id, reason } => {
                let mut content = json!({ PROVENANCE_KEY: message_id });
                if let Some(reason) = reason {
                    content["reason"] = reason.into();
                }
                EventDraft {
                    sender: ghost.clone(),
                    event_type: "m.room.redaction".to_owned(),
                    state_key: None,
                    content,
                    redacts: Some(event_id),
                }
            }
        };
        match self.emit(turn, draft) {
            Ok(event_id) => Ok(Some(event_id.to_string())),
            Err(ConversationError::MatrixRefused(why)) => {
                self.unheard(turn, message_id, Feature::RefusedByMatrix, &why)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

pub(super) fn may_delete_others(group: &Group, user: &UserUri) -> bool {
    let state = group.room_state();
    state.roles.has(state.role_of(user), Capability::CAN_DELETE_OTHER_MESSAGE)
}
