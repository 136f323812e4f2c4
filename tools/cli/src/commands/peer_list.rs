//! `causewayctl peer list`

use causeway_store::Store;
use serde::Serialize;

use crate::lane::{Peer, Side};
use crate::peers::{self, Known};
use crate::render::{self, Row, Style, Tone, or_dash};
use crate::time::rfc3339;

#[derive(Serialize)]
struct Line {
    side: Side,
    name: String,
    lanes: usize,
    waiting: usize,
    waiting_since: Option<String>,
    roots: usize,
    keys: usize,
    hub_of: usize,
    last_error: Option<String>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["side", "name", "lanes", "waiting", "since", "roots", "keys", "hub of", "last error"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.side.to_string(),
            self.name.clone(),
            self.lanes.to_string(),
            self.waiting.to_string(),
            or_dash(&self.waiting_since),
            self.roots.to_string(),
            self.keys.to_string(),
            self.hub_of.to_string(),
            or_dash(&self.last_error),
        ]
    }

    fn tone(&self) -> Option<(usize, Tone)> {
        self.last_error.as_ref().map(|_| (8, Tone::Warning))
    }
}

impl Line {
    fn new(peer: Peer, known: &Known) -> Self {
        let lanes: std::collections::BTreeSet<&str> = known.items.iter().map(|item| item.lane.as_str()).collect();
        Self {
            side: peer.side,
            name: peer.name,
            lanes: lanes.len(),
            waiting: known.items.len(),
            waiting_since: known.waiting_since().filter(|ms| *ms > 0).map(rfc3339),
            roots: known.roots.len(),
            keys: known.keys.len(),
            hub_of: known.hub_of.len(),
            last_error: known.last_error(),
        }
    }
}

pub(crate) async fn run(store: &Store, style: Style) -> anyhow::Result<String> {
    let peers = peers::all(store).await?;
    let lines: Vec<Line> = peers.into_iter().map(|(peer, known)| Line::new(peer, &known)).collect();
    render::rows(&lines, style)
}
