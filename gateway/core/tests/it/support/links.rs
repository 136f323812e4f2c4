//! A conversation as a translation sees it: one message from each side, a reaction, and who is who.

use causeway_core::identity::Names;
use causeway_core::translate::{EventRef, Links, MessageRef};
use causeway_drafts::mimi_content_09::MessageId;
use causeway_drafts::mimi_uri::UserUri;
use ruma::{EventId, OwnedUserId, UserId};

pub(crate) const FIRST: MessageId = MessageId::from_bytes([1; 32]);
pub(crate) const NEWEST: MessageId = MessageId::from_bytes([2; 32]);
pub(crate) const REACTION: MessageId = MessageId::from_bytes([3; 32]);
pub(crate) const UNKNOWN: MessageId = MessageId::from_bytes([9; 32]);
/// An event that has been edited once: [`FIRST`], then [`NEWEST`].
pub(crate) const EDITED_EVENT: &str = "$edited";
pub(crate) const REACTION_EVENT: &str = "$reaction";
pub(crate) const UNKNOWN_EVENT: &str = "$unknown";

pub(crate) struct TestLinks(pub(crate) Names);

pub(crate) fn names() -> Names {
    Names::new("gw.test", "gw.test".parse().unwrap(), vec!["own.test".parse().unwrap()])
}

pub(crate) fn links() -> TestLinks {
    TestLinks(names())
}

impl Links for TestLinks {
    fn message_of(&self, event: &EventId) -> Option<MessageRef> {
        match event.as_str() {
            EDITED_EVENT => Some(MessageRef { id: NEWEST, first: FIRST, is_reaction: false, is_edit: false }),
            REACTION_EVENT => Some(MessageRef { id: REACTION, first: REACTION, is_reaction: true, is_edit: false }),
            _ => None,
        }
    }

    fn event_of(&self, message: &MessageId) -> Option<EventRef> {
        let event_id = match *message {
            FIRST | NEWEST => EDITED_EVENT,
            REACTION => REACTION_EVENT,
            _ => return None,
        };
        Some(EventRef { event_id: event_id.try_into().unwrap(), sender: "@alice:hs.test".try_into().unwrap() })
    }

    fn mimi_user(&self, user: &UserId) -> Option<UserUri> {
        self.0.ghost_to_mimi(user).or_else(|| self.0.puppet(user).ok())
    }

    fn matrix_user(&self, user: &UserUri) -> Option<OwnedUserId> {
        Some(self.0.puppet_to_matrix(user).unwrap_or_else(|| self.0.ghost(user)))
    }

    fn display_name(&self, user: &UserId) -> Option<String> {
        (user == "@alice:hs.test").then(|| "Alice *A*".to_owned())
    }
}
