use causeway_core::records::AuditRow;
use causeway_store::StoreError;

use crate::support::*;

fn row(at: i64) -> AuditRow {
    AuditRow { at, action: "queue/drop".to_owned(), subject: format!("item {at}"), detail: "closed down".to_owned() }
}

/// The newest comes first, and as many as are wanted.
#[tokio::test(flavor = "multi_thread")]
async fn commands_are_kept_in_order() {
    for_each_database(|db| async move {
        for at in [3, 1, 2] {
            db.store.transaction::<_, StoreError, _>("audit", tx!([at] | tx | tx.insert_audit(&row(at)).await)).await.unwrap();
        }
        let all = db.store.transaction::<_, StoreError, _>("read", tx!(|tx| tx.audit(10).await)).await.unwrap();
        assert_eq!(all, [row(2), row(1), row(3)]);
        let last = db.store.transaction::<_, StoreError, _>("read", tx!(|tx| tx.audit(1).await)).await.unwrap();
        assert_eq!(last, [row(2)]);
    })
    .await;
}

/// A command that fails has not happened.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_is_not_noted() {
    for_each_database(|db| async move {
        let failed = db.store.transaction::<(), StoreError, _>("audit", |tx| {
            Box::pin(async move {
                tx.insert_audit(&row(1)).await?;
                Err(StoreError::Conflict)
            })
        });
        assert!(failed.await.is_err());
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM audit").await, 0);
    })
    .await;
}
