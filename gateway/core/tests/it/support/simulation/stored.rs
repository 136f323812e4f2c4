//! What a database would hold of a conversation.

use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_core::conversation::{Conversation, MessageIndex, Retention};
use causeway_core::matrix::{Pdu, Room, RoomParts, StateMap};
use causeway_core::records::ConversationRow;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::{ClientIdentity, ForkableGroup, ForkableSnapshot, Group, GroupSnapshot};
use ruma::{OwnedEventId, OwnedRoomId, RoomVersionId};
use serde_json::Value;

#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) row: ConversationRow,
    room: Option<StoredRoom>,
    group: Option<GroupSnapshot>,
    forkable: Option<ForkableSnapshot>,
    messages: MessageIndex,
    clients: BTreeMap<ClientUri, ClientIdentity>,
    retention: Retention,
}

#[derive(Clone)]
struct StoredRoom {
    room_id: OwnedRoomId,
    version: RoomVersionId,
    events: Vec<Arc<Pdu>>,
    rejected: Vec<OwnedEventId>,
    extremities: Vec<(OwnedEventId, StateMap)>,
    /// The state after each event.
    states: BTreeMap<OwnedEventId, StateMap>,
}

impl Stored {
    pub(crate) fn new(conversation: Conversation) -> Self {
        let mut stored = Self {
            row: conversation.row.clone(),
            room: None,
            group: None,
            forkable: None,
            messages: MessageIndex::default(),
            clients: BTreeMap::new(),
            retention: Retention::default(),
        };
        stored.save(conversation);
        stored
    }

    pub(crate) fn load(&self) -> Conversation {
        let room = self.room.as_ref().map(|room| {
            Room::restore(RoomParts {
                room_id: room.room_id.clone(),
                version: room.version.clone(),
                events: room.events.clone(),
                rejected: room.rejected.clone(),
                extremities: room.extremities.clone(),
            })
            .unwrap()
        });
        let group = self.group.clone().map(|snapshot| Group::load(snapshot).unwrap());
        let mut conversation = Conversation::restore(self.row.clone(), room, group, self.messages.clone()).unwrap();
        conversation.clients = self.clients.clone();
        conversation.retention = self.retention;
        conversation.forkable = self.forkable.clone().map(|snapshot| ForkableGroup::load(snapshot).unwrap());
        conversation
    }

    pub(crate) fn save(&mut self, mut conversation: Conversation) {
        conversation.seal_row();
        self.retention = conversation.retention;
        self.row = conversation.row;
        self.messages = conversation.messages;
        self.clients = conversation.clients;
        if let Some(ended) = conversation.forkable.take_if(|forkable| forkable.is_over()) {
            conversation.group = Some(ended.into_group().unwrap());
        }
        self.forkable = conversation.forkable.map(|forkable| forkable.snapshot().unwrap());
        self.group = conversation.group.map(|group| group.snapshot().clone());
        if let Some(mut room) = conversation.room {
            let changes = room.take_changes();
            let stored = self.room.get_or_insert_with(|| StoredRoom {
                room_id: room.room_id().clone(),
                version: room.version().clone(),
                events: Vec::new(),
                rejected: Vec::new(),
                extremities: Vec::new(),
                states: BTreeMap::new(),
            });
            for event in changes.events {
                if let Some(mut state) = event.state_before.map(Arc::unwrap_or_clone) {
                    let key = event.pdu.state_key().filter(|_| event.rejected.is_none());
                    let key = key.map(|key| (event.pdu.event_type().to_owned(), key.to_owned()));
                    state.extend(key.map(|key| (key, event.pdu.event_id().clone())));
                    stored.states.insert(event.pdu.event_id().clone(), state);
                }
                stored.rejected.extend(event.rejected.map(|_| event.pdu.event_id().clone()));
                stored.events.push(event.pdu);
            }
            if let Some(extremities) = changes.extremities {
                stored.extremities = extremities.into_iter().map(|(id, state)| (id, (*state).clone())).collect();
            }
        }
    }

    /// As an adopted database has it: nothing of what own clients knew.
    pub(crate) fn forget_secrets(&mut self) {
        self.row.resync = true;
        self.group.as_mut().unwrap().clients.clear();
        for (_, clients) in self.forkable.iter_mut().flat_map(|forkable| forkable.states.values_mut()) {
            clients.clear();
        }
    }

    /// What was a backup is in use again. The Matrix room is filled up by its other servers.
    pub(crate) fn go_back_to(&mut self, backup: Self) {
        let room = self.room.take();
        *self = Self { room, ..backup };
    }

    pub(crate) fn events(&self) -> Vec<(String, Value)> {
        let events = self.room.iter().flat_map(|room| &room.events).filter(|pdu| pdu.state_key().is_none());
        events.map(|pdu| (pdu.event_id().to_string(), pdu.content_value())).collect()
    }

    /// Every event of the room that is stored, in order of arrival.
    pub(crate) fn all_events(&self) -> Vec<Arc<Pdu>> {
        self.room.iter().flat_map(|room| &room.events).cloned().collect()
    }

    /// The state after an event of the room; none where that was not there when we joined.
    pub(crate) fn state_after(&self, event_id: &OwnedEventId) -> Option<&StateMap> {
        self.room.as_ref()?.states.get(event_id)
    }

    pub(crate) fn timeline(&self) -> Vec<(String, Value)> {
        let events = self.room.iter().flat_map(|room| &room.events).filter(|pdu| pdu.state_key().is_none());
        events.map(|pdu| (pdu.sender().to_string(), pdu.content_value())).collect()
    }
}
