//! `causewayctl parked list`

use causeway_store::Store;
use causeway_store::operator::ParkedLine;
use serde::Serialize;

use crate::render::{self, Row, Style, or_dash};
use crate::time::rfc3339;

#[derive(Serialize)]
struct Line {
    id: i64,
    parked_at: String,
    kind: String,
    source: String,
    subject: String,
    conversation: Option<i64>,
    code: String,
    replays: i64,
    reason: String,
}

impl Row for Line {
    const HEADER: &'static [&'static str] =
        &["id", "parked", "kind", "source", "subject", "conversation", "code", "replays", "reason"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.parked_at.clone(),
            self.kind.clone(),
            self.source.clone(),
            self.subject.clone(),
            or_dash(&self.conversation),
            self.code.clone(),
            self.replays.to_string(),
            self.reason.clone(),
        ]
    }
}

impl From<ParkedLine> for Line {
    fn from(line: ParkedLine) -> Self {
        Self {
            id: line.id,
            parked_at: rfc3339(line.parked_at),
            kind: line.kind,
            source: line.source,
            subject: line.subject,
            conversation: line.conversation_id,
            code: line.code,
            replays: line.replays,
            reason: line.reason,
        }
    }
}

pub(crate) async fn run(store: &Store, style: Style) -> anyhow::Result<String> {
    let lines = store.transaction("parked lines", |tx| Box::pin(tx.parked_lines())).await?;
    render::rows(&lines.into_iter().map(Line::from).collect::<Vec<_>>(), style)
}
