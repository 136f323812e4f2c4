//! `causewayctl group epochs <room>`

use causeway_store::Store;
use causeway_store::operator::EpochLine;
use serde::Serialize;

use crate::arguments::Output;
use crate::find::find;
use crate::render::{self, Row, or_dash, short};
use crate::time::rfc3339;

#[derive(Serialize)]
struct Line {
    number: i64,
    short_id: String,
    epoch_id: String,
    parent: Option<String>,
    status: String,
    origin: String,
    committer: Option<String>,
    created_at: String,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["number", "short", "parent", "status", "origin", "committer", "created", "epoch id"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.short_id.clone(),
            or_dash(&self.parent.as_deref().map(short)),
            self.status.clone(),
            self.origin.clone(),
            or_dash(&self.committer),
            self.created_at.clone(),
            self.epoch_id.clone(),
        ]
    }
}

impl From<EpochLine> for Line {
    fn from(epoch: EpochLine) -> Self {
        let epoch_id = hex::encode(epoch.epoch_id);
        Self {
            number: epoch.number,
            short_id: short(&epoch_id),
            epoch_id,
            parent: epoch.parent_epoch_id.map(hex::encode),
            status: epoch.status,
            origin: epoch.origin,
            committer: epoch.committer,
            created_at: rfc3339(epoch.created_at),
        }
    }
}

pub(crate) async fn run(store: &Store, room: &str, output: Output) -> anyhow::Result<String> {
    let rooms = super::rooms(store).await?;
    let id = find(&rooms, room)?.id;
    let epochs = store.transaction("epoch lines", move |tx| Box::pin(tx.epoch_lines(id))).await?;
    let lines: Vec<Line> = epochs.into_iter().map(Line::from).collect();
    render::rows(&lines, output)
}
