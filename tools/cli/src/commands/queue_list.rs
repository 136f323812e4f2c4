//! `causewayctl queue list`

use causeway_store::Store;
use causeway_store::operator::QueueLine;
use serde::Serialize;

use crate::render::{self, Row, Style, or_dash};
use crate::time::{now, rfc3339};

#[derive(Serialize)]
struct Line {
    id: i64,
    lane: String,
    kind: String,
    conversation: Option<i64>,
    state: &'static str,
    attempts: i64,
    not_before: Option<String>,
    last_error: Option<String>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] =
        &["id", "lane", "kind", "conversation", "state", "attempts", "not before", "last error"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.lane.clone(),
            self.kind.clone(),
            or_dash(&self.conversation),
            self.state.to_owned(),
            self.attempts.to_string(),
            or_dash(&self.not_before),
            or_dash(&self.last_error),
        ]
    }
}

impl Line {
    fn new(item: QueueLine, now: i64) -> Self {
        let state = state(&item, now);
        Self {
            id: item.id,
            lane: item.lane,
            kind: item.kind,
            conversation: item.conversation_id,
            state,
            attempts: item.attempts,
            not_before: (item.not_before > 0).then(|| rfc3339(item.not_before)),
            last_error: item.last_error,
        }
    }
}

/// What an item at the head of its lane is up to.
pub(super) fn state(item: &QueueLine, now: i64) -> &'static str {
    match () {
        () if item.leased_until > now => "sending",
        () if item.not_before > now => "waiting",
        () => "due",
    }
}

pub(crate) async fn run(store: &Store, style: Style) -> anyhow::Result<String> {
    let items = store.transaction("queue lines", |tx| Box::pin(tx.queue_lines())).await?;
    let now = now();
    let lines: Vec<Line> = items.into_iter().map(|item| Line::new(item, now)).collect();
    render::rows(&lines, style)
}
