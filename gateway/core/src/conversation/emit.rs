//! Sending events into the Matrix room as one of our users.

use std::sync::Arc;

use ruma::{OwnedEventId, UserId};
use serde_json::{Value, json};

use super::outgoing::lane;
use super::{Conversation, ConversationError, Outgoing, Result, Turn};
use crate::matrix::{EventDraft, Outcome, Pdu};

impl Conversation {
    /// Builds, signs and accepts an event, and queues it for every other homeserver in the room. An event that the
    /// room's auth rules refuse leaves nothing behind.
    pub(super) fn emit(&mut self, turn: &mut Turn<'_>, draft: EventDraft) -> Result<OwnedEventId> {
        let keys = &turn.gateway.keys;
        let now = turn.now;
        let room = self.room.as_mut().ok_or(ConversationError::Missing("Matrix room"))?;
        let servers_before = room.joined_servers();
        let pdu = room.build(&draft, now, keys).map_err(|refused| ConversationError::MatrixRefused(refused.to_string()))?;
        let event_id = pdu.event_id().to_owned();
        match room.accept(Arc::new(pdu)) {
            Outcome::Accepted => {}
            other => return Err(ConversationError::MatrixRefused(format!("{other:?}"))),
        }
        // A server whose last user this event removes still has to learn of it.
        let servers = servers_before.into_iter().chain(self.room()?.joined_servers());
        self.queue_pdu(turn, &event_id, servers);
        Ok(event_id)
    }

    /// Queues an event of the room for the given homeservers, our own left out.
    pub(super) fn queue_pdu(
        &self,
        turn: &mut Turn<'_>,
        event_id: &OwnedEventId,
        servers: impl IntoIterator<Item = ruma::OwnedServerName>,
    ) {
        let servers: std::collections::BTreeSet<_> = servers.into_iter().collect();
        for server in servers {
            if server.as_str() != turn.gateway.names.server_name() {
                turn.send(lane::pdus(server.as_str()), Outgoing::Pdu { event_id: event_id.to_string() });
            }
        }
    }

    /// Passes an event that a joining or leaving server gave us on to the other homeservers in the room: the resident
    /// server's duty [Matrix: joining rooms].
    pub fn relay(&self, turn: &mut Turn<'_>, pdu: &Pdu) {
        let Some(room) = &self.room else { return };
        let origin = pdu.sender().server_name();
        self.queue_pdu(turn, pdu.event_id(), room.joined_servers().into_iter().filter(|server| server != origin));
    }

    /// A state event.
    pub(super) fn emit_state(
        &mut self,
        turn: &mut Turn<'_>,
        sender: &UserId,
        (event_type, state_key): (&str, &str),
        content: Value,
    ) -> Result<OwnedEventId> {
        self.emit(
            turn,
            EventDraft {
                sender: sender.to_owned(),
                event_type: event_type.to_owned(),
                state_key: Some(state_key.to_owned()),
                content,
                redacts: None,
            },
        )
    }

    /// A membership of `user`, set by `sender`.
    pub(super) fn emit_membership(
        &mut self,
        turn: &mut Turn<'_>,
        sender: &UserId,
        user: &UserId,
        membership: &str,
    ) -> Result<OwnedEventId> {
        let mut content = json!({ "membership": membership });
        if (membership == "join" || membership == "invite")
            && let Some(mimi) = turn.gateway.names.ghost_to_mimi(user)
        {
            content["displayname"] = Value::String(ghost_display_name(&mimi));
        }
        self.emit_state(turn, sender, ("m.room.member", user.as_str()), content)
    }

    /// An `m.notice` by the gateway's own user, or by `speaker` where the gateway's user is not in the room.
    pub(super) fn emit_notice(&mut self, turn: &mut Turn<'_>, text: &str) -> Result<()> {
        let Some(sender) = self.notice_speaker(turn) else { return Ok(()) };
        let draft = EventDraft {
            sender,
            event_type: "m.room.message".to_owned(),
            state_key: None,
            content: json!({ "msgtype": "m.notice", "body": text }),
            redacts: None,
        };
        match self.emit(turn, draft) {
            // A room in which we may not speak is no reason to undo what the notice is about.
            Ok(_) | Err(ConversationError::MatrixRefused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The gateway's user if it is in the room, else any ghost that is.
    fn notice_speaker(&self, turn: &Turn<'_>) -> Option<ruma::OwnedUserId> {
        let room = self.room.as_ref()?;
        let own = turn.gateway.names.gateway_user();
        let joined = room.joined_users();
        if joined.contains(&own) {
            return Some(own);
        }
        joined.into_iter().find(|user| turn.gateway.names.ghost_to_mimi(user).is_some())
    }

    /// Whether an event was sent by one of our users: such an event never crosses (no loops).
    pub(super) fn is_own_event(&self, turn: &Turn<'_>, pdu: &Pdu) -> bool {
        pdu.sender().server_name().as_str() == turn.gateway.names.server_name()
    }
}

/// Ghosts show the user's name with its provider.
pub fn ghost_display_name(user: &causeway_drafts::mimi_uri::UserUri) -> String {
    format!("{} ({})", user.user(), user.provider())
}
