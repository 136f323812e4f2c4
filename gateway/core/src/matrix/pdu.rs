//! An event exactly as signed [Matrix: room versions 10–12].

use ruma::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma::events::TimelineEventType;
use ruma::room_version_rules::{RoomIdFormatVersion, RoomVersionRules};
use ruma::state_res::{self, Event};
use ruma::{EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, RoomVersionId, UInt, UserId};
use serde_json::value::{RawValue, to_raw_value};

/// An event has at most so many octets of canonical JSON.
pub const MAX_PDU_OCTETS: usize = 65_536;
const MAX_PREV_EVENTS: usize = 20;
const MAX_AUTH_EVENTS: usize = 10;

/// Why bytes are not an event. The fault is the sender's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PduError {
    /// A room version that we do not support.
    #[error("room version {0} is not supported")]
    Version(RoomVersionId),
    /// Not canonical JSON, or against the event format.
    #[error("not an event of this room version: {0}")]
    Format(String),
    /// Too many references.
    #[error("more than 20 prev_events or 10 auth_events")]
    References,
    /// Not signed by whom it has to be.
    #[error("signature: {0}")]
    Signature(String),
}

/// An event.
#[derive(Clone, Debug)]
pub struct Pdu {
    event_id: OwnedEventId,
    room_id: OwnedRoomId,
    sender: OwnedUserId,
    origin_server_ts: u64,
    kind: TimelineEventType,
    type_name: String,
    state_key: Option<String>,
    prev_events: Vec<OwnedEventId>,
    auth_events: Vec<OwnedEventId>,
    redacts: Option<OwnedEventId>,
    depth: i64,
    content: Box<RawValue>,
    object: CanonicalJsonObject,
    carries_room_id: bool,
}

fn format(why: impl Into<String>) -> PduError {
    PduError::Format(why.into())
}

pub(super) fn rules(version: &RoomVersionId) -> Result<RoomVersionRules, PduError> {
    version.rules().filter(|_| super::supports(version)).ok_or_else(|| PduError::Version(version.clone()))
}

impl Pdu {
    /// From JSON text.
    ///
    /// # Errors
    /// If it is not an event of the room version.
    pub fn parse(json: &str, version: &RoomVersionId) -> Result<Self, PduError> {
        let object = serde_json::from_str(json).map_err(|error| format(error.to_string()))?;
        Self::from_object(object, version)
    }

    /// From a canonical JSON object, with or without signatures.
    ///
    /// # Errors
    /// If it is not an event of the room version.
    pub fn from_object(mut object: CanonicalJsonObject, version: &RoomVersionId) -> Result<Self, PduError> {
        let rules = rules(version)?;
        object.remove("unsigned");
        state_res::check_pdu_format(&object, &rules.event_format).map_err(format)?;
        let event_id = Self::id_of(&object, &rules)?;
        let text = |key: &str| object.get(key).and_then(CanonicalJsonValue::as_str);
        let required = |key: &str| text(key).ok_or_else(|| format(format!("{key} is missing")));
        let type_name = required("type")?.to_owned();
        let room_id = match text("room_id") {
            Some(room_id) => RoomId::parse(room_id).map_err(|error| format(error.to_string()))?,
            None => create_room_id(&event_id, &type_name, &rules)?,
        };
        let prev_events = references(&object, "prev_events")?;
        let auth_events = references(&object, "auth_events")?;
        if prev_events.len() > MAX_PREV_EVENTS || auth_events.len() > MAX_AUTH_EVENTS {
            return Err(PduError::References);
        }
        let content = object.get("content").ok_or_else(|| format("content is missing"))?;
        Ok(Self {
            sender: UserId::parse(required("sender")?).map_err(|error| format(error.to_string()))?,
            origin_server_ts: integer(&object, "origin_server_ts").unwrap_or(0).max(0) as u64,
            kind: type_name.as_str().into(),
            state_key: text("state_key").map(str::to_owned),
            redacts: redacts(&object),
            depth: integer(&object, "depth").unwrap_or(0),
            content: to_raw_value(content).map_err(|error| format(error.to_string()))?,
            carries_room_id: object.contains_key("room_id"),
            prev_events,
            auth_events,
            event_id,
            room_id,
            type_name,
            object,
        })
    }

    fn id_of(object: &CanonicalJsonObject, rules: &RoomVersionRules) -> Result<OwnedEventId, PduError> {
        let hash = ruma::signatures::reference_hash(object, rules).map_err(|error| format(error.to_string()))?;
        EventId::parse(format!("${hash}")).map_err(|error| format(error.to_string()))
    }

