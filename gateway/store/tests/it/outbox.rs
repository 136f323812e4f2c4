use std::collections::BTreeMap;
use std::sync::Arc;

use causeway_core::records::OutboxRow;
use causeway_store::{Lease, Store, StoreError};
use tokio::sync::Mutex;

use crate::support::*;

const LEASE: Lease = Lease { now: NOW, duration: 60_000, holder: 1, first_life: 1, batch: 1, batched_kinds: &["pdu"] };

async fn queue(db: &Database, lane: &'static str, bodies: &'static [&'static str]) {
    db.run(tx!([lane, bodies] | tx | {
        for body in bodies {
            tx.queue(lane, "pdu", None, body.as_bytes()).await?;
        }
        Ok(())
    }))
    .await;
}

async fn lease(store: &Store, lease: Lease) -> Vec<OutboxRow> {
    store.transaction::<_, StoreError, _>("lease", tx!([lease] | tx | tx.lease(lease).await)).await.unwrap()
}

async fn forget(store: &Store, rows: &[OutboxRow]) {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    store.transaction::<_, StoreError, _>("forget", tx!([ids] | tx | tx.forget(&ids).await)).await.unwrap();
}

fn bodies(rows: &[OutboxRow]) -> Vec<String> {
    rows.iter().map(|row| String::from_utf8(row.body.clone()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_head_of_a_lane_is_leased() {
    for_each_database(|db| async move {
        queue(&db, "mimi:a", &["a1", "a2"]).await;
        queue(&db, "mimi:b", &["b1"]).await;
        let first = lease(&db.store, LEASE).await;
        let second = lease(&db.store, LEASE).await;
        assert_eq!([bodies(&first), bodies(&second)], [["a1"], ["b1"]]);
        // Both heads are leased: what stands behind a1 has to wait for it.
        assert!(lease(&db.store, LEASE).await.is_empty());
        forget(&db.store, &first).await;
        assert_eq!(bodies(&lease(&db.store, LEASE).await), ["a2"]);
        assert_eq!(db.run(tx!(|tx| tx.outbox_depth().await)).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_is_leased_again() {
    for_each_database(|db| async move {
        queue(&db, "mimi:a", &["a1", "a2"]).await;
        assert_eq!(lease(&db.store, LEASE).await[0].attempts, 0);
        let later = Lease { now: NOW + LEASE.duration, ..LEASE };
        let again = lease(&db.store, later).await;
        assert_eq!((bodies(&again), again[0].attempts), (vec!["a1".to_owned()], 1));
    })
    .await;
}

/// Eight workers, six lanes of ten items: whatever the interleaving, each lane is sent in its order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lanes_keep_their_order_under_concurrent_workers() {
    const LANES: usize = 6;
    const ITEMS: usize = 10;
    for_each_database(|db| async move {
        db.run(tx!(|tx| {
            for item in 0..ITEMS {
                for lane in 0..LANES {
                    tx.queue(&format!("lane-{lane}"), "pdu", None, format!("{item}").as_bytes()).await?;
                }
            }
            Ok(())
        }))
        .await;
        let sent: Arc<Mutex<BTreeMap<String, Vec<String>>>> = Arc::default();
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (store, sent) = (db.store.clone(), sent.clone());
            workers.spawn(async move {
                loop {
                    let rows = lease(&store, Lease { batch: 2, ..LEASE }).await;
                    if rows.is_empty() {
                        let depth = store.transaction::<_, StoreError, _>("depth", tx!(|tx| tx.outbox_depth().await));
                        if depth.await.unwrap() == 0 {
                            return;
                        }
                        tokio::task::yield_now().await;
                        continue;
                    }
                    sent.lock().await.entry(rows[0].lane.clone()).or_default().extend(bodies(&rows));
                    forget(&store, &rows).await;
                }
            });
        }
        workers.join_all().await;
        let sent = sent.lock().await;
        assert_eq!(sent.len(), LANES);
        for (lane, items) in sent.iter() {
            assert_eq!(*items, (0..ITEMS).map(|item| item.to_string()).collect::<Vec<_>>(), "{lane}");
        }
    })
    .await;
}

/// A Matrix transaction id names a batch: a retry has to carry the same events, whatever has been queued since.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_repeats_its_batch_exactly() {
    for_each_database(|db| async move {
        queue(&db, "matrix:hs", &["1", "2"]).await;
        let batch = Lease { batch: 10, ..LEASE };
        let first = lease(&db.store, batch).await;
        assert_eq!(bodies(&first), ["1", "2"]);
        queue(&db, "matrix:hs", &["3"]).await;
        let ids: Vec<i64> = first.iter().map(|row| row.id).collect();
        db.run(tx!([ids] | tx | tx.postpone(&ids, NOW + 5, "connection refused").await)).await;
        assert!(lease(&db.store, batch).await.is_empty(), "the lane waits");
        let again = lease(&db.store, Lease { now: NOW + 5, ..batch }).await;
        assert_eq!(bodies(&again), ["1", "2"]);
        assert_eq!(again[0].batch, Some(first[0].id));
        assert_eq!(again[0].last_error.as_deref(), Some("connection refused"));
        forget(&db.store, &again).await;
        assert_eq!(bodies(&lease(&db.store, Lease { now: NOW + 5, ..batch }).await), ["3"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_of_one_kind() {
    for_each_database(|db| async move {
        db.run(tx!(|tx| {
            tx.queue("mimi:a", "notify", None, b"1").await?;
            tx.queue("mimi:a", "submit", None, b"2").await?;
            tx.queue("mimi:a", "notify", None, b"3").await
        }))
        .await;
        assert_eq!(bodies(&lease(&db.store, Lease { batch: 10, ..LEASE }).await), ["1"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_item_keeps_its_place() {
    for_each_database(|db| async move {
        queue(&db, "mimi:a", &["old", "next"]).await;
        let first = lease(&db.store, LEASE).await;
        let row = first[0].clone();
        db.run(tx!([row] | tx | tx.replace_item(&row, b"new").await)).await;
        let again = lease(&db.store, LEASE).await;
        assert_eq!((bodies(&again), again[0].id), (vec!["new".to_owned()], first[0].id));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_shows_itself_wakes_its_lanes_only() {
    for_each_database(|db| async move {
        queue(&db, "mimi:a.test/room", &["a"]).await;
        queue(&db, "mimi:b.test/room", &["b"]).await;
        for _ in 0..2 {
            let rows = lease(&db.store, LEASE).await;
            let ids = vec![rows[0].id];
            db.run(tx!([ids] | tx | tx.postpone(&ids, NOW + 1_000_000, "down").await)).await;
        }
        assert!(lease(&db.store, LEASE).await.is_empty());
        db.run(tx!(|tx| tx.wake_lanes("mimi:b.test/").await)).await;
        assert_eq!(bodies(&lease(&db.store, LEASE).await), ["b"]);
        assert!(lease(&db.store, LEASE).await.is_empty());
    })
    .await;
}

/// What a peer's domain spells must not be read as a pattern.
#[tokio::test(flavor = "multi_thread")]
async fn a_lane_prefix_is_no_pattern() {
    for_each_database(|db| async move {
        queue(&db, "mimi:a_b.test/room", &["a"]).await;
        queue(&db, "mimi:axb.test/room", &["b"]).await;
        for _ in 0..2 {
            let ids = vec![lease(&db.store, LEASE).await[0].id];
            db.run(tx!([ids] | tx | tx.postpone(&ids, NOW + 1_000_000, "down").await)).await;
        }
        db.run(tx!(|tx| tx.wake_lanes("mimi:a_b.test/").await)).await;
        assert_eq!(bodies(&lease(&db.store, LEASE).await), ["a"]);
        assert!(lease(&db.store, LEASE).await.is_empty());
    })
    .await;
}

/// A process that died holding leases has them back when it begins again; another's stay.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_life_has_leased_is_free() {
    for_each_database(|db| async move {
        let (own, others) = (LEASE, Lease { holder: 20, first_life: 20, ..LEASE });
        let next_life = Lease { holder: 2, ..own };
        queue(&db, "mimi:a", &["a1"]).await;
        queue(&db, "mimi:b", &["b1"]).await;
        assert_eq!(bodies(&lease(&db.store, own).await), ["a1"]);
        assert_eq!(bodies(&lease(&db.store, others).await), ["b1"]);
        assert_eq!(bodies(&lease(&db.store, next_life).await), ["a1"]);
        assert!(lease(&db.store, next_life).await.is_empty());
        // What it does not know of itself any more, because the database failed, it gives back.
        db.run(tx!(|tx| tx.release_leases(2).await)).await;
        assert_eq!(bodies(&lease(&db.store, next_life).await), ["a1"]);
        assert!(lease(&db.store, others).await.is_empty());
    })
    .await;
}

/// What an operator does with a lane.
#[tokio::test(flavor = "multi_thread")]
async fn a_lane_is_retried_and_an_item_is_found() {
    for_each_database(|db| async move {
        let queue = tx!(|tx| {
            tx.queue("pdu:a", "pdu", None, b"1").await?;
            tx.queue("pdu:a", "pdu", None, b"2").await?;
            tx.queue("pdu:ab", "pdu", None, b"3").await?;
            let ids: Vec<i64> = tx.queue_lines().await?.into_iter().map(|line| line.id).collect();
            tx.postpone(&ids, NOW + 1000, "later").await?;
            Ok(ids)
        });
        let ids = db.run(queue).await;
        let (first, unknown) = (ids[0], ids[2] + 1);
        let retry = tx!([first, unknown] | tx | {
            let found = tx.queued(first).await?.map(|item| item.lane);
            tx.retry_lane("pdu:a").await?;
            let waiting: Vec<i64> = tx.queue_lines().await?.into_iter().map(|line| line.not_before).collect();
            Ok((found, tx.queued(unknown).await?.is_none(), tx.lane_depth("pdu:a").await?, waiting))
        });
        let seen = db.run(retry).await;
        assert_eq!(seen, (Some("pdu:a".to_owned()), true, 2, vec![0, 0, NOW + 1000]));
    })
    .await;
}
