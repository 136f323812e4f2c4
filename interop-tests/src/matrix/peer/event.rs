//! An event as a homeserver keeps it.

use anyhow::{Context, Result, anyhow, bail};
use ruma::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma::events::TimelineEventType;
use ruma::room_version_rules::RoomVersionRules;
use ruma::state_res;
use ruma::{EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, RoomVersionId, UInt, UserId};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// The rules of a room version.
///
/// # Errors
/// If nobody knows them.
pub(super) fn rules(version: &RoomVersionId) -> Result<RoomVersionRules> {
    version.rules().with_context(|| format!("room version {version}"))
}

/// A JSON value as canonical object.
///
/// # Errors
/// If it is no object, or has numbers that canonical JSON does not.
pub(super) fn canonical(value: &Value) -> Result<CanonicalJsonObject> {
    match CanonicalJsonValue::try_from(value.clone())? {
        CanonicalJsonValue::Object(object) => Ok(object),
        _ => bail!("not an object"),
    }
}

/// An event, with its signatures.
#[derive(Clone, Debug)]
pub struct Event {
    id: OwnedEventId,
    room_id: Option<OwnedRoomId>,
    room: String,
    sender: OwnedUserId,
    at: u64,
    kind: TimelineEventType,
    state_key: Option<String>,
    prev: Vec<OwnedEventId>,
    auth: Vec<OwnedEventId>,
    redacts: Option<OwnedEventId>,
    content: Box<RawValue>,
    object: CanonicalJsonObject,
}

impl Event {
    /// Reads an event. Signatures and hashes are not looked at.
    ///
    /// # Errors
    /// If it is not an event of the room version.
    pub(super) fn read(mut object: CanonicalJsonObject, version: &RoomVersionId) -> Result<Self> {
        let rules = rules(version)?;
        object.remove("unsigned");
        state_res::check_pdu_format(&object, &rules.event_format).map_err(|why| anyhow!(why))?;
        let hash = ruma::signatures::reference_hash(&object, &rules)?;
        let id = EventId::parse(format!("${hash}"))?;
        let value = Value::from(CanonicalJsonValue::Object(object.clone()));
        let text = |key: &str| value[key].as_str();
        let room_id = text("room_id").map(RoomId::parse).transpose()?;
        let redacts = text("redacts").or_else(|| value["content"]["redacts"].as_str());
        Ok(Self {
            room: text("room_id").map_or_else(|| id.as_str().replacen('$', "!", 1), str::to_owned),
            room_id,
            sender: UserId::parse(text("sender").unwrap_or_default())?,
            at: value["origin_server_ts"].as_u64().unwrap_or_default(),
            kind: text("type").unwrap_or_default().into(),
            state_key: text("state_key").map(str::to_owned),
            prev: ids(&value["prev_events"])?,
            auth: ids(&value["auth_events"])?,
            redacts: redacts.and_then(|id| EventId::parse(id).ok()),
            content: to_raw_value(&value["content"])?,
            id,
            object,
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    pub(super) fn owned_id(&self) -> &OwnedEventId {
        &self.id
    }

    /// The room that it is in; for a v12 create event, the one that it makes.
    pub fn room(&self) -> &str {
        &self.room
    }

    /// Its type.
    pub fn kind(&self) -> String {
        self.kind.to_string()
    }

    /// Its sender.
    pub fn sender(&self) -> &str {
        self.sender.as_str()
    }

    /// The homeserver of its sender.
    pub fn server(&self) -> &str {
        self.sender.server_name().as_str()
    }

    /// Its state key, if it is a state event.
    pub fn state_key(&self) -> Option<&str> {
        self.state_key.as_deref()
    }

    /// Its content.
    pub fn content(&self) -> Value {
        serde_json::from_str(self.content.get()).unwrap_or_default()
    }

    /// `content.body`, or nothing.
    pub fn body(&self) -> String {
        self.content()["body"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether it says that a user has this membership.
    pub fn is_membership(&self, user: &str, membership: &str) -> bool {
        self.kind() == "m.room.member" && self.state_key() == Some(user) && self.content()["membership"] == membership
    }

    /// The event that it redacts.
    pub fn redacts(&self) -> Option<&str> {
        self.redacts.as_ref().map(|id| id.as_str())
    }

    /// The events before it.
    pub(super) fn prev(&self) -> &[OwnedEventId] {
        &self.prev
    }

    /// The events that allow it.
    pub(super) fn auth(&self) -> &[OwnedEventId] {
        &self.auth
    }

    /// Its depth.
    pub fn depth(&self) -> i64 {
        self.json()["depth"].as_i64().unwrap_or_default()
    }

    /// The whole event.
    pub fn json(&self) -> Value {
        CanonicalJsonValue::Object(self.object.clone()).into()
    }
}

fn ids(value: &Value) -> Result<Vec<OwnedEventId>> {
    let ids = value.as_array().context("references that are no list")?;
    ids.iter().map(|id| Ok(EventId::parse(id.as_str().unwrap_or_default())?)).collect()
}

impl state_res::Event for Event {
    type Id = OwnedEventId;

    fn event_id(&self) -> &OwnedEventId {
        &self.id
    }

    fn room_id(&self) -> Option<&RoomId> {
        self.room_id.as_deref()
    }

    fn sender(&self) -> &UserId {
        &self.sender
    }

    fn origin_server_ts(&self) -> MilliSecondsSinceUnixEpoch {
        MilliSecondsSinceUnixEpoch(UInt::new_saturating(self.at))
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
        Box::new(self.prev.iter())
    }

    fn auth_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.auth.iter())
    }

    fn redacts(&self) -> Option<&OwnedEventId> {
        self.redacts.as_ref()
    }

    fn rejected(&self) -> bool {
        false
    }
}