    /// The event's id, its hash.
    pub fn event_id(&self) -> &OwnedEventId {
        &self.event_id
    }

    /// The room; for a v12 create event, the one that it makes.
    pub fn room_id(&self) -> &OwnedRoomId {
        &self.room_id
    }

    /// The sender.
    pub fn sender(&self) -> &OwnedUserId {
        &self.sender
    }

    /// The type.
    pub fn event_type(&self) -> &str {
        &self.type_name
    }

    /// The state key, for state events.
    pub fn state_key(&self) -> Option<&str> {
        self.state_key.as_deref()
    }

    /// Depth in the graph.
    pub fn depth(&self) -> i64 {
        self.depth
    }

    /// The sender's clock, ms.
    pub fn origin_server_ts(&self) -> u64 {
        self.origin_server_ts
    }

    /// The events before it.
    pub fn prev_events(&self) -> &[OwnedEventId] {
        &self.prev_events
    }

    /// The events that allow it.
    pub fn auth_events(&self) -> &[OwnedEventId] {
        &self.auth_events
    }

    /// The event that it redacts.
    pub fn redacts(&self) -> Option<&OwnedEventId> {
        self.redacts.as_ref()
    }

    /// The content.
    pub fn content_value(&self) -> serde_json::Value {
        serde_json::from_str(self.content.get()).unwrap_or_default()
    }

    /// A string of the content.
    pub fn content_str(&self, key: &str) -> Option<String> {
        self.content_value().get(key).and_then(|value| value.as_str()).map(str::to_owned)
    }

    /// The event as an object, signatures included.
    pub fn object(&self) -> &CanonicalJsonObject {
        &self.object
    }

    /// The event as canonical JSON.
    pub fn json(&self) -> String {
        CanonicalJsonValue::Object(self.object.clone()).to_string()
    }
}

/// A v12 room is named by its create event.
fn create_room_id(event_id: &EventId, type_name: &str, rules: &RoomVersionRules) -> Result<OwnedRoomId, PduError> {
    if type_name != "m.room.create" || rules.room_id_format != RoomIdFormatVersion::V2 {
        return Err(format("room_id is missing"));
    }
    let id = event_id.as_str().replacen('$', "!", 1);
    RoomId::parse(id).map_err(|error| format(error.to_string()))
}

fn integer(object: &CanonicalJsonObject, key: &str) -> Option<i64> {
    match object.get(key) {
        Some(CanonicalJsonValue::Integer(number)) => Some((*number).into()),
        _ => None,
    }
}

fn references(object: &CanonicalJsonObject, key: &str) -> Result<Vec<OwnedEventId>, PduError> {
    let Some(CanonicalJsonValue::Array(ids)) = object.get(key) else {
        return Err(format(format!("{key} is not a list")));
    };
    let parse = |id: &CanonicalJsonValue| EventId::parse(id.as_str().unwrap_or_default());
    ids.iter().map(|id| parse(id).map_err(|error| format(error.to_string()))).collect()
}

/// Before version 11 at the top level, since then in the content.
fn redacts(object: &CanonicalJsonObject) -> Option<OwnedEventId> {
    let content = object.get("content").and_then(CanonicalJsonValue::as_object);
    let id = object.get("redacts").or_else(|| content.and_then(|content| content.get("redacts")))?;
    EventId::parse(id.as_str()?).ok()
}

impl Event for Pdu {
    type Id = OwnedEventId;

    fn event_id(&self) -> &OwnedEventId {
        &self.event_id
    }

    fn room_id(&self) -> Option<&RoomId> {
        self.carries_room_id.then_some(&*self.room_id)
    }

    fn sender(&self) -> &UserId {
        &self.sender
    }

    fn origin_server_ts(&self) -> MilliSecondsSinceUnixEpoch {
        MilliSecondsSinceUnixEpoch(UInt::new_saturating(self.origin_server_ts))
    }

    fn event_type(&self) -> &TimelineEventType {
        &self.kind
    }

    fn content(&self) -> &RawValue {
        &self.content
    }

    fn state_key(&self) -> Option<&str> {
        self.state_key.as_deref()
    }

    fn prev_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.prev_events.iter())
    }

    fn auth_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.auth_events.iter())
    }

    fn redacts(&self) -> Option<&OwnedEventId> {
        self.redacts.as_ref()
    }

    fn rejected(&self) -> bool {
        false
    }
}
