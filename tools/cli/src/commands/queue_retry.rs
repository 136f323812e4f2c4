//! `causewayctl queue retry <lane | id>`

use serde::{Deserialize, Serialize};

use crate::admin;
use crate::arguments::Database;
use crate::render::{self, Row, Style};

/// Asks the gateway to send now what waits for its next try.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml queue retry pdu:matrix.example\n  causewayctl --config gateway.toml queue retry 17 --dry-run"
)]
pub(crate) struct Arguments {
    /// A lane, or the number of an item whose lane is meant.
    #[arg(value_name = "LANE|ID")]
    subject: String,
    /// Only say what would be sent.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Subject<'a> {
    Id(i64),
    Lane(&'a str),
}

#[derive(Serialize)]
struct Question<'a> {
    #[serde(flatten)]
    subject: Subject<'a>,
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    lane: String,
    items: i64,
    dry_run: bool,
}

impl Row for Answer {
    const HEADER: &'static [&'static str] = &["lane", "items", "dry run"];

    fn cells(&self) -> Vec<String> {
        vec![self.lane.clone(), self.items.to_string(), if self.dry_run { "yes" } else { "no" }.to_owned()]
    }
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let subject = match arguments.subject.parse() {
        Ok(id) => Subject::Id(id),
        Err(_) => Subject::Lane(&arguments.subject),
    };
    let question = Question { subject, dry_run: arguments.dry_run };
    let answer: Answer = admin::post(named, "queue/retry", &question).await?;
    render::one(&answer, style)
}
