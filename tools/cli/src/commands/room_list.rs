//! `causewayctl room list`

use causeway_store::Store;
use causeway_store::operator::RoomLine;
use serde::Serialize;

use crate::render::{self, Row, Style, or_dash};

#[derive(Serialize)]
struct Line {
    id: i64,
    kind: String,
    status: String,
    topology: Option<String>,
    matrix_room: Option<String>,
    mimi_room: Option<String>,
    hub: Option<String>,
    epoch: Option<i64>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["id", "kind", "status", "topology", "matrix room", "mimi room", "hub", "epoch"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.kind.clone(),
            self.status.clone(),
            or_dash(&self.topology),
            or_dash(&self.matrix_room),
            or_dash(&self.mimi_room),
            or_dash(&self.hub),
            or_dash(&self.epoch),
        ]
    }
}

impl From<RoomLine> for Line {
    fn from(room: RoomLine) -> Self {
        Self {
            id: room.id,
            kind: room.kind,
            status: room.status,
            topology: room.topology,
            matrix_room: room.matrix_room_id,
            mimi_room: room.mimi_room,
            hub: room.hub,
            epoch: room.head_number,
        }
    }
}

pub(crate) async fn run(store: &Store, style: Style) -> anyhow::Result<String> {
    let lines: Vec<Line> = super::rooms(store).await?.into_iter().map(Line::from).collect();
    render::rows(&lines, style)
}
