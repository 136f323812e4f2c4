//! A database that changes of a group go to, as the gateway stores them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use causeway_core::records::{ConversationRow, EpochRow, GroupValueRow};
use causeway_mls::{GroupChanges, GroupSnapshot};
use causeway_store::{Keyring, Keys, MemoryRing, Store, StoreError, Tx};
use zeroize::Zeroizing;

use crate::room::NOW;

pub(crate) struct Stored {
    store: Store,
    conversation: i64,
}

impl Stored {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let keys = Keys { keyring: Keyring::new(&Zeroizing::new([1; 32])), slices: Arc::new(MemoryRing::default()) };
        let store = Store::connect(url, keys).await?;
        store.start(NOW as i64).await?;
        store.open_slice(NOW as i64, Duration::from_secs(3600)).await?;
        Ok(Self { store, conversation: 0 })
    }

    /// A new conversation with a group.
    pub(crate) async fn begin(&mut self, snapshot: &GroupSnapshot) -> Result<()> {
        let row = ConversationRow {
            id: 0,
            version: 0,
            kind: "bridge".to_owned(),
            status: "active".to_owned(),
            topology: None,
            matrix_room_id: None,
            room_version: None,
            mimi_room: None,
            hub: None,
            group_id: Some(snapshot.group_id.clone()),
            head_epoch_id: Some(snapshot.head.id.as_bytes().to_vec()),
            head_number: Some(snapshot.head.number as i64),
            created_at: NOW as i64,
            bookkeeping: Vec::new(),
            resync: false,
        };
        let rows = snapshot.nodes.to_rows();
        let public: Vec<_> = snapshot.public.iter().map(|(key, value)| (String::new(), key.clone(), value.clone())).collect();
        let private = snapshot
            .clients
            .iter()
            .flat_map(|(client, rows)| rows.iter().map(|(key, value)| (client.to_string(), key.clone(), value.clone())));
        let values: Vec<_> = public.into_iter().chain(private).collect();
        let epoch = snapshot.head.id.as_bytes().to_vec();
        let stored = self.store.transaction::<_, StoreError, _>("begin", move |tx| {
            let (row, rows, values, epoch) = (row.clone(), rows.clone(), values.clone(), epoch.clone());
            Box::pin(async move {
                let id = tx.insert_conversation(&row).await?;
                tx.put_group_nodes(id, &rows.iter().map(|(digest, body)| (&digest[..], &body[..])).collect::<Vec<_>>()).await?;
                let row = |(client_uri, key, value)| GroupValueRow {
                    conversation_id: id,
                    epoch_id: epoch.clone(),
                    client_uri,
                    key,
                    value,
                };
                tx.put_group_values(&values.into_iter().map(row).collect::<Vec<_>>()).await?;
                Ok(id)
            })
        });
        self.conversation = stored.await.context("the group is not stored")?;
        Ok(())
    }

    /// One transaction.
    pub(crate) async fn apply(&self, changes: &GroupChanges) -> Result<()> {
        let (id, changes) = (self.conversation, Arc::new(changes.clone()));
        let stored = self.store.transaction::<_, StoreError, _>("apply", move |tx| {
            let changes = Arc::clone(&changes);
            Box::pin(async move { apply(tx, id, &changes).await })
        });
        stored.await.context("the changes are not stored")
    }
}

async fn apply(tx: &mut Tx, conversation_id: i64, changes: &GroupChanges) -> Result<(), StoreError> {
    let nodes: Vec<_> = changes.nodes.put.iter().map(|(digest, body)| (&digest[..], &body[..])).collect();
    tx.put_group_nodes(conversation_id, &nodes).await?;
    tx.delete_group_nodes(conversation_id, &changes.nodes.delete).await?;
    let mut rows = Vec::new();
    for (epoch, state) in &changes.states {
        let private = state.clients.iter().map(|(client, rows)| (client.as_str(), rows));
        for (client, changes) in [("", &state.public)].into_iter().chain(private) {
            tx.delete_group_values((conversation_id, epoch.as_bytes()), client, &changes.delete).await?;
            rows.extend(changes.put.iter().map(|(key, value)| {
                let (epoch_id, client_uri) = (epoch.as_bytes().to_vec(), client.to_owned());
                GroupValueRow { conversation_id, epoch_id, client_uri, key: key.clone(), value: value.clone() }
            }));
        }
    }
    tx.put_group_values(&rows).await?;
    for epoch in &changes.forgotten {
        tx.forget_epoch((conversation_id, epoch.as_bytes()), NOW as i64).await?;
    }
    for epoch in &changes.epochs {
        tx.insert_epoch(&EpochRow {
            conversation_id,
            epoch_id: epoch.id.as_bytes().to_vec(),
            parent_epoch_id: epoch.parent.map(|parent| parent.as_bytes().to_vec()),
            number: epoch.number as i64,
            confirmation_tag: epoch.confirmation_tag.clone(),
            status: "head".to_owned(),
            origin: epoch.origin.as_str().to_owned(),
            committer: epoch.committer.as_ref().map(ToString::to_string),
            commit: epoch.commit.clone(),
            created_at: NOW as i64,
        })
        .await?;
    }
    Ok(())
}
