//! `causewayctl queue drop <id> --reason <why>`

use serde::{Deserialize, Serialize};

use crate::admin;
use crate::arguments::Database;
use crate::render::{self, Row, Style};

/// Gives an item up: it is never sent, and counts as a loss.
///
/// What is behind it in its lane goes on. The reason is kept in the gateway's audit log and among the losses.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  causewayctl --config gateway.toml queue drop 17 --reason 'the peer has closed down'")]
pub(crate) struct Arguments {
    /// The item's number, as `queue list` prints it.
    id: i64,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Only say what would be dropped.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Question<'a> {
    id: i64,
    reason: &'a str,
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    id: i64,
    lane: String,
    kind: String,
    conversation: Option<i64>,
    dry_run: bool,
}

impl Row for Answer {
    const HEADER: &'static [&'static str] = &["id", "lane", "kind", "conversation", "dry run"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.lane.clone(),
            self.kind.clone(),
            render::or_dash(&self.conversation),
            if self.dry_run { "yes" } else { "no" }.to_owned(),
        ]
    }
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let question = Question { id: arguments.id, reason: &arguments.reason, dry_run: arguments.dry_run };
    let answer: Answer = admin::post(named, "queue/drop", &question).await?;
    render::one(&answer, style)
}
