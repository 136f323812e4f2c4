//! What is told of the past.

use std::sync::Arc;

use anyhow::Context;
use http::StatusCode;
use serde_json::{Value, json};

use super::keys::now;
use super::server::{Asked, Reply, refuse};
use super::{Event, Peer};

fn all(events: &[Arc<Event>]) -> Vec<Value> {
    events.iter().map(|event| event.json()).collect()
}

fn ids(events: &[Arc<Event>]) -> Vec<&str> {
    events.iter().map(|event| event.id()).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

/// As many events of a gap as Synapse gives at once.
const GAP: usize = 20;

impl Peer {
    pub(super) fn give_event(&self, _: &Asked, id: &str) -> Reply {
        match self.look(|known| known.rooms.values().find_map(|room| room.event(id).cloned())) {
            Some(event) => Ok(json!({ "origin": self.name(), "origin_server_ts": now(), "pdus": [event.json()] })),
            None => refuse(StatusCode::NOT_FOUND, "M_NOT_FOUND", "no such event"),
        }
    }

    pub(super) fn give_state(&self, asked: &Asked, room: &str) -> Reply {
        let (state, chain) = self.with_room(room, |room| room.state_before(&asked.one("event_id")).context("no such event"))?;
        Ok(json!({ "pdus": all(&state), "auth_chain": all(&chain) }))
    }

    pub(super) fn give_state_ids(&self, asked: &Asked, room: &str) -> Reply {
        let (state, chain) = self.with_room(room, |room| room.state_before(&asked.one("event_id")).context("no such event"))?;
        Ok(json!({ "pdu_ids": ids(&state), "auth_chain_ids": ids(&chain) }))
    }

    pub(super) fn give_event_auth(&self, _: &Asked, (room, id): (&str, &str)) -> Reply {
        let chain = self.with_room(room, |room| {
            let event = room.event(id).context("no such event")?;
            Ok(room.chain(event.auth()))
        })?;
        Ok(json!({ "auth_chain": all(&chain) }))
    }

    pub(super) fn give_backfill(&self, asked: &Asked, room: &str) -> Reply {
        let limit = asked.one("limit").parse().unwrap_or(10);
        let events = self.with_room(room, |room| Ok(room.walk(&asked.all("v"), &[], limit)))?;
        Ok(json!({ "origin": self.name(), "origin_server_ts": now(), "pdus": all(&events) }))
    }

    pub(super) fn give_missing_events(&self, asked: &Asked, room: &str) -> Reply {
        let (latest, mut until) = (texts(&asked.body["latest_events"]), texts(&asked.body["earliest_events"]));
        let limit = (asked.body["limit"].as_u64().unwrap_or(10) as usize).min(GAP);
        let mut events = self.with_room(room, |room| {
            let start = latest.iter().filter_map(|id| room.event(id));
            let before: Vec<String> = start.flat_map(|event| event.prev()).map(ToString::to_string).collect();
            until.extend(latest.clone());
            Ok(room.walk(&before, &until, limit))
        })?;
        events.reverse();
        Ok(json!({ "events": all(&events) }))
    }
}
