//! `causewayctl peer show <name>`

use std::collections::BTreeMap;

use anyhow::bail;
use causeway_core::records::{PinnedRootRow, ServerKeyRow};
use causeway_store::Store;
use causeway_store::operator::QueueLine;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::queue_list::state;
use crate::find::near;
use crate::lane::{Peer, Side};
use crate::peers::{self, Known};
use crate::printing::Output;
use crate::render::{self, Row, Style, or_dash};
use crate::time::{now, rfc3339};

/// One homeserver or provider: its lanes, the credential roots pinned for it, its verification keys.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  causewayctl --config gateway.toml peer show provider.example")]
pub(crate) struct Arguments {
    /// A homeserver's name or a provider's domain.
    name: String,
}

/// Everything; a name may be on both sides.
#[derive(Serialize)]
struct Details {
    side: Side,
    name: String,
    hub_of: Vec<i64>,
    lanes: Vec<Lane>,
    roots: Vec<Root>,
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Lane {
    lane: String,
    waiting: usize,
    head: i64,
    kind: String,
    state: &'static str,
    attempts: i64,
    queued_at: Option<String>,
    next_try: Option<String>,
    last_error: Option<String>,
}

impl Row for Lane {
    const HEADER: &'static [&'static str] =
        &["lane", "waiting", "head", "kind", "state", "attempts", "queued", "next try", "last error"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.lane.clone(),
            self.waiting.to_string(),
            self.head.to_string(),
            self.kind.clone(),
            self.state.to_owned(),
            self.attempts.to_string(),
            or_dash(&self.queued_at),
            or_dash(&self.next_try),
            or_dash(&self.last_error),
        ]
    }
}

impl Lane {
    fn new(items: &[&QueueLine], now: i64) -> Option<Self> {
        let head = items.first()?;
        let time = |ms: i64| (ms > 0).then(|| rfc3339(ms));
        Some(Self {
            lane: head.lane.clone(),
            waiting: items.len(),
            head: head.id,
            kind: head.kind.clone(),
            state: state(head, now),
            attempts: head.attempts,
            queued_at: time(head.queued_at),
            next_try: time(head.not_before),
            last_error: head.last_error.clone(),
        })
    }
}

#[derive(Serialize)]
struct Root {
    fingerprint: String,
    first_seen: String,
    last_seen: String,
}

impl Row for Root {
    const HEADER: &'static [&'static str] = &["root (SHA-256)", "first seen", "last seen"];

    fn cells(&self) -> Vec<String> {
        vec![self.fingerprint.clone(), self.first_seen.clone(), self.last_seen.clone()]
    }
}

impl From<&PinnedRootRow> for Root {
    fn from(row: &PinnedRootRow) -> Self {
        Self {
            fingerprint: hex::encode(Sha256::digest(&row.root)),
            first_seen: rfc3339(row.first_seen),
            last_seen: rfc3339(row.last_seen),
        }
    }
}

#[derive(Serialize)]
struct Key {
    key_id: String,
    public_key: String,
    valid_until: String,
    expired_at: Option<String>,
}

impl Row for Key {
    const HEADER: &'static [&'static str] = &["key", "public key", "valid until", "expired"];

    fn cells(&self) -> Vec<String> {
        vec![self.key_id.clone(), self.public_key.clone(), self.valid_until.clone(), or_dash(&self.expired_at)]
    }
}

impl From<&ServerKeyRow> for Key {
    fn from(row: &ServerKeyRow) -> Self {
        Self {
            key_id: row.key_id.clone(),
            public_key: hex::encode(&row.public_key),
            valid_until: rfc3339(row.valid_until),
            expired_at: row.expired_at.map(rfc3339),
        }
    }
}

impl Details {
    fn new(peer: &Peer, known: &Known) -> Self {
        let mut lanes: BTreeMap<&str, Vec<&QueueLine>> = BTreeMap::new();
        for item in &known.items {
            lanes.entry(&item.lane).or_default().push(item);
        }
        let now = now();
        Self {
            side: peer.side,
            name: peer.name.clone(),
            hub_of: known.hub_of.clone(),
            lanes: lanes.values().filter_map(|items| Lane::new(items, now)).collect(),
            roots: known.roots.iter().map(Root::from).collect(),
            keys: known.keys.iter().map(Key::from).collect(),
        }
    }

    fn text(&self, style: Style) -> String {
        let title = format!("{} {}", self.side, self.name);
        let hub_of = match self.hub_of.is_empty() {
            true => "hub of no conversation\n".to_owned(),
            false => self.hub_of.iter().map(|id| format!("hub of conversation {id}\n")).collect(),
        };
        let evidence = match self.side {
            Side::Provider => ("pinned roots", render::lines(&self.roots, style), self.roots.is_empty()),
            Side::Homeserver => ("server keys", render::lines(&self.keys, style), self.keys.is_empty()),
        };
        let (name, text, is_empty) = evidence;
        let lanes = if self.lanes.is_empty() { String::new() } else { render::lines(&self.lanes, style) };
        let evidence = if is_empty { String::new() } else { text };
        render::sections(&[(&title, hub_of), ("lanes", lanes), (name, evidence)], style)
    }
}

pub(crate) async fn run(store: &Store, arguments: &Arguments, style: Style) -> anyhow::Result<String> {
    let peers = peers::all(store).await?;
    let found: Vec<Details> =
        peers.iter().filter(|(peer, _)| peer.name == arguments.name).map(|(peer, known)| Details::new(peer, known)).collect();
    if found.is_empty() {
        let names = peers.keys().map(|peer| peer.name.clone()).collect();
        bail!("nothing is known of {}{}", arguments.name, near(names, &arguments.name));
    }
    match style.output {
        Output::Table => Ok(found.iter().map(|details| details.text(style)).collect::<Vec<_>>().join("\n")),
        Output::Ndjson => found.iter().map(|details| Ok(serde_json::to_string(details)? + "\n")).collect(),
        Output::Json | Output::Yaml => render::document(&found, style),
    }
}
