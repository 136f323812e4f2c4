//! What of the database is kept in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use causeway_core::conversation::Conversation;
use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::ClientIdentity;
use ruma::OwnedUserId;

/// As many conversations are kept; beyond that all go and are loaded again as needed.
const MAX_CONVERSATIONS: usize = 1000;
/// As many identities, or notes that there is none yet.
const MAX_IDENTITIES: usize = 100_000;

#[derive(Default)]
pub(super) struct Cache {
    conversations: Mutex<HashMap<i64, Conversation>>,
    identities: Mutex<HashMap<ClientUri, Option<ClientIdentity>>>,
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

    /// What is known of a client's identity: nothing, that there was none, or the identity.
    pub(super) fn identity(&self, client: &ClientUri) -> Option<Option<ClientIdentity>> {
        self.identities.lock().unwrap_or_else(PoisonError::into_inner).get(client).cloned()
    }

    pub(super) fn remember_identity(&self, client: ClientUri, identity: Option<ClientIdentity>) {
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if identities.len() >= MAX_IDENTITIES {
            identities.clear();
        }
        identities.insert(client, identity);
    }

    /// Somebody may have issued it: the database has to be asked again.
    pub(super) fn forget_identity(&self, client: &str) {
        self.identities.lock().unwrap_or_else(PoisonError::into_inner).retain(|known, _| known.as_str() != client);
    }
}
