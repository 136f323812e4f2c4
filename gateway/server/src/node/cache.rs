//! What of the database is kept in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use causeway_core::conversation::Conversation;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::ClientIdentity;
use ruma::OwnedUserId;

/// As many conversations are kept; beyond that all go and are loaded again as needed.
const MAX_CONVERSATIONS: usize = 1000;
/// As many identities. That there is none yet is not noted: another transaction may be about to issue it.
const MAX_IDENTITIES: usize = 100_000;

#[derive(Default)]
pub(super) struct Cache {
    conversations: Mutex<HashMap<i64, Conversation>>,
    identities: Mutex<HashMap<ClientUri, ClientIdentity>>,
    /// Ghosts with hashed names whose mapping is stored.
    ghosts: Mutex<HashSet<OwnedUserId>>,
}

impl Cache {
    /// Takes a conversation out, if it is the stored version. Whoever takes it puts it back only after its
    /// transaction has committed: what failed half-way is never seen again.
    pub(super) fn take(&self, id: i64, version: i64) -> Option<Conversation> {
        let conversation = self.conversations.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)?;
        (conversation.row.version == version).then_some(conversation)
    }

    pub(super) fn put(&self, conversation: Conversation) {
        let mut conversations = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        if conversations.len() >= MAX_CONVERSATIONS {
            conversations.clear();
        }
        conversations.insert(conversation.row.id, conversation);
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
