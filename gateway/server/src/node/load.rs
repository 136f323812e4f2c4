//! From rows to a conversation.

use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_core::conversation::{Conversation, MessageIndex, Retention};
use causeway_core::matrix::{Pdu, Room, RoomParts, StateMap};
use causeway_core::records::{ConversationRow, EventRow};
use causeway_drafts::mimi_uri::ClientUri;
use causeway_mls::{
    ClientIdentity, EpochId, EpochRef, EpochRows, ForkableGroup, ForkableSnapshot, Group, GroupSnapshot, Nodes, PastEpoch,
};
use ruma::{OwnedEventId, OwnedRoomId, RoomVersionId};

use super::{NodeError, Session};

fn epoch_id(bytes: &[u8]) -> Result<EpochId, NodeError> {
    <[u8; 32]>::try_from(bytes).map(EpochId::from_bytes).map_err(stored)
}

fn stored(why: impl std::fmt::Display) -> NodeError {
    NodeError::Stored(why.to_string())
}

/// An event from its row.
pub(super) fn pdu_of(row: &EventRow, version: &RoomVersionId) -> Result<Arc<Pdu>, NodeError> {
    Pdu::parse(&row.json, version).map(Arc::new).map_err(|error| stored(format!("event {}: {error}", row.event_id)))
}

