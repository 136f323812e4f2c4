use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use causeway_store::StoreError;
use tokio::sync::{Barrier, Notify};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_transaction_stores_nothing() {
    for_each_database(|db| async move {
        let failed = db.store.transaction(
            "failed",
            tx!(|tx| {
                tx.insert_conversation(&conversation()).await?;
                Err::<(), _>(StoreError::Conflict)
            }),
        );
        assert!(matches!(failed.await, Err(StoreError::Conflict)));
        assert!(db.run(tx!(|tx| tx.conversations().await)).await.is_empty());
    })
    .await;
}

/// A request whose client hangs up is dropped in the middle of its transaction: that ends by itself, whole, and no
/// connection is left inside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_caller_leaves_no_open_transaction() {
    for_each_database(|db| async move {
        // More often than the pool has connections.
        for round in 0..20 {
            let (inside, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let body = tx!([inside, go_on] | tx | {
                tx.insert_conversation(&conversation()).await?;
                inside.notify_one();
                go_on.notified().await;
                tx.insert_conversation(&conversation()).await
            });
            let caller = db.store.transaction::<_, StoreError, _>("dropped", body);
            tokio::select! {
                _ = caller => panic!("the transaction was to be waiting"),
                () = inside.notified() => {}
            }
            go_on.notify_one();
            until(&db, 2 * (round + 1)).await;
        }
        assert_no_open_transaction(&db).await;
    })
    .await;
}

/// The trap itself: a call that is dropped while its transaction begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_dropped_at_the_beginning_leaves_no_open_transaction() {
    for_each_database(|db| async move {
        for _ in 0..50 {
            let caller = db.store.transaction::<_, StoreError, _>("dropped", tx!(|tx| tx.conversations().await));
            drop(tokio::time::timeout(Duration::ZERO, caller).await);
        }
        let id = db.conversation().await;
        db.run(tx!([id] | tx | tx.lock_conversation(id).await)).await.unwrap();
        assert_no_open_transaction(&db).await;
    })
    .await;
}

async fn until(db: &Database, conversations: usize) {
    while db.run(tx!(|tx| tx.conversations().await)).await.len() < conversations {
        tokio::task::yield_now().await;
    }
}

async fn assert_no_open_transaction(db: &Database) {
    if db.kind == Kind::Postgres {
        let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        // A transaction that is just ending may still be seen.
        while db.raw_count(open).await > 0 {
            tokio::task::yield_now().await;
        }
        return;
    }
    // SQLite's writers are alone: if another connection may write, none is inside a transaction.
    db.raw_execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    db.raw_execute("INSERT INTO state_maps (hash, body) VALUES (x'00', x'00') ON CONFLICT DO NOTHING").await;
}

/// Two transactions that lock two conversations in opposite order: PostgreSQL ends one, and it is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transaction_refused_for_others_sake_is_tried_again() {
    for_each_database(|db| async move {
        let (one, two) = (db.conversation().await, db.conversation().await);
        let attempts = Arc::new(AtomicU32::new(0));
        let barrier = Arc::new(Barrier::new(2));
        let both_wait = db.kind == Kind::Postgres;
        let turn = |first: i64, second: i64| {
            let (attempts, barrier) = (attempts.clone(), barrier.clone());
            db.store.transaction::<_, StoreError, _>(
                "crossed",
                tx!([first, second, attempts, barrier, both_wait] | tx | {
                    let mut row = tx.lock_conversation(first).await?.unwrap();
                    // The first attempts meet here, each with a lock that the other wants.
                    if attempts.fetch_add(1, Ordering::SeqCst) < 2 && both_wait {
                        barrier.wait().await;
                    }
                    row.status.push('x');
                    tx.update_conversation(&row).await?;
                    let mut row = tx.lock_conversation(second).await?.unwrap();
                    row.status.push('x');
                    tx.update_conversation(&row).await
                }),
            )
        };
        let (left, right) = tokio::join!(turn(one, two), turn(two, one));
        left.unwrap();
        right.unwrap();
        for row in db.run(tx!(|tx| tx.conversations().await)).await {
            assert_eq!((row.status.as_str(), row.version), ("waitingxx", 3));
        }
        let attempts = attempts.load(Ordering::SeqCst);
        assert_eq!(attempts, if both_wait { 3 } else { 2 });
    })
    .await;
}
