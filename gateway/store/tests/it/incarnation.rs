//! Rings and databases that belong together, and such that do not.

use causeway_store::{FileRing, RingError, SliceRing, Store, StoreError};

use crate::forgetting::{HOUR, PERIOD, assert_kept, process, read, ring_place, with_epochs};
use crate::key_packages::package;
use crate::support::*;

async fn locked(store: &Store) -> Vec<bool> {
    let rows = store.transaction::<_, StoreError, _>("rows", tx!(|tx| tx.conversations().await)).await.unwrap();
    rows.into_iter().map(|row| row.resync).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_start_and_restart_freely() {
    for_each_unstarted_database(|db| async move {
        let (_folder, ring) = ring_place();
        let first = process(&db, &ring).await;
        first.start(NOW).await.unwrap();
        let id = with_epochs(&first, vec![1]).await;
        let mut starts = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = process(&db, &ring).await;
            starts.spawn(async move {
                for _ in 0..3 {
                    store.start(NOW).await?;
                }
                Ok::<_, StoreError>(())
            });
        }
        for started in starts.join_all().await {
            started.unwrap();
        }
        assert_kept(&first, id, 1).await;
        assert_eq!(db.raw_count("SELECT counter FROM incarnation").await, 25);
        assert_eq!(FileRing::new(&ring).incarnation().unwrap().unwrap().counter, 25);
    })
    .await;
}

