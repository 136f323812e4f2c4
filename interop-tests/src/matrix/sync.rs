//! What a client has seen by `/sync`: rooms, invites, timelines.

use std::collections::BTreeMap;

use serde_json::Value;

/// Everything that one client has seen since it logged in.
#[derive(Debug, Default)]
pub struct Seen {
    rooms: BTreeMap<String, Vec<Event>>,
    invites: BTreeMap<String, Invite>,
}

/// An event as a client sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event(pub Value);

/// An invite that waits for an answer.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The room.
    pub room_id: String,
    /// Who invites.
    pub sender: String,
    /// The stripped state that came with it.
    pub state: Vec<Event>,
}

impl Event {
    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.text("/event_id")
    }

    /// Its type.
    pub fn kind(&self) -> &str {
        self.text("/type")
    }

    /// Its sender.
    pub fn sender(&self) -> &str {
        self.text("/sender")
    }

    /// Its state key.
    pub fn state_key(&self) -> Option<&str> {
        self.0.get("state_key").and_then(Value::as_str)
    }

    /// Its content.
    pub fn content(&self) -> &Value {
        self.0.get("content").unwrap_or(&Value::Null)
    }

    /// The body of a message.
    pub fn body(&self) -> &str {
        self.text("/content/body")
    }

    /// The HTML of a message.
    pub fn html(&self) -> &str {
        self.text("/content/formatted_body")
    }

    /// The event that this one answers.
    pub fn in_reply_to(&self) -> &str {
        self.text("/content/m.relates_to/m.in_reply_to/event_id")
    }

    /// The event that this one relates to, if by this kind of relation.
    pub fn relates_to(&self, kind: &str) -> Option<&str> {
        (self.text("/content/m.relates_to/rel_type") == kind).then(|| self.text("/content/m.relates_to/event_id"))
    }

    /// The event that this one redacts; room version 11 moved it into the content.
    pub fn redacts(&self) -> &str {
        match self.text("/redacts") {
            "" => self.text("/content/redacts"),
            redacts => redacts,
        }
    }

    /// The membership that this event sets for the user.
    pub fn membership_of(&self, user: &str) -> Option<&str> {
        (self.kind() == "m.room.member" && self.state_key() == Some(user)).then(|| self.text("/content/membership"))
    }

    /// In one line, for reports.
    pub fn summary(&self) -> String {
        format!("{} by {}: {}", self.kind(), self.sender(), self.content())
    }
}

impl Invite {
    /// Content of a state event that came with the invite.
    pub fn state(&self, kind: &str, key: &str) -> &str {
        self.state.iter().find(|event| event.kind() == kind).map(|event| event.text(&format!("/content/{key}"))).unwrap_or_default()
    }
}

impl Seen {
    /// All events of a room, in the order in which they came.
    pub fn room(&self, room_id: &str) -> &[Event] {
        self.rooms.get(room_id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The invites that wait for an answer.
    pub fn invites(&self) -> impl Iterator<Item = &Invite> {
        self.invites.values()
    }

    /// Takes an answer of the user's `/sync` in.
    pub(super) fn take_in(&mut self, answer: &Value, own_user: &str) {
        for (room_id, room) in entries(answer, "/rooms/join").chain(entries(answer, "/rooms/leave")) {
            self.invites.remove(room_id);
            let seen = self.rooms.entry(room_id.clone()).or_default();
            for event in ["/state/events", "/timeline/events"].iter().flat_map(|part| events(room, part)) {
                if !seen.iter().any(|known| known.id() == event.id()) {
                    seen.push(event);
                }
            }
        }
        for (room_id, invite) in entries(answer, "/rooms/invite") {
            let state: Vec<Event> = events(invite, "/invite_state/events").collect();
            let sender = state.iter().find(|event| event.membership_of(own_user) == Some("invite")).map(Event::sender);
            let sender = sender.unwrap_or_default().to_owned();
            self.invites.insert(room_id.clone(), Invite { room_id: room_id.clone(), sender, state });
        }
    }
}

fn entries<'a>(answer: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    answer.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

fn events(room: &Value, pointer: &str) -> impl Iterator<Item = Event> {
    room.pointer(pointer).and_then(Value::as_array).into_iter().flatten().cloned().map(Event)
}
