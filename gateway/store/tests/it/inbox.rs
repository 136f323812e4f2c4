use std::time::Duration;

use causeway_core::records::InboxRow;

use crate::support::*;

fn row(source: &str, answer: &[u8]) -> InboxRow {
    InboxRow { source: source.to_owned(), digest: "txn-1".to_owned(), answer: answer.to_vec(), received_at: NOW }
}

/// The same transaction twice gets the first answer; ids of different sources do not meet.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_before_is_answered_as_before() {
    for_each_database(|db| async move {
        assert_eq!(db.run(tx!(|tx| tx.answer("matrix:hs.test", "txn-1").await)).await, None);
        db.run(tx!(|tx| {
            tx.insert_answer(&row("matrix:hs.test", b"first")).await?;
            tx.insert_answer(&row("matrix:hs.test", b"second")).await?;
            tx.insert_answer(&row("mimi:a.test", b"other")).await
        }))
        .await;
        assert_eq!(db.run(tx!(|tx| tx.answer("matrix:hs.test", "txn-1").await)).await.unwrap(), b"first");
        assert_eq!(db.run(tx!(|tx| tx.answer("mimi:a.test", "txn-1").await)).await.unwrap(), b"other");
        assert_eq!(db.run(tx!(|tx| tx.answer("matrix:other.test", "txn-1").await)).await, None);
    })
    .await;
}

/// A request that failed has left no answer behind: it is processed again.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_failed_transaction_does_not_exist() {
    for_each_database(|db| async move {
        let failed = db.store.transaction(
            "failed",
            tx!(|tx| {
                tx.insert_answer(&row("matrix:hs.test", b"never")).await?;
                Err::<(), _>(causeway_store::StoreError::Conflict)
            }),
        );
        assert!(failed.await.is_err());
        assert_eq!(db.run(tx!(|tx| tx.answer("matrix:hs.test", "txn-1").await)).await, None);
    })
    .await;
}

/// Nobody repeats anything for a month.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_a_month_ago_is_forgotten_with_the_next_slice() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    for_each_database(|db| async move {
        db.run(tx!(|tx| {
            tx.insert_answer(&row("matrix:hs.test", b"old")).await?;
            tx.insert_answer(&InboxRow { received_at: NOW + 5 * DAY, ..row("mimi:a.test", b"newer") }).await
        }))
        .await;
        for (days, kept) in [(29, 2), (31, 1), (36, 0)] {
            db.store.rotate_slices(NOW + days * DAY, Duration::from_secs(3600), Duration::ZERO).await.unwrap();
            assert_eq!(db.raw_count("SELECT COUNT(*) FROM inbox").await, kept, "after {days} days");
        }
    })
    .await;
}
