//! `causewayctl group show <room>`: from the public part of the group, which is no secret.

use std::collections::BTreeMap;
use std::fmt;

use causeway_core::conversation::peers_room::parts::EVENT_TYPE;
use causeway_store::{Store, StoreError, Tx};
use serde::Serialize;

use crate::find::{find, names};
use crate::render::{self, Row, Style, joined, or_dash};
use crate::time::rfc3339;

/// What holds where nothing is set (SPEC §11.4).
const PAST_EPOCHS: i64 = causeway_mls::PAST_EPOCHS as i64;
const WINDOW: i64 = causeway_mls::graph::DEFAULT_WINDOW as i64;

#[derive(Serialize)]
struct Details {
    conversation: i64,
    room: String,
    group: String,
    hub: Option<String>,
    topology: Option<String>,
    /// `linear` where a hub orders, `forkable` where nobody does, or a hub that has come back not yet alone.
    mode: &'static str,
    /// In a forkable group: the latest term, and who orders it: `members`, `hub` and its domain, or `Matrix room` and its id.
    term: Option<i64>,
    ordered_by: Option<String>,
    /// Of so many past epochs late messages open; in a forkable group, the window.
    retained_epochs: i64,
    /// No longer than that after an epoch was superseded, where it is set for the room.
    retained_minutes: Option<i64>,
    /// `psk-puncture`, or `none` (DMLS-34).
    hardening: &'static str,
    epoch: u64,
    epoch_id: String,
    confirmation_tag: String,
    origin: Option<String>,
    committer: Option<String>,
    since: Option<String>,
    epochs: usize,
    participants: usize,
    clients: usize,
    own_clients: Vec<String>,
    /// Which way each peer is told something, in a forkable group.
    peers: Vec<PeerPath>,
    /// Whose graph it begins anew with, while that is asked for.
    begins_anew_with: Option<String>,
}

/// The way to a peer.
#[derive(Serialize)]
struct PeerPath {
    peer: String,
    /// `causewayPeer`, `peers' room`, or `fan-out` by the hub that the room's URI names.
    path: String,
    matrix_room: Option<String>,
    /// How many events each Matrix user has sent in the peers' room.
    events: BTreeMap<String, i64>,
}

impl fmt::Display for PeerPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.peer, self.path)
    }
}

impl Row for Details {
    const HEADER: &'static [&'static str] = &[
        "conversation",
        "room",
        "group",
        "hub",
        "topology",
        "mode",
        "term",
        "ordered by",
        "retained epochs",
        "retained minutes",
        "hardening",
        "epoch",
        "epoch id",
        "confirmation tag",
        "origin",
        "committer",
        "since",
        "epochs",
        "participants",
        "clients",
        "own clients",
        "peers",
        "begins anew with",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.conversation.to_string(),
            self.room.clone(),
            self.group.clone(),
            or_dash(&self.hub),
            or_dash(&self.topology),
            self.mode.to_owned(),
            or_dash(&self.term),
            or_dash(&self.ordered_by),
            self.retained_epochs.to_string(),
            or_dash(&self.retained_minutes),
            self.hardening.to_owned(),
            self.epoch.to_string(),
            self.epoch_id.clone(),
            self.confirmation_tag.clone(),
            or_dash(&self.origin),
            or_dash(&self.committer),
            or_dash(&self.since),
            self.epochs.to_string(),
            self.participants.to_string(),
            self.clients.to_string(),
            joined(&self.own_clients),
            joined(&self.peers.iter().map(ToString::to_string).collect::<Vec<_>>()),
            or_dash(&self.begins_anew_with),
        ]
    }
}

pub(crate) async fn run(store: &Store, room: &str, style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(store).await?;
    let room = find(&rooms, room)?;
    let id = room.id;
    let group = super::group(store, room).await?;
    let epochs = store.transaction("epoch lines", move |tx| Box::pin(tx.epoch_lines(id))).await?;
    let own_clients = store.transaction("own clients", move |tx| Box::pin(tx.own_clients(id))).await?;
    let order = store.transaction("graph order", move |tx| Box::pin(tx.graph_order(id))).await?;
    let has_graph = order.is_some();
    let (term, authority) = order.unzip();
    let retention = store.transaction("retention", move |tx| Box::pin(tx.retention(id))).await?;
    let peers = store.transaction("peer paths", move |tx| Box::pin(peers(tx, id))).await?;
    let anew = store.transaction("anew", move |tx| Box::pin(tx.anew(id))).await?;
    let head = epochs.iter().find(|epoch| epoch.epoch_id == group.epoch().id.as_bytes());
    let details = Details {
        conversation: id,
        room: names(room).swap_remove(0),
        group: super::group_name(group.group_id()),
        hub: room.hub.clone(),
        mode: if has_graph { "forkable" } else { "linear" },
        term,
        ordered_by: authority.filter(|authority| !authority.is_empty()),
        retained_epochs: retention.graph_window.or(retention.epochs).unwrap_or(if has_graph { WINDOW } else { PAST_EPOCHS }),
        retained_minutes: retention.age_ms.map(|age| age / 60_000),
        hardening: if group.room_state().hardening.is_on() { "psk-puncture" } else { "none" },
        topology: room.topology.clone(),
        epoch: group.epoch().number,
        epoch_id: group.epoch().id.to_string(),
        confirmation_tag: hex::encode(group.confirmation_tag()?),
        origin: head.map(|epoch| epoch.origin.clone()),
        committer: head.and_then(|epoch| epoch.committer.clone()),
        since: head.map(|epoch| rfc3339(epoch.created_at)),
        epochs: epochs.len(),
        participants: group.room_state().participants.participants.len(),
        clients: group.members().len(),
        own_clients,
        peers,
        begins_anew_with: anew.map(|anew| anew.provider),
    };
    render::one(&details, style)
}

async fn peers(tx: &mut Tx, conversation: i64) -> Result<Vec<PeerPath>, StoreError> {
    let mut found = Vec::new();
    for row in tx.peer_paths(conversation).await? {
        let events = match &row.matrix_room_id {
            Some(room_id) => tx.events_by_sender(room_id, EVENT_TYPE).await?.into_iter().collect(),
            None => BTreeMap::new(),
        };
        found.push(PeerPath { peer: row.provider, path: row.path, matrix_room: row.matrix_room_id, events });
    }
    Ok(found)
}
