//! `causewayctl group verify <room>`: does the stored history lead to the stored state?

use anyhow::bail;
use causeway_core::records::EpochRow;
use causeway_store::Store;
use serde::Serialize;

use crate::find::find;
use crate::outcome::Outcome;
use crate::render::{self, Row, Style, Tone, joined, short};
use crate::verify::{self, Head};

/// An epoch, or the head as a whole.
#[derive(Serialize)]
struct Line {
    subject: &'static str,
    number: i64,
    epoch_id: String,
    result: &'static str,
    problems: Vec<String>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["subject", "number", "epoch", "result", "problems"];

    fn cells(&self) -> Vec<String> {
        let problems = joined(&self.problems);
        vec![self.subject.to_owned(), self.number.to_string(), short(&self.epoch_id), self.result.to_owned(), problems]
    }

    fn tone(&self) -> Option<(usize, Tone)> {
        Some((3, if self.problems.is_empty() { Tone::Good } else { Tone::Bad }))
    }
}

impl Line {
    fn new(subject: &'static str, (number, epoch_id): (i64, &[u8]), problems: Vec<String>) -> Self {
        let result = match (problems.is_empty(), subject) {
            (false, _) => "broken",
            (true, "root") => "trusted",
            (true, _) => "ok",
        };
        Self { subject, number, epoch_id: hex::encode(epoch_id), result, problems }
    }
}

pub(crate) async fn run(store: &Store, room: &str, style: Style) -> anyhow::Result<Outcome> {
    let rooms = super::rooms(store).await?;
    let room = find(&rooms, room)?;
    let id = room.id;
    let (Some(epoch_id), Some(number)) = (room.head_epoch_id.clone(), room.head_number) else {
        bail!("conversation {id} has no group yet (status: {})", room.status);
    };
    let epochs = store.transaction("epochs", move |tx| Box::pin(tx.epochs(id))).await?;
    let state_tag = match super::group(store, room).await {
        Ok(group) => group.confirmation_tag().map_err(|error| error.to_string()),
        Err(error) => Err(format!("{error:#}")),
    };
    let lines = lines(&epochs, &Head { epoch_id, number, state_tag });
    let is_finding = lines.iter().any(|line| !line.problems.is_empty());
    Ok(Outcome { text: render::rows(&lines, style)?, is_finding })
}

fn lines(epochs: &[EpochRow], head: &Head) -> Vec<Line> {
    let line = |(epoch, problems): (&EpochRow, Vec<String>)| {
        let subject = if epoch.parent_epoch_id.is_some() { "epoch" } else { "root" };
        Line::new(subject, (epoch.number, &epoch.epoch_id), problems)
    };
    let mut lines: Vec<Line> = epochs.iter().zip(verify::epochs(epochs)).map(line).collect();
    lines.push(Line::new("head", (head.number, &head.epoch_id), verify::head(epochs, head)));
    lines
}
