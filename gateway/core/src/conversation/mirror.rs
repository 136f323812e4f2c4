//! The Matrix room that mirrors a MIMI room with a foreign hub: made by the gateway's own user, with ghosts below it.

use causeway_drafts::mimi_uri::UserUri;
use ruma::{OwnedUserId, RoomVersionId};
use serde_json::{Value, json};

use super::emit::ghost_display_name;
use super::{Conversation, Result, Turn, notices, roles};
use crate::matrix::{Room, StateDraft};

impl Conversation {
    /// Makes the mirror and brings everybody in.
    pub(super) fn open_mirror(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let creator = turn.gateway.names.gateway_user();
        let participants = self.participants()?;
        let initial = self.mirror_state(turn, &participants)?;
        let random = turn.random_name();
        let room = Room::create(RoomVersionId::V12, &creator, &initial, (turn.now, &turn.gateway.keys, &random))
            .map_err(|refused| super::ConversationError::MatrixRefused(refused.to_string()))?;
        self.room = Some(room);
        self.row.status = "active".to_owned();
        self.invite_missing(turn)?;
        self.disclose_in_state(turn)?;
        self.disclose_as_follower(turn)
    }

    /// Participants that are not in the Matrix room yet: ghosts enter, Matrix users are invited.
    pub(super) fn invite_missing(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let gateway = turn.gateway.names.listener_uri();
        for user in self.participants()? {
            let matrix_user = self.matrix_user(turn, &user);
            if user == gateway {
                continue;
            }
            match turn.gateway.names.ghost_to_mimi(&matrix_user) {
                Some(_) => self.bring_ghost(turn, &gateway, &matrix_user)?,
                None => self.invite_matrix_user(turn, &gateway, &matrix_user)?,
            }
        }
        Ok(())
    }

    fn mirror_state(&self, turn: &Turn<'_>, participants: &[UserUri]) -> Result<Vec<StateDraft>> {
        let state = self.group()?.room_state();
        let levels = self.mirror_levels(turn, participants)?;
        let mut initial = vec![
            StateDraft::new(
                "m.room.power_levels",
                "",
                json!({
                    "users": levels,
                    "users_default": 0,
                    "events_default": 0,
                    "state_default": 50,
                    "invite": 50,
                    "kick": 50,
                    "ban": 50,
                    "redact": 50,
                }),
            ),
            StateDraft::new("m.room.join_rules", "", json!({ "join_rule": "invite" })),
            StateDraft::new("m.room.history_visibility", "", json!({ "history_visibility": "joined" })),
            StateDraft::new(notices::OPT_IN_TYPE, turn.gateway.names.server_name(), json!({ "trust_mode": "endpoint" })),
        ];
        if !state.metadata.name().is_empty() {
            initial.push(StateDraft::new("m.room.name", "", json!({ "name": state.metadata.name() })));
        }
        Ok(initial)
    }

    fn mirror_levels(&self, turn: &Turn<'_>, participants: &[UserUri]) -> Result<Value> {
        let state = self.group()?.room_state();
        let mut levels = serde_json::Map::new();
        for user in participants {
            let matrix_user: OwnedUserId = self.matrix_user(turn, user);
            let role = state.participants.participants.iter().find(|p| p.user == *user).map_or(roles::MEMBER, |p| p.role_index);
            let level = roles::power_level_of(&state.roles, role);
            if level != 0 && matrix_user != turn.gateway.names.gateway_user() {
                levels.insert(matrix_user.to_string(), json!(level));
            }
        }
        Ok(Value::Object(levels))
    }

    /// In a foreign room the first puppet discloses, since the gateway itself is no participant there.
    fn disclose_as_follower(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let Some(client) = self.group()?.own_clients().next().cloned() else { return Ok(()) };
        if !self.book.first_time("disclosed_to_mimi") {
            return Ok(());
        }
        let text = notices::disclosure_to_mimi(turn.gateway.names.provider().as_str());
        self.say(turn, &client.user_uri(), crate::translate::MimiDraft::plain_text(&text), None)
    }
}

/// What a consent room is called.
pub(super) fn consent_room_name(requester: &UserUri) -> String {
    format!("{} asks to talk to you", ghost_display_name(requester))
}
