//! `causewayctl group hub-lost <room>`, `hub-back` and `order-by-room`: who orders a room's commits.

use serde::{Deserialize, Serialize};

use crate::arguments::Database;
use crate::find::find;
use crate::render::{self, Row, Style};
use crate::{admin, database};

/// Gives up the hub of a room: its members order their commits by themselves from then on.
///
/// For a room whose hub does not come back. What was to go through the hub goes to the other providers directly, and they
/// are told so; what the hub still orders counts no more. `group hub-back` is the way back. It needs a user of ours in the
/// room whose role has canSendMLSReinitProposal (DMLS-21); without one, the gateway refuses. The reason is kept in its audit
/// log. In a room whose members order already, nothing changes.
///
/// Afterwards, `group forks` shows where commits were made side by side.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group hub-lost '!club:matrix.example' --dry-run\n  causewayctl --config gateway.toml group hub-lost 3 --reason 'the provider has closed down'"
)]
pub(crate) struct Lost {
    #[command(flatten)]
    change: Change,
}

/// Lets the hub of a room order its commits again, after `group hub-lost`.
///
/// The hub is the one that the room's URI names. It decides between commits at once; when all providers have said that they
/// follow it, and nothing is left to settle, the room is as it was before it lost its hub. It needs a user of ours in the room
/// whose role has canSendMLSReinitProposal (DMLS-21), and who has not decided the like within the last epochs (DMLS-16). The
/// reason is kept in the gateway's audit log. In a room that its hub orders already, nothing changes.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group hub-back '!club:matrix.example' --dry-run\n  causewayctl --config gateway.toml group hub-back 3 --reason 'it answers again'"
)]
pub(crate) struct Back {
    #[command(flatten)]
    change: Change,
}

/// Lets a Matrix room order the commits of a room without a hub.
///
/// The gateways of such a room may meet in a Matrix room of their own users (`[groups] peers_room`). From then on its state says
/// which of several commits made in one epoch is accepted: whoever makes or takes a commit first writes it there, and Matrix'
/// state resolution sees to it that all agree. Without that, a rank among the commits decides. It needs the peers' room, with
/// every provider of the room in it or on its way (DMLS-39), and a user of ours in the room whose role has
/// canSendMLSReinitProposal (DMLS-21), and who has not decided the like within the last epochs (DMLS-16). While it holds, nobody
/// of a provider that does not come to that room can be let in. `group hub-lost` lets the members order again, `group hub-back`
/// the hub. The reason is kept in the gateway's audit log. In a room that is ordered so already, nothing changes.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group order-by-room '!club:matrix.example' --dry-run\n  causewayctl --config gateway.toml group order-by-room 3 --reason 'the hub will not come back'"
)]
pub(crate) struct ByRoom {
    #[command(flatten)]
    change: Change,
}

/// A room that somebody decides about.
#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// Matrix room id, MIMI room URI or conversation id.
    #[arg(value_name = "CONVERSATION|ROOM")]
    pub(super) room: String,
    /// Why; it is kept in the gateway's audit log.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) reason: String,
    /// Only say whether it may be done, and what would come of it.
    #[arg(long)]
    pub(super) dry_run: bool,
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

pub(crate) async fn lost(named: &Database, arguments: &Lost, style: Style) -> anyhow::Result<String> {
    ask(named, ("rooms/hub_lost", &arguments.change), style).await
}

pub(crate) async fn back(named: &Database, arguments: &Back, style: Style) -> anyhow::Result<String> {
    ask(named, ("rooms/hub_back", &arguments.change), style).await
}

pub(crate) async fn by_room(named: &Database, arguments: &ByRoom, style: Style) -> anyhow::Result<String> {
    ask(named, ("rooms/order_by_room", &arguments.change), style).await
}

async fn ask(named: &Database, (action, change): (&str, &Change), style: Style) -> anyhow::Result<String> {
    let rooms = super::rooms(&database::open(named).await?).await?;
    let conversation = find(&rooms, &change.room)?.id;
    let question = Question { conversation, reason: &change.reason, dry_run: change.dry_run };
    let answer: Answer = admin::post(named, action, &question).await?;
    render::one(&answer, style)
}
