//! `causewayctl audit list`

use causeway_core::records::AuditRow;
use causeway_store::Store;
use serde::Serialize;

use crate::render::{self, Row, Style};
use crate::time::rfc3339;

/// The last commands that were carried out, newest first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  causewayctl --config gateway.toml audit list --limit 20")]
pub(crate) struct Arguments {
    /// So many at most.
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

#[derive(Serialize)]
struct Line {
    at: String,
    action: String,
    subject: String,
    detail: String,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["at", "action", "subject", "detail"];

    fn cells(&self) -> Vec<String> {
        vec![self.at.clone(), self.action.clone(), self.subject.clone(), self.detail.clone()]
    }
}

impl From<AuditRow> for Line {
    fn from(row: AuditRow) -> Self {
        Self { at: rfc3339(row.at), action: row.action, subject: row.subject, detail: row.detail }
    }
}

pub(crate) async fn run(store: &Store, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let limit = i64::from(arguments.limit);
    let rows = store.transaction("audit", move |tx| Box::pin(tx.audit(limit))).await?;
    let lines: Vec<Line> = rows.into_iter().map(Line::from).collect();
    render::rows(&lines, style)
}
