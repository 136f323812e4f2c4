//! `causewayctl group retain <room>`

use serde::{Deserialize, Serialize};

use crate::arguments::Database;
use crate::find::find;
use crate::render::{self, Row, Style, or_dash};
use crate::{admin, database};

/// Sets how long a room's group keeps secrets of past epochs.
///
/// By number: where a hub orders the room, late messages of so many past epochs open (2, if nothing is set); where nobody
/// does, so many epochs may a branch run ahead before it is final (5). That window is the same for all providers in the
/// room and stays as it is while there is a graph. By time: no longer than so many minutes after an epoch was superseded; 0 for
/// no such limit. What is not named follows the gateway's configuration, so that without options all settings are undone.
///
/// What is due by a new setting is forgotten at once; `group show` has the settings, `group epochs` what has become of each
/// epoch's secrets.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group retain '!club:matrix.example' --minutes 60\n  causewayctl --config gateway.toml group retain 3 --epochs 1 --dry-run"
)]
pub(crate) struct Arguments {
    /// Matrix room id, MIMI room URI or conversation id.
    #[arg(value_name = "CONVERSATION|ROOM")]
    room: String,
    /// So many epochs.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=16))]
    epochs: Option<u64>,
    /// So many minutes.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(..=525_600))]
    minutes: Option<u64>,
    /// Only say whether it may be done.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Question {
    conversation: i64,
    epochs: Option<u64>,
    minutes: Option<u64>,
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    conversation: i64,
    epochs: Option<u64>,
    minutes: Option<u64>,
    dry_run: bool,
}

impl Row for Answer {
    const HEADER: &'static [&'static str] = &["conversation", "epochs", "minutes", "dry run"];

    fn cells(&self) -> Vec<String> {
        let dry_run = if self.dry_run { "yes" } else { "no" };
        vec![self.conversation.to_string(), or_dash(&self.epochs), or_dash(&self.minutes), dry_run.to_owned()]
    }
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(&database::open(named).await?).await?;
    let conversation = find(&rooms, &arguments.room)?.id;
    let Arguments { epochs, minutes, dry_run, .. } = *arguments;
    let answer: Answer = admin::post(named, "rooms/retention", &Question { conversation, epochs, minutes, dry_run }).await?;
    render::one(&answer, style)
}
