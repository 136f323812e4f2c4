//! `causewayctl group epochs <room>`

use causeway_store::operator::EpochLine;
use causeway_store::{Store, StoreError};
use serde::Serialize;

use crate::find::find;
use crate::render::{self, Row, Style, or_dash, short};
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
    secrets: &'static str,
    slice: Option<i64>,
    forgotten_at: Option<String>,
    destroyed_at: Option<String>,
    next_slice_at: Option<String>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] =
        &["number", "short", "parent", "status", "origin", "committer", "created", "secrets", "epoch id"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.short_id.clone(),
            or_dash(&self.parent.as_deref().map(short)),
            self.status.clone(),
            self.origin.clone(),
            or_dash(&self.committer),
            self.created_at.clone(),
            self.told_of_secrets(),
            self.epoch_id.clone(),
        ]
    }
}

/// What has become of the secrets that own clients had in an epoch.
mod secrets {
    /// They never had any.
    pub(super) const NONE: &str = "none";
    /// They are there, for who has the key ring and the slice ring.
    pub(super) const KEPT: &str = "kept";
    /// Their key is deleted. Copies of the database have it until its slice is destroyed.
    pub(super) const FORGOTTEN: &str = "forgotten";
    /// Their key's slice is destroyed: nothing opens them.
    pub(super) const DESTROYED: &str = "destroyed";
}

impl Line {
    fn told_of_secrets(&self) -> String {
        let slice = or_dash(&self.slice);
        match (self.secrets, &self.destroyed_at, &self.next_slice_at) {
            (secrets::KEPT, _, Some(next)) => format!("kept, slice {slice}, the next one due {next}"),
            (secrets::KEPT, ..) => format!("kept, slice {slice}"),
            (secrets::FORGOTTEN, _, Some(next)) => format!("forgotten, slice {slice} to be destroyed from {next}"),
            (secrets::FORGOTTEN, ..) => format!("forgotten, slice {slice} to be destroyed"),
            (secrets::DESTROYED, Some(destroyed_at), _) => format!("destroyed {destroyed_at}"),
            _ => "-".to_owned(),
        }
    }

    fn of(epoch: EpochLine, next_slice_at: Option<i64>) -> Self {
        let secrets = match (epoch.slice, epoch.forgotten_at, epoch.destroyed_at) {
            (None, ..) => secrets::NONE,
            (Some(_), None, _) => secrets::KEPT,
            (Some(_), Some(_), None) => secrets::FORGOTTEN,
            (Some(_), Some(_), Some(_)) => secrets::DESTROYED,
        };
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
            secrets,
            slice: epoch.slice,
            forgotten_at: epoch.forgotten_at.map(rfc3339),
            destroyed_at: epoch.destroyed_at.map(rfc3339),
            next_slice_at: next_slice_at.filter(|_| [secrets::KEPT, secrets::FORGOTTEN].contains(&secrets)).map(rfc3339),
        }
    }
}

pub(crate) async fn run(store: &Store, room: &str, style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(store).await?;
    let id = find(&rooms, room)?.id;
    let read = store.transaction::<_, StoreError, _>("epoch lines", move |tx| {
        Box::pin(async move { Ok((tx.epoch_lines(id).await?, tx.next_slice_at().await?)) })
    });
    let (epochs, next) = read.await?;
    let lines: Vec<Line> = epochs.into_iter().map(|epoch| Line::of(epoch, next)).collect();
    render::rows(&lines, style)
}
