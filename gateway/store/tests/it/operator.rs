use causeway_core::records::{GroupValueRow, LossRow};
use causeway_store::{Lease, Store, StoreError};

use crate::epochs::epoch;
use crate::group_values::value;
use crate::support::*;

const CLIENT: &str = "mimi://gw.test/d/alice/gateway-1";
/// Holds secrets of a past epoch only.
const OTHER: &str = "mimi://gw.test/d/bob/gateway-1";

async fn fill(db: &Database) -> i64 {
    let id = db.conversation().await;
    db.run(tx!([id] | tx | {
        let mut row = tx.lock_conversation(id).await?.unwrap();
        row.head_epoch_id = Some(EPOCH.to_vec());
        tx.update_conversation(&row).await?;
        tx.insert_epoch(&epoch(id, 0)).await?;
        tx.insert_epoch(&epoch(id, 1)).await?;
        tx.put_group_values(&[value(id, "", b"tree", b"public")]).await?;
        tx.put_group_values(&[value(id, CLIENT, b"secret", b"private")]).await?;
        let past = GroupValueRow { epoch_id: epoch(id, 0).epoch_id, ..value(id, OTHER, b"secret", b"private") };
        tx.put_group_values(&[past]).await?;
        tx.queue("mimi:a", "submit", Some(id), b"content").await?;
        tx.insert_loss(&LossRow {
            conversation_id: id,
            source: "$a".to_owned(),
            direction: "matrix_to_mimi".to_owned(),
            feature: "media".to_owned(),
            detail: "an image".to_owned(),
            recorded_at: NOW,
        })
        .await
    }))
    .await;
    id
}

/// Without master key, beside a gateway that runs.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_reads_without_the_master_key() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        let reader = Store::connect_read_only(&db.url).await.unwrap();
        let body = tx!([id] | tx | {
            assert_eq!(tx.room_lines().await?[0].id, id);
            let epochs = tx.epoch_lines(id).await?;
            assert_eq!(
                epochs.iter().map(|epoch| (epoch.number, epoch.status.as_str())).collect::<Vec<_>>(),
                [(0, "past"), (1, "head")]
            );
            assert_eq!(tx.public_group_values(id, &EPOCH).await?, [(b"tree".to_vec(), b"public".to_vec())]);
            let by_epoch = tx.public_values_by_epoch(id).await?;
            assert_eq!(by_epoch, [(EPOCH.to_vec(), b"tree".to_vec(), b"public".to_vec())]);
            assert_eq!(tx.graph_order(id).await?, None);
            assert_eq!(tx.own_clients(id).await?, [CLIENT]);
            assert_eq!(tx.queue_lines().await?[0].lane, "mimi:a");
            assert_eq!(tx.loss_lines(None).await?.len(), 1);
            assert_eq!(tx.loss_lines(Some(id)).await?.len(), 1);
            assert!(tx.loss_lines(Some(id + 1)).await?.is_empty());
            tx.lock_conversation(id).await.map(|_| ())
        });
        // Only the last step fails: its column is sealed, or the database does not lock for readers.
        let result = reader.transaction("read", body).await;
        assert!(matches!(result, Err(StoreError::DoesNotOpen { .. } | StoreError::Database(_))), "{result:?}");
    })
    .await;
}

/// The database itself keeps a reader from writing.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_cannot_write() {
    for_each_database(|db| async move {
        fill(&db).await;
        let reader = Store::connect_read_only(&db.url).await.unwrap();
        let written = reader.transaction("write", tx!(|tx| tx.queue("mimi:a", "pdu", None, b"x").await)).await;
        assert!(matches!(written, Err(StoreError::Database(_))), "{written:?}");
        let leased = reader
            .transaction(
                "lease",
                tx!(|tx| tx
                    .lease(Lease { now: NOW, duration: 1, holder: 1, first_life: 1, batch: 1, batched_kinds: &["pdu"] })
                    .await
                    .map(|_| ())),
            )
            .await;
        assert!(leased.is_err());
        assert_eq!(db.run(tx!(|tx| tx.outbox_depth().await)).await, 1);
    })
    .await;
}

/// A reader neither waits for a writer nor stops it.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_and_a_writer_do_not_wait_for_each_other() {
    for_each_database(|db| async move {
        fill(&db).await;
        let url = db.url.clone();
        let lines = db
            .run(tx!([url] | tx | {
                tx.queue("mimi:a", "pdu", None, b"not committed yet").await?;
                let reader = Store::connect_read_only(&url).await?;
                reader.transaction::<_, StoreError, _>("read", tx!(|tx| tx.queue_lines().await)).await
            }))
            .await;
        assert_eq!(lines.len(), 1);
    })
    .await;
}

/// A reader makes no database, and says what is wrong with an empty one.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_wants_a_database_that_the_gateway_made() {
    let (url, _directory) = empty(Kind::Sqlite).await;
    assert!(matches!(Store::connect_read_only(&url).await, Err(StoreError::Database(_))));
    let (url, _directory) = empty(Kind::Postgres).await;
    assert!(matches!(Store::connect_read_only(&url).await, Err(StoreError::OlderSchema { found: 0, .. })));
}

/// An item that comes back when secrets are due may wait for weeks, and nothing is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_time_alone_is_no_backlog() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        db.run(tx!([id] | tx | tx.queue("own:room#retention", "forget", Some(id), b"").await)).await;
        let figures = db.run(tx!(|tx| tx.queue_figures().await)).await;
        let kinds: Vec<_> = figures.iter().map(|figure| (figure.kind.as_str(), figure.depth)).collect();
        assert_eq!(kinds, [("submit", 1)]);
    })
    .await;
}
