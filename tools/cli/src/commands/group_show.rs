//! `causewayctl group show <room>`: from the public part of the group, which is no secret.

use causeway_store::Store;
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
}

impl Row for Details {
    const HEADER: &'static [&'static str] = &[
        "conversation",
        "room",
        "group",
        "hub",
        "topology",
        "mode",
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
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.conversation.to_string(),
            self.room.clone(),
            self.group.clone(),
            or_dash(&self.hub),
            or_dash(&self.topology),
            self.mode.to_owned(),
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
    let has_graph = store.transaction("has graph", move |tx| Box::pin(tx.has_graph(id))).await?;
    let retention = store.transaction("retention", move |tx| Box::pin(tx.retention(id))).await?;
    let head = epochs.iter().find(|epoch| epoch.epoch_id == group.epoch().id.as_bytes());
    let details = Details {
        conversation: id,
        room: names(room).swap_remove(0),
        group: super::group_name(group.group_id()),
        hub: room.hub.clone(),
        mode: if has_graph { "forkable" } else { "linear" },
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
    };
    render::one(&details, style)
}
