//! `causewayctl group verify <room>`: does the stored history lead to the stored state?

use std::collections::BTreeMap;

use anyhow::bail;
use causeway_core::records::EpochRow;
use causeway_mls::{Nodes, Rows};
use causeway_store::operator::RoomLine;
use causeway_store::{Store, StoreError};
use serde::Serialize;

use crate::find::find;
use crate::forks::{History, Place};
use crate::outcome::Outcome;
use crate::render::{self, Row, Style, Tone, joined, or_dash, short};
use crate::verify::{Head, Record, Verdict, verify};

/// An epoch, or the head as a whole.
#[derive(Serialize)]
struct Line {
    subject: &'static str,
    number: i64,
    epoch_id: String,
    place: Place,
    result: &'static str,
    problems: Vec<String>,
    unchecked: Option<String>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["subject", "number", "epoch", "place", "result", "problems", "not checked"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.subject.to_owned(),
            self.number.to_string(),
            short(&self.epoch_id),
            self.place.words().to_owned(),
            self.result.to_owned(),
            joined(&self.problems),
            or_dash(&self.unchecked),
        ]
    }

    fn tone(&self) -> Option<(usize, Tone)> {
        Some((4, if self.problems.is_empty() { Tone::Good } else { Tone::Bad }))
    }
}

impl Line {
    fn new(subject: &'static str, (number, epoch_id): (i64, &[u8]), place: Place, verdict: Verdict) -> Self {
        let Verdict { problems, unchecked } = verdict;
        let result = match (problems.is_empty(), subject) {
            (false, _) => "broken",
            (true, "root") => "trusted",
            (true, _) if unchecked.is_some() => "linked",
            (true, _) => "ok",
        };
        Self { subject, number, epoch_id: hex::encode(epoch_id), place, result, problems, unchecked }
    }
}

pub(crate) async fn run(store: &Store, room: &str, style: Style) -> anyhow::Result<Outcome> {
    let rooms = super::rooms(store).await?;
    let room = find(&rooms, room)?;
    let id = room.id;
    let (Some(epoch_id), Some(number)) = (room.head_epoch_id.clone(), room.head_number) else {
        bail!("conversation {id} has no group yet (status: {})", room.status);
    };
    let lines = store.transaction("epoch lines", move |tx| Box::pin(tx.epoch_lines(id))).await?;
    let history = History::new(&lines, &epoch_id);
    let record = record(store, room).await?;
    let lines = lines_of(record, &Head { epoch_id, number }, &history);
    let is_finding = lines.iter().any(|line| !line.problems.is_empty());
    Ok(Outcome { text: render::rows(&lines, style)?, is_finding })
}

fn lines_of(record: Record, head: &Head, history: &History) -> Vec<Line> {
    let epochs = record.epochs.clone();
    let (verdicts, problems) = verify(record, head);
    let places = history.places();
    let line = |(epoch, verdict): (&EpochRow, Verdict)| {
        let place = places.get(hex::encode(&epoch.epoch_id).as_str()).copied().unwrap_or(Place::Apart);
        let subject = if epoch.parent_epoch_id.is_some() { "epoch" } else { "root" };
        Line::new(subject, (epoch.number, &epoch.epoch_id), place, verdict)
    };
    let mut lines: Vec<Line> = epochs.iter().zip(verdicts).map(line).collect();
    let verdict = Verdict { problems, unchecked: None };
    lines.push(Line::new("head", (head.number, &head.epoch_id), Place::Head, verdict));
    lines
}

/// Everything about a group that is no secret.
async fn record(store: &Store, room: &RoomLine) -> anyhow::Result<Record> {
    let (id, group_id) = (room.id, room.group_id.clone().unwrap_or_default());
    let read = store.transaction::<_, StoreError, _>("record of a group", move |tx| {
        Box::pin(async move {
            let state = (tx.public_values_by_epoch(id).await?, tx.group_nodes(id).await?);
            Ok((tx.epochs(id).await?, state, tx.graph_order(id).await?.is_some()))
        })
    });
    let (epochs, (values, nodes), has_graph) = read.await?;
    let nodes = Nodes::from_rows(nodes);
    let mut rows: BTreeMap<Vec<u8>, Rows> = BTreeMap::new();
    for (epoch, key, value) in values {
        rows.entry(epoch).or_default().insert(key, value);
    }
    let state = |(epoch, rows): (Vec<u8>, Rows)| {
        let number = number_of(&epochs, &epoch).or(room.head_number)?;
        let state = super::loaded(&group_id, (&epoch, number), rows, &nodes);
        Some((epoch, state.map_err(|error| format!("{error:#}"))))
    };
    let states = rows.into_iter().filter_map(state).collect();
    Ok(Record { epochs, states, has_graph })
}

/// An epoch that peers have told of has no row of its own, but children.
fn number_of(epochs: &[EpochRow], id: &[u8]) -> Option<i64> {
    let own = epochs.iter().find(|epoch| epoch.epoch_id == id).map(|epoch| epoch.number);
    own.or_else(|| epochs.iter().find(|epoch| epoch.parent_epoch_id.as_deref() == Some(id)).map(|epoch| epoch.number - 1))
}
