//! Events on their way to other homeservers: in order, one transaction at a time, until they are taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::{Event, Peer};
use crate::patience::PATIENCE;

/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(25);
/// As many events as a transaction may have.
const BATCH: usize = 50;

/// What goes to one homeserver.
#[derive(Default)]
pub(super) struct Lane {
    queue: Mutex<Queue>,
    /// Whoever sends has this.
    turn: AsyncMutex<()>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Value>,
    under_way: Option<(String, Vec<Value>)>,
    count: usize,
    is_held: bool,
    twice: bool,
}

/// In which order what was held back leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As it was said.
    AsSaid,
    /// The last first, each in a transaction of its own.
    Reversed,
}

impl Lane {
    fn with<T>(&self, act: impl FnOnce(&mut Queue) -> T) -> T {
        act(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Queue {
    /// The transaction under way, or the next.
    fn next(&mut self, name: &str) -> Option<(String, Vec<Value>)> {
        let many = if self.is_held { 0 } else { self.waiting.len().min(BATCH) };
        if self.under_way.is_none() && many > 0 {
            self.count += 1;
            self.under_way = Some((format!("{name}-{}", self.count), self.waiting.drain(..many).collect()));
        }
        self.under_way.clone()
    }

    fn is_done(&self) -> bool {
        self.under_way.is_none() && (self.is_held || self.waiting.is_empty())
    }
}

impl Peer {
    fn lane(&self, server: &str) -> Arc<Lane> {
        self.with(|known| known.lanes.entry(server.to_owned()).or_default().clone())
    }

    /// Queues an event for every other homeserver in its room, and for those named.
    pub(super) fn spread(&self, event: &Event, also: &[&str]) {
        self.spread_but(event, also, "");
    }

    /// The same, but for one homeserver, which has it.
    pub(super) fn spread_but(&self, event: &Event, also: &[&str], but: &str) {
        let mut servers = self.look(|known| known.rooms.get(event.room()).map(|room| room.servers()).unwrap_or_default());
        servers.extend(also.iter().map(|server| (*server).to_owned()));
        servers.remove(self.name());
        servers.remove(but);
        for server in servers {
            self.lane(&server).with(|queue| queue.waiting.push_back(event.json()));
            let peer = self.clone();
            tokio::spawn(async move { peer.send_all(&server).await });
        }
    }

    /// What is said from now on waits.
    pub fn hold_back(&self, server: &str) {
        self.lane(server).with(|queue| queue.is_held = true);
    }

    /// Every transaction is sent a second time, under another id.
    pub fn send_twice(&self, server: &str) {
        self.lane(server).with(|queue| queue.twice = true);
    }

    /// What was held back is sent now.
    ///
    /// # Errors
    /// If the homeserver does not take it.
    pub async fn let_go(&self, server: &str, order: Order) -> Result<()> {
        let lane = self.lane(server);
        let held: Vec<Value> = lane.with(|queue| {
            queue.is_held = false;
            if order == Order::Reversed { queue.waiting.drain(..).rev().collect() } else { Vec::new() }
        });
        for event in held {
            lane.with(|queue| queue.waiting.push_back(event));
            self.flush(server).await?;
        }
        self.flush(server).await
    }

    /// Waits until a homeserver has taken everything that was said.
    ///
    /// # Errors
    /// If it has not in time.
    pub async fn flush(&self, server: &str) -> Result<()> {
        self.send_all(server).await;
        match self.lane(server).with(|queue| queue.is_done()) {
            true => Ok(()),
            false => bail!("{server} has not taken everything after {} s", PATIENCE.as_secs()),
        }
    }

    /// Sends until nothing waits, or for as long as a test has patience.
    async fn send_all(&self, server: &str) {
        let lane = self.lane(server);
        let _turn = lane.turn.lock().await;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && !self.inner.faults.is_down() {
            let Some((id, pdus)) = lane.with(|queue| queue.next(self.name())) else { return };
            match self.transaction(server, &id, &pdus).await {
                Ok(answer) if answer.status.is_success() => {
                    if lane.with(|queue| queue.twice) {
                        self.transaction(server, &format!("{id}-again"), &pdus).await.map(|_| ()).unwrap_or_default();
                    }
                    lane.with(|queue| queue.under_way = None);
                }
                _ => tokio::time::sleep(AGAIN).await,
            }
        }
    }
}
