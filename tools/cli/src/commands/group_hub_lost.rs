//! `causewayctl group hub-lost <room>`

use serde::{Deserialize, Serialize};

use crate::arguments::Database;
use crate::find::find;
use crate::render::{self, Row, Style};
use crate::{admin, database};

/// Gives up the hub of a room: its members order their commits by themselves from then on.
///
/// For a room whose hub does not come back. What was to go through the hub goes to the other providers directly, and they
/// are told so; what the hub still orders counts no more. There is no way back. It needs a user of ours in the room whose
/// role has canSendMLSReinitProposal (DMLS-21); without one, the gateway refuses. The reason is kept in its audit log. In a
/// room that is without a hub already, nothing changes.
///
/// Afterwards, `group forks` shows where commits were made side by side.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group hub-lost '!club:matrix.example' --dry-run\n  causewayctl --config gateway.toml group hub-lost 3 --reason 'the provider has closed down'"
)]
pub(crate) struct Arguments {
    /// Matrix room id, MIMI room URI or conversation id.
    #[arg(value_name = "CONVERSATION|ROOM")]
    room: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Only say whether it may be done, and which term it would open.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Question<'a> {
    conversation: i64,
    reason: &'a str,
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    conversation: i64,
    term: u64,
    dry_run: bool,
}

impl Row for Answer {
    const HEADER: &'static [&'static str] = &["conversation", "term", "dry run"];

    fn cells(&self) -> Vec<String> {
        let dry_run = if self.dry_run { "yes" } else { "no" };
        vec![self.conversation.to_string(), self.term.to_string(), dry_run.to_owned()]
    }
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(&database::open(named).await?).await?;
    let conversation = find(&rooms, &arguments.room)?.id;
    let question = Question { conversation, reason: &arguments.reason, dry_run: arguments.dry_run };
    let answer: Answer = admin::post(named, "rooms/hub_lost", &question).await?;
    render::one(&answer, style)
}
