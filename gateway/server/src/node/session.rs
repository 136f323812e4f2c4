//! One transaction's view: conversations under lock, the turn of the core, and what is saved.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use causeway_core::conversation::{Conversation, ConversationError, Decision, Turn};
use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_store::Tx;
use ruma::OwnedUserId;

use super::{Node, NodeError, now_ms};
use crate::telemetry::Tally;

/// How a conversation is named.
#[derive(Clone, Debug)]
pub(crate) enum Find {
    /// By its row.
    Id(i64),
    /// By its Matrix room.
    Matrix(String),
    /// By its MIMI room.
    Mimi(String),
}

/// A transaction under way.
pub(crate) struct Session<'t> {
    /// The node.
    pub(crate) node: &'t Node,
    /// The transaction.
    pub(crate) tx: &'t mut Tx,
    /// Providers whose credential roots cannot be had for now.
    pub(super) out_of_reach: Arc<BTreeSet<ProviderDomain>>,
    saved: Vec<Conversation>,
    /// Ghosts with hashed names whose mapping this transaction stores.
    pub(super) ghosts: Vec<OwnedUserId>,
    /// What is to be counted.
    pub(super) tally: Tally,
}

/// What follows in memory once the transaction has committed.
pub(super) struct Finished {
    pub(super) conversations: Vec<Conversation>,
    pub(super) ghosts: Vec<OwnedUserId>,
    pub(super) tally: Tally,
}

impl<'t> Session<'t> {
    pub(super) fn new(node: &'t Node, tx: &'t mut Tx, out_of_reach: Arc<BTreeSet<ProviderDomain>>) -> Self {
        Self { node, tx, out_of_reach, saved: Vec::new(), ghosts: Vec::new(), tally: Tally::default() }
    }

    pub(super) fn finish(self) -> Finished {
        Finished { conversations: self.saved, ghosts: self.ghosts, tally: self.tally }
    }

    /// The conversation, locked; none if there is no such.
    pub(crate) async fn find(&mut self, find: &Find) -> Result<Option<Conversation>, NodeError> {
        let id = match find {
            Find::Id(id) => Some(*id),
            Find::Matrix(room) => self.tx.conversation_of_matrix_room(room).await?,
            Find::Mimi(room) => self.tx.conversation_of_mimi_room(room).await?,
        };
        let Some(id) = id else { return Ok(None) };
        let Some(row) = self.tx.lock_conversation(id).await? else { return Ok(None) };
        let mut conversation = match self.node.cache.take(id, row.version) {
            Some(cached) => cached,
            None => self.load(row).await?,
        };
        self.load_identities(&mut conversation).await?;
        Ok(Some(conversation))
    }

    /// The conversation, locked.
    pub(crate) async fn conversation(&mut self, find: &Find) -> Result<Conversation, NodeError> {
        self.find(find).await?.ok_or(NodeError::NoSuchRoom)
    }

    /// One call of the core. What it decides is for [`Self::save`].
    pub(crate) fn turn<T>(
        &self,
        act: impl FnOnce(&mut Turn<'_>) -> Result<T, ConversationError>,
    ) -> Result<(T, Decision), NodeError> {
        let roots = self.node.roots.current();
        let mut rng = rand::rng();
        let mut turn = Turn::new(&self.node.gateway, roots.deref(), now_ms(), &mut rng);
        let value = act(&mut turn)?;
        Ok((value, turn.decision))
    }

    /// Stores a conversation with what was decided; gives its id.
    /// What a peers' room has for the conversation that it serves is heard there.
    pub(crate) async fn save(&mut self, mut conversation: Conversation, mut decision: Decision) -> Result<i64, NodeError> {
        let news = std::mem::take(&mut decision.news);
        self.store_all(&mut conversation, decision).await?;
        let id = conversation.row.id;
        if !news.is_empty() {
            let room_id = conversation.row.matrix_room_id.clone().unwrap_or_default();
            let served = conversation.served_room()?;
            self.saved.push(conversation);
            self.pass_on((&served, &room_id), news).await?;
        } else {
            self.saved.push(conversation);
        }
        Ok(id)
    }

    /// Gives a conversation back that has only been looked at.
    pub(crate) fn unchanged(&mut self, conversation: Conversation) {
        self.saved.push(conversation);
    }
}
