//! Which Matrix event is which MIMI message, in memory.

use std::collections::BTreeMap;

use causeway_drafts::mimi_content_09::{Disposition, MessageId, MimiContent, PartBody};
use causeway_drafts::mimi_uri::UserUri;
use ruma::{EventId, OwnedEventId, OwnedUserId, UserId};

use super::Conversation;
use crate::identity::Names;
use crate::records::MessageRow;
use crate::translate::{EventRef, Links, MessageRef};

/// The pairs of one conversation, found from either side.
#[derive(Clone, Debug, Default)]
pub struct MessageIndex {
    rows: Vec<MessageRow>,
    by_event: BTreeMap<String, usize>,
    by_message: BTreeMap<Vec<u8>, usize>,
    /// First version → newest version, as message ids.
    newest: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MessageIndex {
    /// From stored rows, in order.
    pub fn new(rows: Vec<MessageRow>) -> Self {
        let mut index = Self::default();
        for row in rows {
            index.insert(row);
        }
        index
    }

    /// Adds a pair.
    pub fn insert(&mut self, row: MessageRow) {
        let position = self.rows.len();
        self.by_event.insert(row.event_id.clone(), position);
        self.by_message.entry(row.message_id.clone()).or_insert(position);
        self.newest.insert(row.first_message_id.clone(), row.message_id.clone());
        self.rows.push(row);
    }

    /// The pair of a Matrix event.
    pub fn by_event(&self, event_id: &str) -> Option<&MessageRow> {
        self.by_event.get(event_id).and_then(|position| self.rows.get(*position))
    }

    /// The (first) pair of a MIMI message.
    pub fn by_message(&self, message_id: &[u8]) -> Option<&MessageRow> {
        self.by_message.get(message_id).and_then(|position| self.rows.get(*position))
    }

    /// A message seen before is not processed again (C-061).
    pub fn knows_message(&self, message_id: &[u8]) -> bool {
        self.by_message.contains_key(message_id)
    }

    /// A message with its other parts and versions; none if it is not known.
    fn of_message(&self, message_id: &[u8]) -> impl Iterator<Item = &MessageRow> {
        let first = self.by_message(message_id).map(|row| &row.first_message_id);
        self.rows.iter().filter(move |row| Some(&row.first_message_id) == first)
    }

    fn newest_version(&self, first: &[u8]) -> Option<&Vec<u8>> {
        self.newest.get(first)
    }
}

/// What kind of pair a content makes.
pub(super) fn kind_of(content: &MimiContent) -> &'static str {
    match (&content.nested_part.body, content.replaces.is_some(), content.nested_part.disposition) {
        (PartBody::Null, true, _) => "retraction",
        (_, true, _) => "edit",
        (_, false, Disposition::REACTION) => "reaction",
        _ => "message",
    }
}

/// The translation's view of a conversation.
pub(super) struct ConversationLinks<'a> {
    pub(super) conversation: &'a Conversation,
    pub(super) names: &'a Names,
}

fn message_id(bytes: &[u8]) -> Option<MessageId> {
    <[u8; 32]>::try_from(bytes).ok().map(MessageId::from_bytes)
}

/// The event that edits and replies refer to.
fn original(row: &MessageRow) -> Option<EventRef> {
    Some(EventRef {
        event_id: OwnedEventId::try_from(row.first_event_id.clone()).ok()?,
        sender: row.matrix_sender.clone().try_into().ok()?,
    })
}

impl Links for ConversationLinks<'_> {
    fn message_of(&self, event: &EventId) -> Option<MessageRef> {
        let row = self.conversation.messages.by_event(event.as_str())?;
        let newest = self.conversation.messages.newest_version(&row.first_message_id).unwrap_or(&row.message_id);
        Some(MessageRef {
            id: message_id(newest)?,
            first: message_id(&row.first_message_id)?,
            is_reaction: row.kind == "reaction",
            is_edit: row.kind == "edit",
        })
    }

    fn event_of(&self, message: &MessageId) -> Option<EventRef> {
        self.conversation.messages.by_message(message.as_bytes()).and_then(original)
    }

    fn events_of(&self, message: &MessageId) -> Vec<EventRef> {
        let mut events: Vec<EventRef> = Vec::new();
        for event in self.conversation.messages.of_message(message.as_bytes()).filter_map(original) {
            if !events.iter().any(|known| known.event_id == event.event_id) {
                events.push(event);
            }
        }
        events
    }

    fn mimi_user(&self, user: &UserId) -> Option<UserUri> {
        self.names.ghost_to_mimi(user).or_else(|| self.names.puppet(user).ok())
    }

    fn matrix_user(&self, user: &UserUri) -> Option<OwnedUserId> {
        Some(self.names.puppet_to_matrix(user).unwrap_or_else(|| self.names.ghost(user)))
    }

    fn display_name(&self, user: &UserId) -> Option<String> {
        self.conversation.room.as_ref().and_then(|room| room.display_name(user))
    }
}
