//! `causewayctl queue show <id>`: what is known of an item without opening it.

use anyhow::{Context, bail};
use causeway_store::Store;
use causeway_store::operator::QueueLine;
use serde::Serialize;

use super::queue_list::state;
use crate::lane::Peer;
use crate::render::{self, Row, Style, or_dash};
use crate::time::{now, rfc3339};

/// One item of the outbox. Its content is sealed and stays so.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  causewayctl --config gateway.toml queue show 17")]
pub(crate) struct Arguments {
    /// The item's number, as `queue list` prints it.
    id: i64,
}

#[derive(Serialize)]
struct Details {
    id: i64,
    lane: String,
    peer: Option<String>,
    kind: String,
    conversation: Option<i64>,
    room: Option<String>,
    state: &'static str,
    ahead: usize,
    attempts: i64,
    queued_at: Option<String>,
    next_try: Option<String>,
    leased_until: Option<String>,
    batch: Option<i64>,
    last_error: Option<String>,
}

impl Row for Details {
    const HEADER: &'static [&'static str] = &[
        "id",
        "lane",
        "peer",
        "kind",
        "conversation",
        "room",
        "state",
        "ahead in lane",
        "attempts",
        "queued",
        "next try",
        "leased until",
        "batch",
        "last error",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.lane.clone(),
            or_dash(&self.peer),
            self.kind.clone(),
            or_dash(&self.conversation),
            or_dash(&self.room),
            self.state.to_owned(),
            self.ahead.to_string(),
            self.attempts.to_string(),
            or_dash(&self.queued_at),
            or_dash(&self.next_try),
            or_dash(&self.leased_until),
            or_dash(&self.batch),
            or_dash(&self.last_error),
        ]
    }
}

impl Details {
    fn new(item: &QueueLine, (ahead, room): (usize, Option<String>), now: i64) -> Self {
        let time = |ms: i64| (ms > 0).then(|| rfc3339(ms));
        Self {
            id: item.id,
            lane: item.lane.clone(),
            peer: Peer::of_lane(&item.lane).map(|peer| peer.name),
            kind: item.kind.clone(),
            conversation: item.conversation_id,
            room,
            state: if ahead > 0 { "behind others" } else { state(item, now) },
            ahead,
            attempts: item.attempts,
            queued_at: time(item.queued_at),
            next_try: time(item.not_before),
            leased_until: time(item.leased_until),
            batch: item.batch,
            last_error: item.last_error.clone(),
        }
    }
}

pub(crate) async fn run(store: &Store, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let items = store.transaction("queue lines", |tx| Box::pin(tx.queue_lines())).await?;
    let id = arguments.id;
    let Some(item) = items.iter().find(|item| item.id == id) else {
        bail!("no such item: {id}; it may have been delivered, or never have been there");
    };
    let ahead = items.iter().filter(|other| other.lane == item.lane && other.id < id).count();
    let room = match item.conversation_id {
        Some(conversation) => {
            let rooms = super::rooms(store).await.context("cannot read the rooms")?;
            rooms.iter().find(|room| room.id == conversation).map(|room| crate::find::names(room).swap_remove(0))
        }
        None => None,
    };
    render::one(&Details::new(item, (ahead, room), now()), style)
}
