//! `causewayctl group list`

use causeway_store::Store;
use serde::Serialize;

use crate::find::names;
use crate::render::{self, Row, Style, short};

#[derive(Serialize)]
struct Line {
    conversation: i64,
    room: String,
    group: String,
    hub: String,
    epoch: i64,
    epoch_id: String,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["conversation", "room", "group", "hub", "epoch", "epoch id"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.conversation.to_string(),
            self.room.clone(),
            self.group.clone(),
            self.hub.clone(),
            self.epoch.to_string(),
            short(&self.epoch_id),
        ]
    }
}

pub(crate) async fn run(store: &Store, style: Style) -> anyhow::Result<String> {
    let lines: Vec<Line> = super::rooms(store)
        .await?
        .into_iter()
        .filter_map(|room| {
            Some(Line {
                conversation: room.id,
                room: names(&room).swap_remove(0),
                group: super::group_name(room.group_id.as_ref()?),
                hub: room.hub.clone().unwrap_or_default(),
                epoch: room.head_number?,
                epoch_id: hex::encode(room.head_epoch_id.as_ref()?),
            })
        })
        .collect();
    render::rows(&lines, style)
}
