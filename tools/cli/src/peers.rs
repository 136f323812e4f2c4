//! Peers as the database knows them: by their lanes, keys, roots and rooms.

use std::collections::BTreeMap;

use causeway_core::records::{PinnedRootRow, ServerKeyRow};
use causeway_store::operator::{QueueLine, RoomLine};
use causeway_store::{Store, StoreError};

use crate::lane::{Peer, Side};

/// What is known of one peer.
#[derive(Default)]
pub(crate) struct Known {
    /// Items that wait for it.
    pub(crate) items: Vec<QueueLine>,
    /// Pinned roots of its credentials.
    pub(crate) roots: Vec<PinnedRootRow>,
    /// Its verification keys.
    pub(crate) keys: Vec<ServerKeyRow>,
    /// Conversations that it is the hub of.
    pub(crate) hub_of: Vec<i64>,
}

impl Known {
    /// Since when the oldest item waits, ms; 0 if nobody noted it.
    pub(crate) fn waiting_since(&self) -> Option<i64> {
        self.items.iter().map(|item| item.queued_at).min()
    }

    /// Why the last attempt failed, of the item tried most.
    pub(crate) fn last_error(&self) -> Option<String> {
        let tried = self.items.iter().filter(|item| item.last_error.is_some());
        tried.max_by_key(|item| item.attempts).and_then(|item| item.last_error.clone())
    }
}

type Rows = (Vec<QueueLine>, Vec<PinnedRootRow>, Vec<ServerKeyRow>, Vec<RoomLine>);

/// All peers.
pub(crate) async fn all(store: &Store) -> Result<BTreeMap<Peer, Known>, StoreError> {
    let rows = store.transaction::<_, StoreError, _>("peers", |tx| {
        Box::pin(async move {
            Ok((tx.queue_lines().await?, tx.pinned_roots().await?, tx.server_key_lines().await?, tx.room_lines().await?))
        })
    });
    Ok(gathered(rows.await?))
}

fn gathered((items, roots, keys, rooms): Rows) -> BTreeMap<Peer, Known> {
    let mut peers: BTreeMap<Peer, Known> = BTreeMap::new();
    let named = |side, name: &str| Peer { side, name: name.to_owned() };
    for item in items {
        if let Some(peer) = Peer::of_lane(&item.lane) {
            peers.entry(peer).or_default().items.push(item);
        }
    }
    for root in roots {
        peers.entry(named(Side::Provider, &root.domain)).or_default().roots.push(root);
    }
    for key in keys {
        peers.entry(named(Side::Homeserver, &key.server_name)).or_default().keys.push(key);
    }
    for room in rooms.iter().filter(|room| room.topology.as_deref() == Some("foreign_hub")) {
        if let Some(hub) = &room.hub {
            peers.entry(named(Side::Provider, hub)).or_default().hub_of.push(room.id);
        }
    }
    peers
}
