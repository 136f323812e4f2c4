//! A peer that is down for hours, by a clock of the test's own: how often it is tried, and what ends the wait.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use causeway_store::{Lease, Store, StoreError};

use super::LEASE;
use super::deliver::{LONGEST_WAIT, backoff};
use crate::node::tests::node;

const HOUR: i64 = 3_600_000;
const LANE: &str = "mimi:away.test:room";

/// What waits for the peer, as the dispatcher sees it.
struct Lane {
    store: Store,
    now: i64,
    life: i64,
}

impl Lane {
    async fn with(store: &Store, bodies: &[&'static str]) -> Self {
        for &body in bodies {
            let queued = store.transaction::<_, StoreError, _>("queue", move |tx| {
                Box::pin(async move { tx.queue(LANE, "submit", None, body.as_bytes()).await })
            });
            queued.await.unwrap();
        }
        Self { store: store.clone(), now: HOUR, life: 1 }
    }

    /// What is due now, and leased by that.
    async fn due(&self) -> Option<(i64, i32, Vec<u8>)> {
        let lease = Lease { now: self.now, duration: LEASE, holder: self.life, first_life: 1, batch: 1, batched_kinds: &[] };
        let leased = self.store.transaction::<_, StoreError, _>("lease", move |tx| Box::pin(tx.lease(lease)));
        leased.await.unwrap().pop().map(|row| (row.id, row.attempts, row.body))
    }

    /// The peer does not answer.
    async fn fails(&self, (id, attempts): (i64, i32)) -> i64 {
        let not_before = self.now + backoff(attempts) as i64;
        let postponed = self.store.transaction::<_, StoreError, _>("postpone", move |tx| {
            Box::pin(async move { tx.postpone(&[id], not_before, "no answer").await })
        });
        postponed.await.unwrap();
        not_before
    }

    /// The peer is down for so long; how often it was tried.
    async fn is_down_for(&mut self, time: i64) -> usize {
        let (mut tries, back) = (0, self.now + time);
        while self.now < back {
            let (id, attempts, body) = self.due().await.unwrap();
            assert_eq!(body, b"1", "the head only");
            tries += 1;
            let not_before = self.fails((id, attempts)).await;
            // Nothing is due a moment before.
            self.now = not_before - 1;
            assert_eq!(self.due().await, None);
            self.now = not_before;
        }
        tries
    }

    /// The peer takes everything that waits: in order.
    async fn is_emptied(&self) {
        for expected in [b"1", b"2", b"3"] {
            let (id, _, body) = self.due().await.unwrap();
            assert_eq!(body, expected);
            let done =
                self.store.transaction::<_, StoreError, _>("forget", move |tx| Box::pin(async move { tx.forget(&[id]).await }));
            done.await.unwrap();
        }
        assert_eq!(self.due().await, None);
    }
}

/// After twelve hours there were about as many tries as there are ten minutes in them, and the timer alone has what waits
/// sent within the longest wait, with its jitter, after the peer is back.
#[tokio::test]
async fn a_peer_that_is_down_for_hours_is_tried_every_ten_minutes_and_hears_everything_in_order() {
    let (_folder, node) = node().await;
    let mut lane = Lane::with(&node.store, &["1", "2", "3"]).await;
    let tries = lane.is_down_for(12 * HOUR).await;
    assert!((60..=90).contains(&tries), "{tries}");
    let (id, attempts, _) = lane.due().await.unwrap();
    let wait = lane.fails((id, attempts)).await - lane.now;
    assert!(wait as u64 <= LONGEST_WAIT + LONGEST_WAIT / 4, "{wait}");
    lane.now += wait;
    lane.is_emptied().await;
}

/// Contact, a start, and an operator's retry end the wait at once.
#[tokio::test]
async fn the_wait_for_a_peer_that_was_down_for_hours_ends_at_once() {
    for ends_by in ["contact", "start", "retry", "crash"] {
        let (_folder, node) = node().await;
        let mut lane = Lane::with(&node.store, &["1", "2", "3"]).await;
        lane.is_down_for(6 * HOUR).await;
        let (id, attempts, _) = lane.due().await.unwrap();
        match ends_by {
            // It died with the request under way: the lease has not run out, but whose it is has begun another life.
            "crash" => lane.life += 1,
            _ => drop(lane.fails((id, attempts)).await),
        }
        lane.now += 1;
        if ends_by != "crash" {
            assert_eq!(lane.due().await, None, "{ends_by}");
        }
        let prefix = match ends_by {
            "contact" => "mimi:away.test:",
            _ => "",
        };
        let woken = lane.store.transaction::<_, StoreError, _>("wake", move |tx| {
            Box::pin(async move {
                match ends_by {
                    "retry" => tx.retry_lane(LANE).await,
                    _ => tx.wake_lanes(prefix).await,
                }
            })
        });
        woken.await.unwrap();
        lane.is_emptied().await;
    }
}