impl Session<'_> {
    pub(super) async fn load(&mut self, row: ConversationRow) -> Result<Conversation, NodeError> {
        let room = self.load_room(&row).await?;
        let forkable = self.load_graph(&row).await?;
        let retention = self.tx.retention(row.id).await?;
        let stored_paths = self.tx.peer_paths(row.id).await?;
        let stored_anew = self.tx.anew(row.id).await?;
        let group = match &forkable {
            Some(forkable) => Some(forkable.head_state()?.clone()),
            None => self.load_group(&row).await?,
        };
        let messages = MessageIndex::new(self.tx.messages(row.id).await?);
        let mut conversation = Conversation::restore(row, room, group, messages)?;
        conversation.forkable = forkable;
        conversation.stored_paths = stored_paths;
        conversation.stored_anew = stored_anew;
        conversation.retention =
            Retention { epochs: retention.epochs.map(|epochs| epochs as u64), age_ms: retention.age_ms.map(|age| age as u64) };
        conversation.stored_retention = (conversation.retention, retention.graph_window.map(|window| window as u64));
        conversation.apply_retention(&self.node.gateway);
        Ok(conversation)
    }

    async fn load_room(&mut self, row: &ConversationRow) -> Result<Option<Room>, NodeError> {
        let (Some(room_id), Some(version)) = (&row.matrix_room_id, &row.room_version) else { return Ok(None) };
        let version = RoomVersionId::try_from(version.as_str()).map_err(stored)?;
        let mut extremities = Vec::new();
        for extremity in self.tx.extremities(room_id).await? {
            let id = OwnedEventId::try_from(extremity.event_id).map_err(stored)?;
            extremities.push((id, self.state_map(&extremity.state_after).await?));
        }
        if extremities.is_empty() {
            // Invited, but not in.
            return Ok(None);
        }
        let rows = self.tx.events_for_state(room_id).await?;
        let rejected = rows.iter().filter(|row| row.rejected.is_some());
        let rejected =
            rejected.map(|row| OwnedEventId::try_from(row.event_id.clone())).collect::<Result<_, _>>().map_err(stored)?;
        let events = rows.iter().map(|row| pdu_of(row, &version)).collect::<Result<_, _>>()?;
        let room_id = OwnedRoomId::try_from(room_id.clone()).map_err(stored)?;
        Room::restore(RoomParts { room_id, version, events, rejected, extremities }).map(Some).map_err(stored)
    }

    /// A state map by its hash.
    pub(crate) async fn state_map(&mut self, hash: &[u8]) -> Result<StateMap, NodeError> {
        let body = self.tx.state_map(hash).await?.ok_or_else(|| stored("a state map is missing"))?;
        let entries: Vec<(String, String, OwnedEventId)> = serde_json::from_slice(&body).map_err(stored)?;
        Ok(entries.into_iter().map(|(kind, key, id)| ((kind, key), id)).collect())
    }

    /// The state before a stored event; none for outliers.
    pub(crate) async fn state_before(&mut self, event: &EventRow) -> Result<Option<StateMap>, NodeError> {
        match &event.state_before {
            Some(hash) => self.state_map(hash).await.map(Some),
            None => Ok(None),
        }
    }

    async fn load_group(&mut self, row: &ConversationRow) -> Result<Option<Group>, NodeError> {
        let (Some(group_id), Some(head), Some(number)) = (&row.group_id, &row.head_epoch_id, row.head_number) else {
            return Ok(None);
        };
        let id = epoch_id(head)?;
        let (public, clients) = self.rows_of_epoch(row.id, head).await?;
        let mut past = BTreeMap::new();
        for epoch in self.tx.kept_epochs(row.id).await?.iter().filter(|epoch| *epoch != head) {
            let (public, clients) = self.rows_of_epoch(row.id, epoch).await?;
            past.insert(epoch_id(epoch)?, PastEpoch { public, clients });
        }
        let nodes = Nodes::from_rows(self.tx.group_nodes(row.id).await?);
        let head = EpochRef { id, number: number as u64 };
        Ok(Some(Group::load(GroupSnapshot { group_id: group_id.clone(), head, public, clients, nodes, past })?))
    }

    /// The rows of one epoch's state: public ones, and each own client's.
    async fn rows_of_epoch(&mut self, conversation_id: i64, epoch: &[u8]) -> Result<EpochRows, NodeError> {
        let (mut public, mut clients): EpochRows = Default::default();
        for value in self.tx.group_values(conversation_id, epoch).await? {
            match value.client_uri.as_str() {
                "" => public.insert(value.key, value.value),
                client => {
                    let client: ClientUri = client.parse().map_err(stored)?;
                    clients.entry(client).or_default().insert(value.key, value.value)
                }
            };
        }
        Ok((public, clients))
    }

    /// The graph of a group that nobody orders.
    async fn load_graph(&mut self, row: &ConversationRow) -> Result<Option<ForkableGroup>, NodeError> {
        let (Some(group_id), Some(core)) = (&row.group_id, self.tx.graph(row.id).await?) else { return Ok(None) };
        let mut states = BTreeMap::new();
        for epoch in self.tx.kept_epochs(row.id).await? {
            states.insert(epoch_id(&epoch)?, self.rows_of_epoch(row.id, &epoch).await?);
        }
        let commits = self.tx.kept_commits(row.id).await?;
        let commits = commits.into_iter().filter(|(_, commit)| !commit.is_empty());
        let commits = commits.map(|(epoch, commit)| Ok((epoch_id(&epoch)?, commit))).collect::<Result<_, NodeError>>()?;
        let nodes = Nodes::from_rows(self.tx.group_nodes(row.id).await?);
        Ok(Some(ForkableGroup::load(ForkableSnapshot { group_id: group_id.clone(), core, states, commits, nodes })?))
    }

    /// The identities of all own clients that the conversation may have to speak as: an identity that exists must
    /// never be issued a second time.
    pub(super) async fn load_identities(&mut self, conversation: &mut Conversation) -> Result<(), NodeError> {
        for client in self.own_clients_of(conversation) {
            if conversation.clients.contains_key(&client) {
                continue;
            }
            if let Some(identity) = self.identity(&client).await? {
                conversation.clients.insert(client, identity);
            }
        }
        Ok(())
    }

    /// The identity of an own client, if one has been issued.
    pub(super) async fn identity(&mut self, client: &ClientUri) -> Result<Option<ClientIdentity>, NodeError> {
        if let Some(known) = self.node.cache.identity(client) {
            return Ok(Some(known));
        }
        let Some(row) = self.tx.client(client.as_str()).await? else { return Ok(None) };
        let identity = ClientIdentity::from_bytes(&row.identity)?;
        self.node.cache.remember_identity(client.clone(), identity.clone());
        Ok(Some(identity))
    }

    fn own_clients_of(&self, conversation: &Conversation) -> Vec<ClientUri> {
        let names = &self.node.gateway.names;
        let mut clients = vec![names.listener_client()];
        if let Some(group) = &conversation.group {
            clients.extend(group.own_clients().cloned());
            let participants = group.room_state().participants.participants.iter();
            clients.extend(participants.filter(|p| names.is_ours(&p.user.provider())).map(|p| names.puppet_client(&p.user)));
        }
        if let Some(room) = &conversation.room {
            let users = room.joined_users();
            clients.extend(users.iter().filter_map(|user| names.puppet(user).ok()).map(|user| names.puppet_client(&user)));
        }
        clients.sort();
        clients.dedup();
        clients
    }
}
