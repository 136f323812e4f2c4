use causeway_store::{Store, StoreError};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_is_once() {
    for_each_database(|db| async move {
        let id = db.conversation().await;
        let migrations = db.raw_count("SELECT COUNT(*) FROM schema_version").await;
        let again = Store::connect(&db.url, keyring(1)).await.unwrap();
        let row = again.transaction::<_, StoreError, _>("read", tx!([id] | tx | tx.lock_conversation(id).await)).await.unwrap();
        assert!(row.is_some());
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM schema_version").await, migrations);
    })
    .await;
}

/// Several processes start at once on one empty database.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_first_starts_migrate_once() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (url, _directory) = empty(kind).await;
        let mut starts = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let url = url.clone();
            starts.spawn(async move { Store::connect(&url, keyring(1)).await.map(|_| ()) });
        }
        for result in starts.join_all().await {
            assert!(result.is_ok(), "{kind:?}: {result:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused() {
    for_each_database(|db| async move {
        db.raw_execute("INSERT INTO schema_version (version) VALUES (99)").await;
        let refused = Store::connect(&db.url, keyring(1)).await;
        assert!(matches!(refused, Err(StoreError::NewerSchema { found: 99, .. })));
        let refused = Store::connect_read_only(&db.url).await;
        assert!(matches!(refused, Err(StoreError::NewerSchema { found: 99, .. })));
    })
    .await;
}

/// No crash does that; a restored part of a backup does.
#[tokio::test(flavor = "multi_thread")]
async fn a_half_migrated_schema_is_refused() {
    for record in [
        "DELETE FROM schema_version",
        "DELETE FROM schema_version WHERE version = 1",
        "INSERT INTO schema_version (version) VALUES (0)",
    ] {
        for_each_database(|db| async move {
            db.raw_execute(record).await;
            let refused = Store::connect(&db.url, keyring(1)).await.map(|_| ());
            assert!(matches!(refused, Err(StoreError::HalfMigrated { .. })), "{record}: {refused:?}");
            let refused = Store::connect_read_only(&db.url).await.map(|_| ());
            assert!(matches!(refused, Err(StoreError::HalfMigrated { .. })), "{record}: {refused:?}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_of_another_database_is_refused() {
    let refused = Store::connect("mysql://localhost/causeway", keyring(1)).await;
    assert!(matches!(refused, Err(StoreError::Url)));
}

/// Readers beside a writer, and nothing lost with the power: SQLite's journal is a write-ahead log.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_a_write_ahead_log() {
    let (url, _directory) = empty(Kind::Sqlite).await;
    let _store = Store::connect(&url, keyring(1)).await.unwrap();
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let (mode,): (String,) = sqlx::query_as("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!(mode, "wal");
}
