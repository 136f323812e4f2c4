//! `causewayctl trace <event id | message id>`: every step on both sides that the database knows of.

use std::collections::BTreeSet;

use anyhow::bail;
use causeway_core::records::{EventRow, MessageRow};
use causeway_store::operator::{EpochLine, LossLine, QueueLine, RoomLine};
use causeway_store::{Store, StoreError};
use serde::Serialize;

use super::queue_list::state;
use crate::find::names;
use crate::lane::Peer;
use crate::render::{self, Row, Style, Tone, or_dash, short};
use crate::time::{now, rfc3339};

/// Every step of one message on both sides that the database knows of.
///
/// The Matrix event and its verdict, the MIMI message that is the same thing, direction, epoch and the hub's timestamp, what
/// was lost on the way, and what still waits to be sent in that room.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Examples:\n  causewayctl --config gateway.toml trace '$qzXv…'\n  causewayctl --config gateway.toml trace 5be1…a0 -o json"
)]
pub(crate) struct Arguments {
    /// A Matrix event id (`$…`), or a MIMI message id as 64 hex digits.
    id: String,
}

#[derive(Serialize)]
struct Step {
    side: &'static str,
    step: &'static str,
    subject: String,
    at: Option<String>,
    detail: String,
}

impl Row for Step {
    const HEADER: &'static [&'static str] = &["side", "step", "subject", "at", "detail"];

    fn cells(&self) -> Vec<String> {
        vec![self.side.to_owned(), self.step.to_owned(), self.subject.clone(), or_dash(&self.at), self.detail.clone()]
    }

    fn tone(&self) -> Option<(usize, Tone)> {
        match self.step {
            "rejected" | "lost" => Some((1, Tone::Bad)),
            "soft failed" | "waiting" => Some((1, Tone::Warning)),
            "accepted" => Some((1, Tone::Good)),
            _ => None,
        }
    }
}

/// What the database knows.
struct Found {
    pairs: Vec<MessageRow>,
    events: Vec<EventRow>,
    rooms: Vec<RoomLine>,
    epochs: Vec<EpochLine>,
    losses: Vec<LossLine>,
    items: Vec<QueueLine>,
}

pub(crate) async fn run(store: &Store, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let id = arguments.id.clone();
    let message_id = hex::decode(&id).ok().filter(|bytes| bytes.len() == 32).unwrap_or_default();
    let found = store
        .transaction::<_, StoreError, _>("trace", move |tx| {
            let (id, message_id) = (id.clone(), message_id.clone());
            Box::pin(async move {
                let pairs = tx.messages_about(&id, &message_id).await?;
                let mut events = Vec::new();
                for event_id in pairs.iter().map(|pair| pair.event_id.as_str()).chain([id.as_str()]).collect::<BTreeSet<_>>() {
                    events.extend(tx.event(event_id).await?);
                }
                let rooms = concerned(tx.room_lines().await?, &pairs, &events);
                let mut epochs = Vec::new();
                for room in &rooms {
                    epochs.extend(tx.epoch_lines(room.id).await?);
                }
                let (losses, items) = (tx.loss_lines(None).await?, tx.queue_lines().await?);
                Ok(Found { pairs, events, rooms, epochs, losses, items })
            })
        })
        .await?;
    let steps = steps(&found, &arguments.id);
    if steps.is_empty() {
        bail!("nothing is known of {}: not an event or message of a bridged room, or not received yet", arguments.id);
    }
    render::rows(&steps, style)
}

/// The rooms that an event or message is in.
fn concerned(rooms: Vec<RoomLine>, pairs: &[MessageRow], events: &[EventRow]) -> Vec<RoomLine> {
    let is_concerned = |room: &RoomLine| {
        pairs.iter().any(|pair| pair.conversation_id == room.id)
            || events.iter().any(|event| room.matrix_room_id.as_ref() == Some(&event.room_id))
    };
    rooms.into_iter().filter(is_concerned).collect()
}