/// Its ring has gone on since the backup, by a start or by a slice.
#[tokio::test(flavor = "multi_thread")]
async fn k_t5_a_restored_database_is_refused_until_it_is_adopted() {
    for_each_unstarted_database(|db| async move {
        for goes_on_by_a_start in [true, false] {
            let (_folder, ring) = ring_place();
            for table in ["group_values", "epoch_keys", "key_packages", "epochs", "conversations", "slices", "incarnation"] {
                db.raw_execute(&format!("DELETE FROM {table}")).await;
            }
            let store = process(&db, &ring).await;
            store.start(NOW).await.unwrap();
            let id = with_epochs(&store, vec![1]).await;
            store
                .transaction::<_, StoreError, _>("no secrets", tx!(|tx| tx.insert_conversation(&conversation()).await))
                .await
                .unwrap();
            let body = tx!(|tx| tx.insert_key_package(&package(1, NOW + 1)).await);
            store.transaction::<_, StoreError, _>("key package", body).await.unwrap();
            // What a backup of now has, later on.
            match goes_on_by_a_start {
                true => store.start(NOW).await.unwrap(),
                false => drop(store.open_slice(NOW + HOUR, PERIOD).await.unwrap().unwrap()),
            }
            db.raw_execute("UPDATE incarnation SET counter = 1").await;
            let restored = process(&db, &ring).await;
            let before = std::fs::read_to_string(&ring).unwrap();
            let refused = restored.start(NOW).await;
            assert!(matches!(refused, Err(StoreError::StaleDatabase { database: 1, ring: 2 })), "{refused:?}");
            let refused = restored.rotate_slices(NOW + 9 * HOUR, PERIOD, std::time::Duration::ZERO).await;
            assert!(matches!(refused, Err(StoreError::StaleDatabase { .. })), "{refused:?}");
            assert_eq!(std::fs::read_to_string(&ring).unwrap(), before, "nothing changes");
            assert_kept(&restored, id, 1).await;

            assert_eq!(restored.adopt(NOW).await.unwrap(), 1);
            assert_eq!(locked(&restored).await, [true, false]);
            assert!(read(&restored, id, 1).await.unwrap().is_empty(), "what members knew is gone");
            assert_eq!(db.raw_count("SELECT COUNT(*) FROM epoch_keys").await, 0);
            assert_eq!(
                db.raw_count(
                    "SELECT COUNT(*) FROM key_packages WHERE length(private) > 0 OR length(secret) > 0 OR claimed_by IS NULL"
                )
                .await,
                0
            );
            for _ in 0..2 {
                process(&db, &ring).await.start(NOW).await.unwrap();
            }
            assert_kept(&restored, with_epochs(&restored, vec![5]).await, 5).await;
            assert_eq!(locked(&restored).await, [true, false, false]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_databases_ring_is_refused_and_stays_as_it_is() {
    for_each_unstarted_database(|db| async move {
        let (folder, ring) = ring_place();
        let store = process(&db, &ring).await;
        store.start(NOW).await.unwrap();
        let id = with_epochs(&store, vec![1]).await;
        let (other_url, _directory) = empty(db.kind).await;
        let other = Database { url: other_url, store: db.store.clone(), kind: db.kind, slices: db.slices.clone() };
        let other_ring = folder.path().join("other");
        process(&other, &other_ring).await.start(NOW).await.unwrap();
        let before = std::fs::read_to_string(&other_ring).unwrap();

        let wrong = process(&db, &other_ring).await;
        assert!(matches!(wrong.start(NOW).await, Err(StoreError::ForeignRing)));
        assert!(matches!(read(&wrong, id, 1).await, Err(StoreError::DoesNotOpen { .. })));
        let rotated = wrong.rotate_slices(NOW + HOUR, PERIOD, std::time::Duration::ZERO).await;
        assert!(matches!(rotated, Err(StoreError::ForeignRing)), "{rotated:?}");
        assert!(matches!(wrong.destroy_slices(NOW).await, Err(StoreError::ForeignRing)));
        assert_eq!(std::fs::read_to_string(&other_ring).unwrap(), before);
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM epoch_keys").await, 1);

        // A new database must not take a ring over that another one has gone on with.
        let (new_url, _directory) = empty(db.kind).await;
        let new = Database { url: new_url, store: db.store.clone(), kind: db.kind, slices: db.slices.clone() };
        let refused = process(&new, &other_ring).await.start(NOW).await;
        assert!(matches!(refused, Err(StoreError::StaleDatabase { database: 0, .. })), "{refused:?}");

        let again = process(&db, &ring).await;
        again.start(NOW).await.unwrap();
        assert_kept(&again, id, 1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_ring_is_told_and_never_made_again() {
    for_each_unstarted_database(|db| async move {
        let (folder, ring) = ring_place();
        let store = process(&db, &ring).await;
        store.start(NOW).await.unwrap();
        let id = with_epochs(&store, vec![1]).await;
        let elsewhere = folder.path().join("elsewhere");
        std::fs::rename(&ring, &elsewhere).unwrap();
        let without = process(&db, &ring).await;
        let refused = without.start(NOW).await;
        assert!(matches!(&refused, Err(StoreError::Slices(RingError::Missing(path))) if *path == ring), "{refused:?}");
        assert!(matches!(read(&without, id, 1).await, Err(StoreError::Slices(RingError::Missing(_)))));
        assert!(without.rotate_slices(NOW + HOUR, PERIOD, std::time::Duration::ZERO).await.is_err());
        assert!(!ring.exists());
        std::fs::rename(&elsewhere, &ring).unwrap();
        without.start(NOW).await.unwrap();
        assert_kept(&without, id, 1).await;
        // An operator may go on without.
        std::fs::remove_file(&ring).unwrap();
        let without = process(&db, &ring).await;
        assert_eq!(without.adopt(NOW).await.unwrap(), 1);
        process(&db, &ring).await.start(NOW).await.unwrap();
        assert_eq!(FileRing::new(&ring).slices().unwrap(), [causeway_store::SliceId(2)], "no number is used twice");
    })
    .await;
}

/// A ring from a backup lacks the slice that is in use.
#[tokio::test(flavor = "multi_thread")]
async fn a_ring_that_is_older_than_its_database_is_refused() {
    for_each_unstarted_database(|db| async move {
        let (_folder, ring) = ring_place();
        let store = process(&db, &ring).await;
        store.start(NOW).await.unwrap();
        let old = std::fs::read_to_string(&ring).unwrap();
        store.rotate_slices(NOW + HOUR, PERIOD, std::time::Duration::ZERO).await.unwrap();
        std::fs::write(&ring, old).unwrap();
        let refused = process(&db, &ring).await.start(NOW).await;
        assert!(matches!(refused, Err(StoreError::UnknownSlice { slice: causeway_store::SliceId(2) })), "{refused:?}");
    })
    .await;
}
