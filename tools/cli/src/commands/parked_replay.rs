//! `causewayctl parked replay <id>`

use serde::{Deserialize, Serialize};

use crate::admin;
use crate::arguments::Database;
use crate::render::{self, Row, Style};

/// Asks the gateway to process a parked input again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  causewayctl --config gateway.toml parked replay 3 --dry-run")]
pub(crate) struct Arguments {
    /// The input's number, as `parked list` prints it.
    id: i64,
    /// Only say what would be replayed.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Question {
    id: i64,
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    id: i64,
    outcome: String,
    dry_run: bool,
}

impl Row for Answer {
    const HEADER: &'static [&'static str] = &["id", "outcome", "dry run"];

    fn cells(&self) -> Vec<String> {
        vec![self.id.to_string(), self.outcome.clone(), if self.dry_run { "yes" } else { "no" }.to_owned()]
    }
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let question = Question { id: arguments.id, dry_run: arguments.dry_run };
    let answer: Answer = admin::post(named, "parked/replay", &question).await?;
    render::one(&answer, style)
}
