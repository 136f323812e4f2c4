//! Events of our own. What we sign, we have constructed.

use std::sync::Arc;

use ruma::events::TimelineEventType;
use ruma::{OwnedEventId, OwnedUserId, state_res};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::Room;
use crate::matrix::signing::canonical;
use crate::matrix::{MAX_PDU_OCTETS, Pdu, PduError, SigningKeys};

/// As many prev_events as we name.
const PREV_EVENTS: usize = 10;
/// The greatest integer of canonical JSON. Whoever claims it must not keep others from speaking after it.
const MAX_DEPTH: i64 = (1 << 53) - 1;

/// An event to be made.
#[derive(Clone, Debug)]
pub struct EventDraft {
    /// The sender, one of our users.
    pub sender: OwnedUserId,
    /// The type.
    pub event_type: String,
    /// For a state event.
    pub state_key: Option<String>,
    /// The content.
    pub content: Value,
    /// For a redaction.
    pub redacts: Option<OwnedEventId>,
}

/// Why an event of ours cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The room's rules forbid it.
    #[error("the room's auth rules forbid it: {0}")]
    Rule(String),
    /// It has no form.
    #[error(transparent)]
    Pdu(#[from] PduError),
    /// It is too large for Matrix.
    #[error("the event is larger than {MAX_PDU_OCTETS} octets")]
    TooLarge,
}

impl Room {
    /// Builds and signs an event on top of all extremities; checks it against the current state, takes nothing in.
    ///
    /// # Errors
    /// If the room's rules forbid it, or it is too large.
    pub fn build(&self, draft: &EventDraft, now_ms: u64, keys: &SigningKeys) -> Result<Pdu, Refused> {
        let auth_events = self.auth_events_for(draft)?;
        let prev_events: Vec<&OwnedEventId> = self.extremities.keys().take(PREV_EVENTS).collect();
        let depth = self.next_depth();
        let mut object = json!({
            "type": draft.event_type,
            "room_id": self.room_id,
            "sender": draft.sender,
            "origin_server_ts": now_ms,
            "content": draft.content,
            "prev_events": prev_events,
            "auth_events": auth_events,
            "depth": depth,
        });
        if let Some(state_key) = &draft.state_key {
            object["state_key"] = json!(state_key);
        }
        if let Some(redacts) = &draft.redacts {
            match self.rules.redaction.content_field_redacts {
                true => object["content"]["redacts"] = json!(redacts),
                false => object["redacts"] = json!(redacts),
            }
        }
        let pdu = self.signed(object, keys)?;
        let pdu = Arc::new(pdu);
        self.check_against(&pdu, &self.current).map_err(Refused::Rule)?;
        Ok(Arc::unwrap_or_clone(pdu))
    }

    /// One more than the deepest extremity; where that is as deep as JSON has numbers, as deep.
    pub(super) fn next_depth(&self) -> i64 {
        let depths = self.extremities.keys().filter_map(|id| self.events.get(id)).map(|event| event.depth());
        (depths.max().unwrap_or(0) + 1).min(MAX_DEPTH)
    }

    /// Hashes, signs and parses an object that is an event but for that.
    pub(super) fn signed(&self, object: Value, keys: &SigningKeys) -> Result<Pdu, Refused> {
        let mut object = canonical(object)?;
        keys.sign_event(&mut object, &self.version)?;
        let pdu = Pdu::from_object(object, &self.version)?;
        if pdu.json().len() > MAX_PDU_OCTETS { Err(Refused::TooLarge) } else { Ok(pdu) }
    }

    /// The current state events that the rules want named.
    pub(super) fn auth_events_for(&self, draft: &EventDraft) -> Result<Vec<OwnedEventId>, Refused> {
        let content = to_raw_value(&draft.content).map_err(|error| PduError::Format(error.to_string()))?;
        let kind = TimelineEventType::from(draft.event_type.as_str());
        let state_key = draft.state_key.as_deref();
        let types = state_res::auth_types_for_event(&kind, &draft.sender, state_key, &content, &self.rules.authorization)
            .map_err(Refused::Rule)?;
        Ok(types.into_iter().filter_map(|(kind, key)| self.current.get(&(kind.to_string(), key)).cloned()).collect())
    }
}
