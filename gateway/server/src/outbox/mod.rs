//! Sending what was stored, until the peer has taken it.
//!
//! One dispatcher leases the heads of lanes that are due and gives each to a task; a lane's next item is leased when
//! its head is forgotten, so that order holds however many processes share the database.

mod deliver;
#[cfg(test)]
mod hours;
mod matrix;
mod mimi;
mod notify;
mod pace;
mod pdus;
mod peers_room;

#[cfg(test)]
pub(crate) use deliver::deliver;

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use causeway_core::records::OutboxRow;
use causeway_drafts::mimi_uri::ProviderDomain;
use causeway_store::{Lease, StoreError};
use ruma::OwnedServerName;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::node::{Node, now_ms};
use crate::telemetry::PeerLabels;
pub(crate) use pace::Pace;

/// Deliveries under way at once.
const DELIVERIES: usize = 64;
/// A lease outlives every request (see the HTTP client's limit).
const LEASE: i64 = 120_000;
/// As many PDUs as a Matrix transaction may have; as many fan-outs in one body.
const BATCH: i64 = 50;
/// The dispatcher looks at the clock at least so often: items that were postponed become due.
const TICK: Duration = Duration::from_millis(500);
/// A dispatcher that has taken no turn for so long, ms, hangs.
const LONGEST_TURN: u64 = 60_000;
/// After a failure of the database.
const BREATHER: Duration = Duration::from_secs(1);

/// The other end of lanes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    /// A homeserver.
    Homeserver(OwnedServerName),
    /// A provider.
    Provider(ProviderDomain),
}

impl Peer {
    /// The lanes of a peer begin with one of these.
    fn lane_prefixes(&self) -> Vec<String> {
        match self {
            Self::Homeserver(server) => vec![format!("pdu:{server}"), format!("matrix:{server}:")],
            Self::Provider(provider) => {
                vec![format!("mimi:{provider}:"), format!("peer:{provider}:"), format!("consent:{provider}")]
            }
        }
    }
}

/// What of the outbox is only in memory.
pub(crate) struct Outbox {
    /// This process, by the numbers of its lives; the last is this one's.
    lives: RangeInclusive<i64>,
    /// Which peers have a label of their own in metrics.
    labels: PeerLabels,
    /// When the dispatcher last took a turn, ms; 0 before it runs, and after.
    turn: AtomicU64,
    changed: Notify,
    pace: Pace,
    /// Peers to whom something could not be delivered.
    waiting: Mutex<HashSet<Peer>>,
    /// Of these, the ones that have shown themselves since.
    back: Mutex<HashSet<Peer>>,
}

impl Outbox {
    /// The outbox of a process.
    pub(crate) fn new(lives: RangeInclusive<i64>, labels: PeerLabels, pace: Pace) -> Self {
        Self {
            lives,
            labels,
            turn: AtomicU64::new(0),
            changed: Notify::new(),
            pace,
            waiting: Mutex::default(),
            back: Mutex::default(),
        }
    }

    /// Whether the dispatcher is at work: with all slots taken it waits as long as the slowest request.
    pub(crate) fn is_alive(&self) -> bool {
        now_ms().saturating_sub(self.turn.load(Ordering::Relaxed)) < LONGEST_TURN
    }

    /// There is something new.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// A peer has sent us something: what waits for it is due.
    pub(crate) fn heard_from(&self, peer: &Peer) {
        if self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(peer) {
            self.back.lock().unwrap_or_else(PoisonError::into_inner).insert(peer.clone());
            self.wake();
        }
    }

    fn waits_for(&self, peer: Peer) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(peer);
    }
}

/// Delivers until `stop`, then lets deliveries under way finish.
pub(crate) async fn run(node: Arc<Node>, stop: CancellationToken) {
    let deliveries = TaskTracker::new();
    // Whom we were waiting for is not known any more: everybody is tried.
    wake(&node, vec![String::new()]).await;
    let slots = Arc::new(Semaphore::new(DELIVERIES));
    while !stop.is_cancelled() {
        let Ok(slot) = slots.clone().acquire_owned().await else { break };
        node.outbox.turn.store(now_ms(), Ordering::Relaxed);
        wake_lanes(&node).await;
        match lease(&node).await {
            Ok(rows) if rows.is_empty() => {
                drop(slot);
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = node.outbox.changed.notified() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
            Ok(rows) => {
                let node = node.clone();
                let head = rows.first();
                let span = tracing::info_span!(
                    "delivery",
                    lane = head.map(|row| row.lane.as_str()),
                    kind = head.map(|row| row.kind.as_str())
                );
                let delivery = async move {
                    deliver::deliver(&node, rows).await;
                    drop(slot);
                    node.outbox.wake();
                };
                deliveries.spawn(delivery.instrument(span));
            }
            Err(error) => {
                tracing::error!(%error, "cannot read the outbox");
                drop(slot);
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = recover(&node, &slots) => {}
                }
            }
        }
    }
    node.outbox.turn.store(0, Ordering::Relaxed);
    deliveries.close();
    deliveries.wait().await;
}

/// A database that failed while it was asked for a lease may have stored one that nobody here knows of. When nothing is
/// under way any more, all that this process holds is free.
async fn recover(node: &Node, slots: &Semaphore) {
    tokio::time::sleep(BREATHER).await;
    let Ok(_all) = slots.acquire_many(DELIVERIES as u32).await else { return };
    let own = *node.outbox.lives.end();
    let released = node.store.transaction("release leases", move |tx| Box::pin(async move { tx.release_leases(own).await }));
    if let Err(error) = released.await {
        // They run out by themselves.
        tracing::error!(%error, "cannot release leases");
    }
}

async fn lease(node: &Node) -> Result<Vec<OutboxRow>, StoreError> {
    let (first_life, holder) = (*node.outbox.lives.start(), *node.outbox.lives.end());
    node.store
        .transaction("lease", move |tx| {
            let batched_kinds = &["pdu", "notify"];
            let lease = Lease { now: now_ms() as i64, duration: LEASE, holder, first_life, batch: BATCH, batched_kinds };
            Box::pin(async move { tx.lease(lease).await })
        })
        .await
}

async fn wake_lanes(node: &Node) {
    let back: Vec<Peer> = node.outbox.back.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
    if back.is_empty() {
        return;
    }
    wake(node, back.iter().flat_map(Peer::lane_prefixes).collect()).await;
}

/// What waits in lanes that begin with one of these is due.
async fn wake(node: &Node, prefixes: Vec<String>) {
    let prefixes = Arc::new(prefixes);
    let woken = node.store.transaction("wake lanes", move |tx| {
        let prefixes = prefixes.clone();
        Box::pin(async move {
            for prefix in prefixes.iter() {
                tx.wake_lanes(prefix).await?;
            }
            Ok::<_, StoreError>(())
        })
    });
    if let Err(error) = woken.await {
        tracing::error!(%error, "cannot wake lanes");
    }
}
