//! `causewayctl room show <room>`

use causeway_store::operator::RoomLine;
use causeway_store::{Store, StoreError};
use serde::Serialize;

use crate::find::find;
use crate::render::{self, Row, Style, joined, or_dash};
use crate::time::rfc3339;

#[derive(Serialize)]
struct Details {
    id: i64,
    kind: String,
    status: String,
    topology: Option<String>,
    matrix_room: Option<String>,
    room_version: Option<String>,
    mimi_room: Option<String>,
    hub: Option<String>,
    group: Option<String>,
    epoch: Option<i64>,
    epoch_id: Option<String>,
    own_clients: Vec<String>,
    waiting: usize,
    losses: usize,
    created_at: String,
}

impl Row for Details {
    const HEADER: &'static [&'static str] = &[
        "id",
        "kind",
        "status",
        "topology",
        "matrix room",
        "room version",
        "mimi room",
        "hub",
        "group",
        "epoch",
        "epoch id",
        "own clients",
        "waiting",
        "losses",
        "created",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.kind.clone(),
            self.status.clone(),
            or_dash(&self.topology),
            or_dash(&self.matrix_room),
            or_dash(&self.room_version),
            or_dash(&self.mimi_room),
            or_dash(&self.hub),
            or_dash(&self.group),
            or_dash(&self.epoch),
            or_dash(&self.epoch_id),
            joined(&self.own_clients),
            self.waiting.to_string(),
            self.losses.to_string(),
            self.created_at.clone(),
        ]
    }
}

impl Details {
    fn new(room: RoomLine, own_clients: Vec<String>, (waiting, losses): (usize, usize)) -> Self {
        Self {
            id: room.id,
            kind: room.kind,
            status: room.status,
            topology: room.topology,
            matrix_room: room.matrix_room_id,
            room_version: room.room_version,
            mimi_room: room.mimi_room,
            hub: room.hub,
            group: room.group_id.as_deref().map(super::group_name),
            epoch: room.head_number,
            epoch_id: room.head_epoch_id.map(hex::encode),
            own_clients,
            waiting,
            losses,
            created_at: rfc3339(room.created_at),
        }
    }
}

pub(crate) async fn run(store: &Store, room: &str, style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(store).await?;
    let room = find(&rooms, room)?.clone();
    let id = room.id;
    let (clients, waiting, losses) = store
        .transaction::<_, StoreError, _>("room details", move |tx| {
            Box::pin(async move {
                let waiting = tx.queue_lines().await?.iter().filter(|item| item.conversation_id == Some(id)).count();
                Ok((tx.own_clients(id).await?, waiting, tx.loss_lines(Some(id)).await?.len()))
            })
        })
        .await?;
    render::one(&Details::new(room, clients, (waiting, losses)), style)
}
