//! `causewayctl group forks <room>`: which commits were made side by side, and which of them won.

use anyhow::bail;
use causeway_store::Store;
use serde::Serialize;

use crate::find::{find, names};
use crate::forks::{Epoch, History, dot, svg, tree};
use crate::printing::{Format, Printing};
use crate::render;

/// Shows a group's epochs as a graph: where commits were made side by side, and which of them won.
///
/// A room that has lost its hub orders its commits by itself; then two may be made in one epoch, and one of them loses.
/// The head's way is drawn straight down, the newest epoch last, branches that have lost beside it: `@` is the head, `*`
/// an epoch on its way, `x` a lost one. Long stretches without a fork are folded into one line.
///
/// `-o dot` writes it for Graphviz, `-o svg` draws it; `-o json` has every epoch.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml group forks '!club:matrix.example'\n  causewayctl --config gateway.toml group forks 3 -o svg --all > club.svg"
)]
pub(crate) struct Arguments {
    /// Matrix room id, MIMI room URI or conversation id.
    room: String,
    /// Every epoch, also where nothing forks.
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    conversation: i64,
    head: String,
    forks: Vec<Fork<'a>>,
    epochs: &'a [Epoch],
}

/// An epoch in which more than one commit was made.
#[derive(Serialize)]
struct Fork<'a> {
    number: i64,
    epoch_id: &'a str,
    children: Vec<&'a str>,
}

pub(crate) async fn run(store: &Store, arguments: &Arguments, printing: &Printing) -> anyhow::Result<String> {
    let rooms = super::rooms(store).await?;
    let room = find(&rooms, &arguments.room)?;
    let id = room.id;
    let Some(head) = &room.head_epoch_id else {
        bail!("conversation {id} has no group yet (status: {})", room.status);
    };
    let lines = store.transaction("epoch lines", move |tx| Box::pin(tx.epoch_lines(id))).await?;
    let history = History::new(&lines, head);
    let name = names(room).swap_remove(0);
    match printing.format() {
        Format::Table => Ok(tree(&history, arguments.all, printing.style())),
        Format::Dot => Ok(dot(&history, &name, arguments.all)),
        Format::Svg => Ok(svg(&history, &name, arguments.all)),
        Format::Json | Format::Ndjson | Format::Yaml => {
            render::document(&document(id, hex::encode(head), &history), printing.style())
        }
    }
}

fn document<'a>(conversation: i64, head: String, history: &'a History) -> Document<'a> {
    let fork = |epoch: &'a Epoch| Fork {
        number: epoch.number,
        epoch_id: &epoch.epoch_id,
        children: history.children(epoch).map(|child| child.epoch_id.as_str()).collect(),
    };
    Document { conversation, head, forks: history.forks().map(fork).collect(), epochs: &history.epochs }
}
