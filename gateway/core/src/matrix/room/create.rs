//! Rooms that begin: hosted by us, or joined.

use std::sync::Arc;

use ruma::{OwnedRoomId, RoomId, RoomVersionId, UserId};
use serde_json::{Value, json};

use super::accept::state_after;
use super::{EventDraft, Refused, Room, StateMap};
use crate::matrix::pdu::rules;
use crate::matrix::{Pdu, PduError, SigningKeys};

/// Where a v12 create event says what makes it unique.
const NONCE_KEY: &str = "dev.causeway.nonce";

/// A state event of a new room.
#[derive(Clone, Debug)]
pub struct StateDraft {
    event_type: String,
    state_key: String,
    content: Value,
}

impl StateDraft {
    /// A state event.
    pub fn new(event_type: &str, state_key: &str, content: Value) -> Self {
        Self { event_type: event_type.to_owned(), state_key: state_key.to_owned(), content }
    }
}

impl Room {
    /// A room that we host: create, the creator's join, then the given state. `random` makes the room id; since v12, by
    /// way of the create event's hash, which two rooms of one user and millisecond would share without it.
    ///
    /// # Errors
    /// If the state does not follow the rules.
    pub fn create(
        version: RoomVersionId,
        creator: &UserId,
        initial: &[StateDraft],
        place: (u64, &SigningKeys, &str),
    ) -> Result<Self, Refused> {
        Self::create_with(version, creator, (json!({}), initial), place)
    }

    /// The same, with more in its create event, such as a type.
    ///
    /// # Errors
    /// If the state does not follow the rules.
    pub fn create_with(
        version: RoomVersionId,
        creator: &UserId,
        (mut content, initial): (Value, &[StateDraft]),
        (now_ms, keys, random): (u64, &SigningKeys, &str),
    ) -> Result<Self, Refused> {
        let rules = rules(&version)?;
        content["room_version"] = json!(version);
        if !rules.authorization.use_room_create_sender {
            content["creator"] = json!(creator);
        }
        if rules.authorization.room_create_event_id_as_room_id {
            content[NONCE_KEY] = json!(random);
        }
        let mut event = json!({
            "type": "m.room.create",
            "state_key": "",
            "sender": creator,
            "origin_server_ts": now_ms,
            "content": content,
            "prev_events": [],
            "auth_events": [],
            "depth": 1,
        });
        let placeholder: OwnedRoomId =
            RoomId::parse(format!("!{random}:{}", keys.server_name())).map_err(|error| PduError::Format(error.to_string()))?;
        if !rules.authorization.room_create_event_id_as_room_id {
            event["room_id"] = json!(placeholder);
        }
        let mut room = Self::empty(placeholder, version)?;
        let create = Arc::new(room.signed(event, keys)?);
        room.room_id = create.room_id().clone();
        room.check_auth_events(&create).map_err(Refused::Rule)?;
        let before = Arc::default();
        let after = state_after(&create, &before);
        room.extend(create, before, after);
        room.push_state(
            creator,
            &StateDraft::new("m.room.member", creator.as_str(), json!({ "membership": "join" })),
            now_ms,
            keys,
        )?;
        for draft in initial {
            room.push_state(creator, draft, now_ms, keys)?;
        }
        Ok(room)
    }

    fn push_state(&mut self, sender: &UserId, draft: &StateDraft, now_ms: u64, keys: &SigningKeys) -> Result<(), Refused> {
        let draft = EventDraft {
            sender: sender.to_owned(),
            event_type: draft.event_type.clone(),
            state_key: Some(draft.state_key.clone()),
            content: draft.content.clone(),
            redacts: None,
        };
        let pdu = Arc::new(self.build(&draft, now_ms, keys)?);
        match self.accept(pdu) {
            super::Outcome::Accepted => Ok(()),
            other => Err(Refused::Rule(format!("{other:?}"))),
        }
    }

    /// A room that we have joined, from the answer to send_join. Every event has to be allowed by those it names;
    /// signatures have been checked.
    ///
    /// # Errors
    /// If an event is not, or the join is not part of the state that follows.
    pub fn from_send_join(
        version: RoomVersionId,
        state: Vec<Arc<Pdu>>,
        auth_chain: Vec<Arc<Pdu>>,
        join: Arc<Pdu>,
    ) -> Result<Self, PduError> {
        let mut room = Self::empty(join.room_id().clone(), version)?;
        let map: StateMap = state
            .iter()
            .filter_map(|pdu| Some(((pdu.event_type().to_owned(), pdu.state_key()?.to_owned()), pdu.event_id().clone())))
            .collect();
        let mut outliers: Vec<Arc<Pdu>> = auth_chain.into_iter().chain(state).collect();
        if outliers.iter().any(|pdu| *pdu.room_id() != room.room_id) {
            return Err(PduError::Format("an event of another room".to_owned()));
        }
        outliers.sort_by_key(|pdu| pdu.depth());
        room.accept_all_outliers(outliers)?;
        let before = Arc::new(map);
        room.check_auth_events(&join).and_then(|()| room.check_against(&join, &before)).map_err(PduError::Format)?;
        let after = state_after(&join, &before);
        room.extend(join, before, after);
        Ok(room)
    }

    /// Takes events in as their auth events become known; those that never do are an error.
    ///
    /// # Errors
    /// If an event is not allowed by those it names, or they never become known.
    pub fn accept_all_outliers(&mut self, mut events: Vec<Arc<Pdu>>) -> Result<(), PduError> {
        while !events.is_empty() {
            let before = events.len();
            let (ready, waiting): (Vec<_>, Vec<_>) =
                events.into_iter().partition(|pdu| pdu.auth_events().iter().all(|id| self.events.contains_key(id)));
            for pdu in ready {
                self.accept_outlier(pdu)?;
            }
            if waiting.len() == before {
                return Err(PduError::Format("the auth chain is not complete".to_owned()));
            }
            events = waiting;
        }
        Ok(())
    }

    /// Takes in those of the events that are allowed by what they name.
    pub fn accept_outliers_that_hold(&mut self, mut events: Vec<Arc<Pdu>>) {
        loop {
            let before = events.len();
            let (ready, waiting): (Vec<_>, Vec<_>) =
                events.into_iter().partition(|pdu| pdu.auth_events().iter().all(|id| self.events.contains_key(id)));
            for pdu in ready {
                // One that does not hold stays unknown, and so does what it allows.
                self.accept_outlier(pdu).unwrap_or_default();
            }
            if waiting.len() == before || waiting.is_empty() {
                return;
            }
            events = waiting;
        }
    }
}