fn steps(found: &Found, id: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for event in &found.events {
        steps.extend(event_steps(event));
    }
    for pair in &found.pairs {
        steps.extend(pair_steps(pair, &found.epochs));
    }
    let mut sources: BTreeSet<String> = BTreeSet::from([id.to_owned()]);
    sources.extend(found.pairs.iter().flat_map(|pair| [pair.event_id.clone(), hex::encode(&pair.message_id)]));
    steps.extend(found.losses.iter().filter(|loss| sources.contains(&loss.source)).map(loss_step));
    if !steps.is_empty() {
        let in_room = |item: &&QueueLine| found.rooms.iter().any(|room| item.conversation_id == Some(room.id));
        steps.extend(found.items.iter().filter(in_room).map(|item| waiting_step(item, &found.rooms)));
    }
    steps
}

fn event_steps(event: &EventRow) -> [Step; 2] {
    let step = |step, detail| Step { side: "matrix", step, subject: event.event_id.clone(), at: None, detail };
    let what = format!("{} by {} in {}, depth {}", event.event_type, event.sender, event.room_id, event.depth);
    let verdict = match (&event.rejected, event.soft_failed, event.outlier) {
        (Some(rule), ..) => step("rejected", rule.clone()),
        (None, true, _) => step("soft failed", "valid at its place, but not against the room's current state".to_owned()),
        (None, false, true) => step("outlier", "known only as a member of an auth chain".to_owned()),
        (None, false, false) => step("accepted", "part of the room's graph".to_owned()),
    };
    [Step { at: Some(rfc3339(event.origin_server_ts)), ..step("event", what) }, verdict]
}

fn pair_steps(pair: &MessageRow, epochs: &[EpochLine]) -> Vec<Step> {
    let message = hex::encode(&pair.message_id);
    let step = |side, step, detail| Step { side, step, subject: message.clone(), at: None, detail };
    let mut detail =
        format!("{} of {} by {} is {}, part {}", pair.kind, pair.mimi_sender, pair.matrix_sender, pair.event_id, pair.part);
    if pair.first_event_id != pair.event_id {
        detail = format!("{detail}; refers to {}", pair.first_event_id);
    }
    let mut steps = vec![step("gateway", "translated", format!("{}: {detail}", pair.direction))];
    if let Some(epoch_id) = &pair.epoch_id {
        let known = epochs.iter().find(|epoch| epoch.epoch_id == *epoch_id);
        let number = known.map_or_else(|| "not stored".to_owned(), |epoch| format!("number {}, {}", epoch.number, epoch.status));
        steps.push(step("mimi", "epoch", format!("{}: {number}", short(&hex::encode(epoch_id)))));
    }
    match pair.hub_timestamp {
        Some(at) => steps.push(Step { at: Some(rfc3339(at)), ..step("mimi", "hub", "accepted by the hub".to_owned()) }),
        None => steps.push(step("mimi", "hub", "the hub has not accepted it yet".to_owned())),
    }
    steps
}

fn loss_step(loss: &LossLine) -> Step {
    let detail = format!("{}: {} ({})", loss.direction, loss.detail, loss.feature);
    Step { side: "gateway", step: "lost", subject: loss.source.clone(), at: Some(rfc3339(loss.recorded_at)), detail }
}

/// What an item carries is sealed: it waits in the same room, which is all that can be said.
fn waiting_step(item: &QueueLine, rooms: &[RoomLine]) -> Step {
    let (side, to) = match Peer::of_lane(&item.lane) {
        Some(peer) if peer.side == crate::lane::Side::Homeserver => ("matrix", peer.name),
        Some(peer) => ("mimi", peer.name),
        None => ("gateway", item.lane.clone()),
    };
    let room = rooms.iter().find(|room| item.conversation_id == Some(room.id)).map(|room| names(room).swap_remove(0));
    let error = item.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let (state, attempts) = (state(item, now()), item.attempts);
    let detail = format!("{} for {to} in {}, {state} after {attempts} attempts{error}", item.kind, room.unwrap_or_default());
    let at = (item.queued_at > 0).then(|| rfc3339(item.queued_at));
    Step { side, step: "waiting", subject: format!("item {}", item.id), at, detail }
}
