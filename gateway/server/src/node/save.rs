//! From a conversation, and what was decided in it, to rows.

use causeway_core::code::Coded;
use causeway_core::conversation::{Conversation, Decision, ghost_display_name};
use causeway_core::loss::Feature;
use causeway_core::matrix::{RoomChanges, StateMap, StoredEvent};
use causeway_core::records::{ClientRow, EpochRow, EventRow, ExtremityRow, GroupValueRow, ProfileRow, RetentionRow, StateMapRow};
use causeway_mls::{EpochRecord, GroupChanges};
use causeway_store::StoreError;
use sha2::{Digest, Sha256};

use super::{NodeError, Session, now_ms};

impl Session<'_> {
    pub(super) async fn store_all(&mut self, conversation: &mut Conversation, decision: Decision) -> Result<(), NodeError> {
        let due = conversation.note_head(&self.node.gateway, now_ms());
        let decision = Decision { outbox: decision.outbox.into_iter().chain(due).collect(), ..decision };
        conversation.seal_row();
        match conversation.row.id {
            0 => conversation.row.id = self.tx.insert_conversation(&conversation.row).await?,
            _ => self.tx.update_conversation(&conversation.row).await?,
        }
        conversation.row.version += 1;
        let id = conversation.row.id;
        if let Some(room) = &mut conversation.room {
            let room_id = room.room_id().to_string();
            let changes = room.take_changes();
            self.store_room(&room_id, changes).await?;
        }
        match (&mut conversation.forkable, &mut conversation.group) {
            (Some(forkable), _) => {
                let (changes, is_over) = (forkable.take_changes()?, forkable.is_over());
                let head = changes.group.head.id;
                if is_over {
                    self.tx.delete_graph(id).await?;
                } else if let Some(core) = &changes.core {
                    let graph = forkable.graph();
                    let authority = graph.authority().map(ToString::to_string).unwrap_or_default();
                    self.tx.put_graph(id, core, (graph.term(), &authority)).await?;
                }
                self.store_group(id, changes.group).await?;
                self.tx.mark_head(id, head.as_bytes()).await?;
                if let Some(ended) = conversation.forkable.take_if(|forkable| forkable.is_over()) {
                    conversation.group = Some(ended.into_group()?);
                }
            }
            (None, Some(group)) => {
                let changes = group.take_changes();
                self.forget_what_was_before(id, &changes).await?;
                self.store_group(id, changes).await?;
            }
            (None, None) => {}
        }
        self.store_retention(conversation).await?;
        self.store_paths(conversation).await?;
        self.store_anew(conversation).await?;
        self.store_decision(id, decision).await?;
        self.store_hashed_ghosts().await
    }

    async fn store_retention(&mut self, conversation: &mut Conversation) -> Result<(), NodeError> {
        let window = conversation.forkable.as_ref().map(|forkable| forkable.graph().window());
        let retention = (conversation.retention, window);
        if conversation.stored_retention == retention {
            return Ok(());
        }
        conversation.stored_retention = retention;
        let row = RetentionRow {
            conversation_id: conversation.row.id,
            epochs: conversation.retention.epochs.map(|epochs| epochs as i64),
            age_ms: conversation.retention.age_ms.map(|age| age as i64),
            graph_window: window.map(|window| window as i64),
        };
        Ok(self.tx.put_retention(&row).await?)
    }

    async fn store_paths(&mut self, conversation: &mut Conversation) -> Result<(), NodeError> {
        let paths = conversation.paths(self.node.gateway.names.provider());
        if conversation.stored_paths != paths {
            self.tx.replace_peer_paths(conversation.row.id, &paths).await?;
            conversation.stored_paths = paths;
        }
        Ok(())
    }

    async fn store_anew(&mut self, conversation: &mut Conversation) -> Result<(), NodeError> {
        let anew = conversation.anew();
        if conversation.stored_anew != anew {
            self.tx.replace_anew(conversation.row.id, anew.as_ref()).await?;
            conversation.stored_anew = anew;
        }
        Ok(())
    }

    /// The mapping of ghosts whose names only it can undo.
    async fn store_hashed_ghosts(&mut self) -> Result<(), NodeError> {
        for (ghost, user) in self.node.gateway.names.hashed_ghosts() {
            if !self.node.cache.is_ghost_stored(&ghost) {
                let row = ProfileRow {
                    user_id: ghost.to_string(),
                    mimi_user: user.to_string(),
                    kind: "ghost".to_owned(),
                    display_name: Some(ghost_display_name(&user)),
                };
                self.tx.put_profile(&row).await?;
                self.ghosts.push(ghost);
            }
        }
        Ok(())
    }

    async fn store_room(&mut self, room_id: &str, changes: RoomChanges) -> Result<(), NodeError> {
        for event in changes.events {
            let row = self.event_row(event).await?;
            self.tx.put_event(&row).await?;
        }
        if let Some(extremities) = changes.extremities {
            let mut rows = Vec::new();
            for (event_id, state) in extremities {
                let state_after = self.put_state_map(&state).await?;
                rows.push(ExtremityRow { room_id: room_id.to_owned(), event_id: event_id.to_string(), state_after });
            }
            self.tx.replace_extremities(room_id, &rows).await?;
        }
        Ok(())
    }

    async fn event_row(&mut self, event: StoredEvent) -> Result<EventRow, NodeError> {
        let StoredEvent { pdu, state_before, rejected, soft_failed } = event;
        let outlier = state_before.is_none();
        let state_before = match state_before {
            Some(state) => Some(self.put_state_map(&state).await?),
            None => None,
        };
        Ok(EventRow {
            event_id: pdu.event_id().to_string(),
            room_id: pdu.room_id().to_string(),
            stream: 0,
            event_type: pdu.event_type().to_owned(),
            state_key: pdu.state_key().map(str::to_owned),
            sender: pdu.sender().to_string(),
            depth: pdu.depth(),
            origin_server_ts: pdu.origin_server_ts() as i64,
            json: pdu.json(),
            state_before,
            rejected,
            soft_failed,
            outlier,
        })
    }

    async fn put_state_map(&mut self, state: &StateMap) -> Result<Vec<u8>, NodeError> {
        let entries: Vec<(&String, &String, &str)> = state.iter().map(|((kind, key), id)| (kind, key, id.as_str())).collect();
        let body = serde_json::to_vec(&entries).map_err(|error| NodeError::Stored(error.to_string()))?;
        let hash = Sha256::digest(&body).to_vec();
        self.tx.put_state_map(&StateMapRow { hash: hash.clone(), body }).await?;
        Ok(hash)
    }

    async fn store_group(&mut self, conversation_id: i64, changes: GroupChanges) -> Result<(), NodeError> {
        let nodes: Vec<_> = changes.nodes.put.iter().map(|(digest, body)| (&digest[..], &body[..])).collect();
        self.tx.put_group_nodes(conversation_id, &nodes).await?;
        self.tx.delete_group_nodes(conversation_id, &changes.nodes.delete).await?;
        let mut rows = Vec::new();
        for (epoch, state) in changes.states {
            let private = state.clients.into_iter().map(|(client, changes)| (client.to_string(), changes));
            for (client_uri, changes) in [(String::new(), state.public)].into_iter().chain(private) {
                self.tx.delete_group_values((conversation_id, epoch.as_bytes()), &client_uri, &changes.delete).await?;
                rows.extend(changes.put.into_iter().map(|(key, value)| {
                    let (epoch_id, client_uri) = (epoch.as_bytes().to_vec(), client_uri.clone());
                    GroupValueRow { conversation_id, epoch_id, client_uri, key, value }
                }));
            }
        }
        self.tx.put_group_values(&rows).await?;
        for epoch in &changes.emptied {
            self.tx.forget_secrets((conversation_id, epoch.as_bytes()), now_ms() as i64).await?;
        }
        for epoch in &changes.forgotten {
            self.tx.forget_epoch((conversation_id, epoch.as_bytes()), now_ms() as i64).await?;
        }
        for epoch in changes.epochs {
            self.tally.epoch(epoch.origin.as_str());
            self.tx.insert_epoch(&epoch_row(conversation_id, epoch)).await?;
        }
        Ok(())
    }

    /// Where our knowledge begins anew, by a Welcome or an external commit, the states of before lead nowhere. A graph says
    /// by itself what is forgotten, and not what is kept as it was.
    async fn forget_what_was_before(&mut self, conversation_id: i64, changes: &GroupChanges) -> Result<(), NodeError> {
        if changes.epochs.iter().all(|epoch| epoch.parent.is_some()) {
            return Ok(());
        }
        for kept in self.tx.kept_epochs(conversation_id).await? {
            if changes.states.keys().all(|epoch| epoch.as_bytes() != kept.as_slice()) {
                self.tx.forget_epoch((conversation_id, &kept), now_ms() as i64).await?;
            }
        }
        Ok(())
    }

    async fn store_decision(&mut self, conversation_id: i64, decision: Decision) -> Result<(), NodeError> {
        self.tally.placements(decision.placements);
        for client in &decision.clients {
            self.store_client(client).await?;
        }
        for mut message in decision.messages {
            message.conversation_id = conversation_id;
            self.tx.put_message(&message).await?;
        }
        for mut loss in decision.losses {
            loss.conversation_id = conversation_id;
            tracing::info!(
                code = Feature::named(&loss.feature).map(|feature| feature.code().to_string()),
                feature = loss.feature,
                direction = loss.direction,
                source = loss.source,
                "loss"
            );
            self.tally.loss(&loss.feature, &loss.direction);
            self.tx.insert_loss(&loss).await?;
        }
        for mut consent in decision.consents {
            consent.conversation_id = Some(conversation_id);
            self.tx.put_consent(&consent).await?;
        }
        for reference in &decision.spent_key_packages {
            self.tx.spend_key_package(reference).await?;
        }
        for (lane, item) in &decision.outbox {
            self.tx.queue(lane, item.kind(), Some(conversation_id), &item.to_bytes()).await?;
        }
        Ok(())
    }

    /// Another conversation may have issued the client's identity meanwhile: then this one has to begin again with that.
    pub(super) async fn store_client(&mut self, client: &ClientRow) -> Result<(), NodeError> {
        self.node.cache.forget_identity(&client.client_uri);
        self.tx.insert_client(client).await?;
        let kept = self.tx.client(&client.client_uri).await?;
        match kept.is_some_and(|kept| kept.identity == client.identity) {
            true => Ok(()),
            false => Err(StoreError::Conflict.into()),
        }
    }
}

fn epoch_row(conversation_id: i64, epoch: EpochRecord) -> EpochRow {
    EpochRow {
        conversation_id,
        epoch_id: epoch.id.as_bytes().to_vec(),
        parent_epoch_id: epoch.parent.map(|parent| parent.as_bytes().to_vec()),
        number: epoch.number as i64,
        confirmation_tag: epoch.confirmation_tag,
        status: "head".to_owned(),
        origin: epoch.origin.as_str().to_owned(),
        committer: epoch.committer.map(|committer| committer.to_string()),
        commit: epoch.commit,
        created_at: now_ms() as i64,
    }
}
