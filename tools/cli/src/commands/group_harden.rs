//! `causewayctl group harden <room>`

use serde::{Deserialize, Serialize};

use crate::arguments::Database;
use crate::find::find;
use crate::render::{self, Row, Style};
use crate::{admin, database};

/// Switches the hardening of a room's group on or off.
///
/// A hardened group's commits carry a PSK that each member can draw once: whoever takes the state of an epoch that is kept does
/// not derive from it the epochs that came after and were entered. It is off unless it is switched on, and can be on only while
/// every client in the room can take part; clients that are no gateways cannot as a rule, and cannot be let in while it is on
/// (DMLS-34). `group show` says whether it is.
///
/// It needs a room whose hub is this gateway, or one without a hub, and a user of ours in it whose role has
/// canSendMLSReinitProposal.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group harden '!club:matrix.example' --on --dry-run\n  causewayctl --config gateway.toml group harden 3 --off"
)]
pub(crate) struct Arguments {
    /// Matrix room id, MIMI room URI or conversation id.
    #[arg(value_name = "CONVERSATION|ROOM")]
    room: String,
    #[command(flatten)]
    switch: Switch,
    /// Only say whether it may be done.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Switch {
    /// Harden it.
    #[arg(long)]
    on: bool,
    /// Harden it no more.
    #[arg(long)]
    off: bool,
}

#[derive(Serialize)]
struct Question {
    conversation: i64,
    hardening: &'static str,
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    conversation: i64,
    hardening: String,
    dry_run: bool,
}

impl Row for Answer {
    const HEADER: &'static [&'static str] = &["conversation", "hardening", "dry run"];

    fn cells(&self) -> Vec<String> {
        let dry_run = if self.dry_run { "yes" } else { "no" };
        vec![self.conversation.to_string(), self.hardening.clone(), dry_run.to_owned()]
    }
}

pub(crate) async fn run(named: &Database, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(&database::open(named).await?).await?;
    let conversation = find(&rooms, &arguments.room)?.id;
    let Arguments { switch, dry_run, .. } = arguments;
    let hardening = if switch.on { "psk-puncture" } else { "none" };
    let answer: Answer = admin::post(named, "rooms/hardening", &Question { conversation, hardening, dry_run: *dry_run }).await?;
    render::one(&answer, style)
}
