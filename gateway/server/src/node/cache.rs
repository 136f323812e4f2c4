//! What of the database is kept in memory.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use causeway_core::conversation::Conversation;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::ClientIdentity;
use ruma::OwnedUserId;

/// As many conversations are kept; beyond that all go and are loaded again as needed.
const MAX_CONVERSATIONS: usize = 1000;
/// openmls' objects are kept for groups of so many members together, those used last: each member is some KiB there, in addition
/// to the rows.
const MAX_KEPT_MEMBERS: usize = 20_000;
/// As many identities. That there is none yet is not noted: another transaction may be about to issue it.
const MAX_IDENTITIES: usize = 100_000;

#[derive(Default)]
pub(super) struct Cache {
    conversations: Mutex<Conversations>,
    identities: Mutex<HashMap<ClientUri, ClientIdentity>>,
    /// Ghosts with hashed names whose mapping is stored.
    ghosts: Mutex<HashSet<OwnedUserId>>,
}

#[derive(Default)]
struct Conversations {
    by_id: HashMap<i64, Conversation>,
    /// Those whose groups have openmls' objects, with how many members; the last used one comes last.
    ready: VecDeque<(i64, usize)>,
}

impl Conversations {
    /// The last used conversation stays ready; others rest when it is too much.
    fn note_use(&mut self, id: i64, members: usize) {
        self.ready.retain(|(other, _)| *other != id);
        self.ready.push_back((id, members));
        let mut kept: usize = self.ready.iter().map(|(_, members)| members).sum();
        while kept > MAX_KEPT_MEMBERS
            && self.ready.len() > 1
            && let Some((id, members)) = self.ready.pop_front()
        {
            kept -= members;
            self.by_id.get_mut(&id).into_iter().for_each(Conversation::rest);
        }
    }
}

impl Cache {
    /// Takes a conversation out, if it is the stored version. Whoever takes it puts it back only after its
    /// transaction has committed: what failed half-way is never seen again.
    pub(super) fn take(&self, id: i64, version: i64) -> Option<Conversation> {
        let conversation = self.conversations.lock().unwrap_or_else(PoisonError::into_inner).by_id.remove(&id)?;
        (conversation.row.version == version).then_some(conversation)
    }

    pub(super) fn put(&self, conversation: Conversation) {
        let mut conversations = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        if conversations.by_id.len() >= MAX_CONVERSATIONS {
            *conversations = Conversations::default();
        }
        conversations.note_use(conversation.row.id, conversation.members());
        conversations.by_id.insert(conversation.row.id, conversation);
    }

    pub(super) fn is_ghost_stored(&self, ghost: &OwnedUserId) -> bool {
        self.ghosts.lock().unwrap_or_else(PoisonError::into_inner).contains(ghost)
    }

    pub(super) fn ghosts_are_stored(&self, ghosts: Vec<OwnedUserId>) {
        self.ghosts.lock().unwrap_or_else(PoisonError::into_inner).extend(ghosts);
    }

    /// A client's identity, if it is known.
    pub(super) fn identity(&self, client: &ClientUri) -> Option<ClientIdentity> {
        self.identities.lock().unwrap_or_else(PoisonError::into_inner).get(client).cloned()
    }

    pub(super) fn remember_identity(&self, client: ClientUri, identity: ClientIdentity) {
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if identities.len() >= MAX_IDENTITIES {
            identities.clear();
        }
        identities.insert(client, identity);
    }

    /// It is issued anew: the database has to be asked again.
    pub(super) fn forget_identity(&self, client: &str) {
        self.identities.lock().unwrap_or_else(PoisonError::into_inner).retain(|known, _| known.as_str() != client);
    }
}

#[cfg(test)]
mod tests {
    use super::{Conversations, MAX_KEPT_MEMBERS};

    #[test]
    fn what_was_used_last_stays_ready() {
        let mut conversations = Conversations::default();
        for id in 1..=3 {
            conversations.note_use(id, MAX_KEPT_MEMBERS / 2);
        }
        assert_eq!(conversations.ready.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [2, 3]);
        conversations.note_use(2, MAX_KEPT_MEMBERS / 2);
        assert_eq!(conversations.ready.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [3, 2]);
        conversations.note_use(4, 2 * MAX_KEPT_MEMBERS);
        assert_eq!(conversations.ready.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [4], "however large it is");
    }
}
