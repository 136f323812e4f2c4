//! `causewayctl parked show <id>`

use anyhow::Context;
use causeway_core::code::Code;
use causeway_store::Store;
use causeway_store::operator::ParkedLine;
use serde::Serialize;

use crate::render::{self, Row, Style, or_dash};
use crate::time::rfc3339;

#[derive(Serialize)]
struct Shown {
    id: i64,
    kind: String,
    source: String,
    subject: String,
    conversation: Option<i64>,
    octets: i64,
    parked_at: String,
    holds_back: bool,
    replays: i64,
    code: String,
    reason: String,
    meaning: &'static str,
    remedy: &'static str,
}

impl Row for Shown {
    const HEADER: &'static [&'static str] = &[
        "id",
        "kind",
        "source",
        "subject",
        "conversation",
        "octets, sealed",
        "parked",
        "later ones wait",
        "replays in vain",
        "code",
        "reason",
        "meaning",
        "what to do",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.kind.clone(),
            self.source.clone(),
            self.subject.clone(),
            or_dash(&self.conversation),
            self.octets.to_string(),
            self.parked_at.clone(),
            if self.holds_back { "yes" } else { "no" }.to_owned(),
            self.replays.to_string(),
            self.code.clone(),
            self.reason.clone(),
            self.meaning.to_owned(),
            self.remedy.to_owned(),
        ]
    }
}

impl From<ParkedLine> for Shown {
    fn from(line: ParkedLine) -> Self {
        let entry = line.code.parse::<Code>().ok().map(Code::entry);
        Self {
            id: line.id,
            kind: line.kind,
            source: line.source,
            subject: line.subject,
            conversation: line.conversation_id,
            octets: line.octets,
            parked_at: rfc3339(line.parked_at),
            holds_back: line.holds_back,
            replays: line.replays,
            code: line.code,
            reason: line.reason,
            meaning: entry.map_or("", |entry| entry.summary),
            remedy: entry.map_or("", |entry| entry.remedy),
        }
    }
}

pub(crate) async fn run(store: &Store, id: i64, style: Style) -> anyhow::Result<String> {
    let lines = store.transaction("parked lines", |tx| Box::pin(tx.parked_lines())).await?;
    let line = lines.into_iter().find(|line| line.id == id);
    let line = line.with_context(|| format!("nothing is parked under {id}; see `causewayctl parked list`"))?;
    render::one(&Shown::from(line), style)
}
