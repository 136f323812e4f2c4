//! make_join, make_leave and what follows.
//!
//! A template that a peer hands us is read for `prev_events`, `auth_events` and `depth` only; everything else of the
//! event is ours, because a peer's template signed as it came is a signing oracle.

use std::sync::Arc;

use ruma::{OwnedRoomId, OwnedUserId, RoomVersionId, UserId};
use serde_json::{Value, json};

use super::{EventDraft, Refused, Room};
use crate::matrix::signing::canonical;
use crate::matrix::{Pdu, PduError, SigningKeys};

/// What of a peer's template is used.
#[derive(Clone, Debug)]
pub struct Template {
    prev_events: Value,
    auth_events: Value,
    depth: Value,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// If one of the three is missing.
    pub fn read(event: &Value) -> Result<Self, PduError> {
        let field = |key: &str| event.get(key).cloned().ok_or_else(|| PduError::Format(format!("the template has no {key}")));
        Ok(Self { prev_events: field("prev_events")?, auth_events: field("auth_events")?, depth: field("depth")? })
    }

    /// Makes the membership event of an own user.
    ///
    /// # Errors
    /// If what the template gave makes no event of the room version.
    pub fn membership(
        &self,
        (room_id, version): (&OwnedRoomId, &RoomVersionId),
        user: &OwnedUserId,
        content: Value,
        (now_ms, keys): (u64, &SigningKeys),
    ) -> Result<Pdu, PduError> {
        let mut object = canonical(json!({
            "type": "m.room.member",
            "room_id": room_id,
            "sender": user,
            "state_key": user,
            "origin_server_ts": now_ms,
            "content": content,
            "prev_events": self.prev_events,
            "auth_events": self.auth_events,
            "depth": self.depth,
        }))?;
        keys.sign_event(&mut object, version)?;
        Pdu::from_object(object, version)
    }
}

impl Room {
    /// The template for a remote user's join or leave, unsigned. A restricted join names one of our users who may
    /// invite.
    ///
    /// # Errors
    /// If the room's rules would forbid the event.
    pub fn membership_template(&self, user: &UserId, membership: &str, authorised_by: Option<&UserId>) -> Result<Value, Refused> {
        let mut content = json!({ "membership": membership });
        if let Some(authoriser) = authorised_by {
            content["join_authorised_via_users_server"] = json!(authoriser);
        }
        let draft = EventDraft {
            sender: user.to_owned(),
            event_type: "m.room.member".to_owned(),
            state_key: Some(user.to_string()),
            content: content.clone(),
            redacts: None,
        };
        let auth_events = self.auth_events_for(&draft)?;
        let prev_events: Vec<_> = self.extremities.keys().take(10).collect();
        let template = json!({
            "type": "m.room.member",
            "room_id": self.room_id,
            "sender": user,
            "state_key": user,
            "origin_server_ts": 0,
            "content": content,
            "prev_events": prev_events,
            "auth_events": auth_events,
            "depth": self.next_depth(),
        });
        // The rules see the event as it will be, but for hash and signature.
        let mut probe = template.clone();
        probe["hashes"] = json!({ "sha256": "" });
        probe["signatures"] = json!({});
        let pdu = Arc::new(Pdu::from_object(canonical(probe)?, &self.version)?);
        self.check_against(&pdu, &self.current).map_err(Refused::Rule)?;
        Ok(template)
    }
}
