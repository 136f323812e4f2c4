//! `causewayctl group override <room> <epoch>`, `group expel <room>` and `group begin-anew <room> <provider>`: what a group that
//! does not go on by itself needs somebody to decide.

use anyhow::bail;
use causeway_store::Store;
use serde::{Deserialize, Serialize};

use super::group_order::Change;
use crate::arguments::Database;
use crate::find::find;
use crate::render::{self, Row, Style, or_dash};
use crate::{admin, database};

/// Lets a group whose sides have gone too far apart go on at one epoch.
///
/// In a room without a hub, two sides may go on alone for longer than the window, and each takes its own branch for final.
/// From then on nothing is sent in the room. This signs an anchor_override (DMLS-19): everybody's head descends from the named
/// epoch, and what the other branches changed is proposed again. `group forks` shows the branches. It needs a user of ours who was
/// in that epoch with a role that has canSendMLSReinitProposal (DMLS-21).
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group override '!club:matrix.example' 1f0c8a2b --dry-run\n  causewayctl --config gateway.toml group override 3 1f0c8a2b --reason 'our side was cut off'"
)]
pub(crate) struct Override {
    #[command(flatten)]
    change: Change,
    /// The epoch, by its name or what that begins with.
    #[arg(value_name = "EPOCH")]
    epoch: String,
}

/// Takes out of a group whoever has made a commit that nobody can open.
///
/// In a room without a hub, a commit may be valid for everybody and open at nobody. Clients that cannot open one come back by
/// themselves as long as anybody else's can; if none does, the group stands still. This commits the author's removal beside
/// it, in the newest epoch before it. Refused where one of our clients does hold the head, and where none of our users may
/// remove the author. Ask the other providers first: where theirs can open it, our own clients only have to wait for them.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group expel '!club:matrix.example' --dry-run\n  causewayctl --config gateway.toml group expel 3 --reason 'all providers are stranded'"
)]
pub(crate) struct Expel {
    #[command(flatten)]
    change: Change,
}

/// Begins a group anew with what another provider says that it is.
///
/// In a room without a hub, a gateway that was apart for longer than anybody remembers meets no epoch of the others any more;
/// a loss says so (CW-6031). This asks the provider for its graph and takes it instead of ours: secrets of
/// ours go, and our clients join anew. The provider is believed as by a newcomer, so choose one that others agree with.
///
/// The same is the way on for a room of our own hub that is locked since a restored database was adopted (CW-4011): the provider
/// tells its graph when its operator gives the hub up (`group hub-lost`), and `group hub-back` ends that.
///
/// What has not come within an hour, or is refused, is not taken any more, which is a loss (CW-6031); `--withdraw` ends it at
/// once. Meanwhile `group show` says whom the group begins anew with.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group begin-anew '!club:matrix.example' b.example --dry-run\n  causewayctl --config gateway.toml group begin-anew 3 b.example --reason 'we were down for a week'\n  causewayctl --config gateway.toml group begin-anew 3 --withdraw"
)]
pub(crate) struct BeginAnew {
    #[command(flatten)]
    change: Change,
    /// The provider's domain.
    #[arg(value_name = "PROVIDER", required_unless_present = "withdraw", conflicts_with = "withdraw")]
    from: Option<String>,
    /// Do not begin anew after all.
    #[arg(long)]
    withdraw: bool,
}

#[derive(Serialize)]
struct Question<'a> {
    conversation: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    withdraw: bool,
    reason: &'a str,
    dry_run: bool,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    conversation: i64,
    head: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<String>,
    dry_run: bool,
}

impl Row for Answer {
    const HEADER: &'static [&'static str] = &["conversation", "head", "removed", "dry run"];

    fn cells(&self) -> Vec<String> {
        let dry_run = if self.dry_run { "yes" } else { "no" };
        vec![self.conversation.to_string(), self.head.clone(), or_dash(&self.removed), dry_run.to_owned()]
    }
}

pub(crate) async fn override_anchor(named: &Database, arguments: &Override, style: Style) -> anyhow::Result<String> {
    let store = database::open(named).await?;
    let question = arguments.change.question(&store).await?;
    let epoch = Some(epoch(&store, question.conversation, &arguments.epoch).await?);
    ask(named, "rooms/override", &Question { epoch, ..question }, style).await
}

pub(crate) async fn expel(named: &Database, arguments: &Expel, style: Style) -> anyhow::Result<String> {
    let question = arguments.change.question(&database::open(named).await?).await?;
    ask(named, "rooms/expel", &question, style).await
}

pub(crate) async fn begin_anew(named: &Database, arguments: &BeginAnew, style: Style) -> anyhow::Result<String> {
    let question = arguments.change.question(&database::open(named).await?).await?;
    ask(named, "rooms/begin_anew", &Question { from: arguments.from.as_deref(), withdraw: arguments.withdraw, ..question }, style)
        .await
}

impl Change {
    async fn question(&self, store: &Store) -> anyhow::Result<Question<'_>> {
        let conversation = find(&super::rooms(store).await?, &self.room)?.id;
        Ok(Question { conversation, epoch: None, from: None, withdraw: false, reason: &self.reason, dry_run: self.dry_run })
    }
}

async fn ask(named: &Database, action: &str, question: &Question<'_>, style: Style) -> anyhow::Result<String> {
    let answer: Answer = admin::post(named, action, question).await?;
    render::one(&answer, style)
}

/// The full name of the one epoch that begins like that.
async fn epoch(store: &Store, conversation: i64, begins: &str) -> anyhow::Result<String> {
    let lines = store.transaction("epoch lines", move |tx| Box::pin(tx.epoch_lines(conversation))).await?;
    let names = lines.iter().map(|line| hex::encode(&line.epoch_id));
    let begins = begins.to_lowercase();
    let mut found: Vec<String> = names.filter(|name| name.starts_with(&begins)).collect();
    match (found.pop(), found.len()) {
        (Some(name), 0) => Ok(name),
        (Some(_), others) => bail!("{} epochs of conversation {conversation} begin with {begins}", others + 1),
        (None, _) => bail!("no epoch of conversation {conversation} begins with {begins}; `group epochs` lists them"),
    }
}
