//! Keys of epochs and their slices: rotation in batches, deaths at every step, altered values.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use causeway_core::records::GroupValueRow;
use causeway_store::{FileRing, Incarnation, Keys, RingError, SliceError, SliceId, SliceRing, Store, StoreError};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::support::*;

pub(crate) const CLIENT: &str = "mimi://gw.test/d/alice/gateway-1";
pub(crate) const PERIOD: Duration = Duration::from_secs(3600);
pub(crate) const HOUR: i64 = 3_600_000;

pub(crate) fn secret_of(conversation_id: i64, epoch: u8, key: &[u8]) -> GroupValueRow {
    let value = [b"secret of an epoch ", &[epoch][..], b" under ", key].concat();
    GroupValueRow { conversation_id, epoch_id: vec![epoch; 32], client_uri: CLIENT.to_owned(), key: key.to_vec(), value }
}

/// A store with a ring in a file; what a process has that starts now.
pub(crate) async fn process(db: &Database, ring: &Path) -> Store {
    Store::connect(&db.url, Keys { keyring: keyring(1), slices: Arc::new(FileRing::new(ring)) }).await.unwrap()
}

pub(crate) fn ring_place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("slices");
    (folder, path)
}

/// A conversation with an epoch of these numbers.
pub(crate) async fn with_epochs(store: &Store, epochs: Vec<u8>) -> i64 {
    let body = tx!([epochs] | tx | {
        let id = tx.insert_conversation(&conversation()).await?;
        for epoch in epochs {
            tx.insert_epoch(&causeway_core::records::EpochRow { epoch_id: vec![epoch; 32], ..crate::epochs::epoch(id, epoch) })
                .await?;
            tx.put_group_values(&[secret_of(id, epoch, b"one")]).await?;
        }
        Ok(id)
    });
    store.transaction::<_, StoreError, _>("epochs", body).await.unwrap()
}

pub(crate) async fn read(store: &Store, id: i64, epoch: u8) -> Result<Vec<GroupValueRow>, StoreError> {
    store.transaction("read", tx!([id, epoch] | tx | tx.group_values(id, &[epoch; 32]).await)).await
}

pub(crate) async fn forget(store: &Store, id: i64, epoch: u8) {
    let body = tx!([id, epoch] | tx | tx.forget_epoch((id, &[epoch; 32]), NOW).await);
    store.transaction::<_, StoreError, _>("forget", body).await.unwrap();
}

pub(crate) async fn assert_kept(store: &Store, id: i64, epoch: u8) {
    let rows = read(store, id, epoch).await.unwrap();
    assert!(rows == [secret_of(id, epoch, b"one")], "epoch {epoch} has {} rows", rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_carries_kept_epochs_over_and_destroys_the_old_slice() {
    for_each_unstarted_database(|db| async move {
        let (_folder, ring) = ring_place();
        let store = process(&db, &ring).await;
        store.start(NOW).await.unwrap();
        let id = with_epochs(&store, vec![1, 2]).await;
        assert_eq!(store.rotate_slices(NOW + HOUR - 1, PERIOD, Duration::ZERO).await.unwrap(), [], "not due yet");
        forget(&store, id, 1).await;
        assert_eq!(store.rotate_slices(NOW + HOUR, PERIOD, Duration::ZERO).await.unwrap(), [SliceId(1)]);
        assert_kept(&store, id, 2).await;
        assert!(read(&store, id, 1).await.unwrap().is_empty());
        let text = std::fs::read_to_string(&ring).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with("slice ")).count(), 1);
        assert!(text.contains("\nslice 2 "), "{}", text.lines().next().unwrap());
        // A clock that was set back forgets nothing later.
        assert_eq!(store.rotate_slices(NOW, PERIOD, Duration::ZERO).await.unwrap(), [SliceId(2)]);
        assert_kept(&store, id, 2).await;
    })
    .await;
}

/// An epoch may be kept for its public state alone: its key goes with its last secret, and the slice is free.
#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_that_keeps_no_secret_keeps_no_key() {
    for_each_unstarted_database(|db| async move {
        let (_folder, ring) = ring_place();
        let store = process(&db, &ring).await;
        store.start(NOW).await.unwrap();
        let id = with_epochs(&store, vec![1]).await;
        let tree = GroupValueRow { client_uri: String::new(), ..secret_of(id, 1, b"tree") };
        let body = tx!([id, tree] | tx | {
            tx.put_group_values(std::slice::from_ref(&tree)).await?;
            tx.forget_secrets((id, &[1; 32]), NOW).await
        });
        store.transaction::<_, StoreError, _>("forget secrets", body).await.unwrap();
        assert!(read(&store, id, 1).await.unwrap() == [tree]);
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM epoch_keys").await, 0);
        let lines = store.transaction::<_, StoreError, _>("epochs", tx!([id] | tx | tx.epoch_lines(id).await)).await.unwrap();
        assert_eq!((lines[0].forgotten_at, lines[0].slice), (Some(NOW), Some(1)));
    })
    .await;
}

/// Another process learns of slices that it has not seen, and of those that are gone.
#[tokio::test(flavor = "multi_thread")]
async fn processes_share_a_ring() {
    for_each_unstarted_database(|db| async move {
        let (_folder, ring) = ring_place();
        let (one, other) = (process(&db, &ring).await, process(&db, &ring).await);
        let (started, also) = tokio::join!(one.start(NOW), other.start(NOW));
        started.unwrap();
        also.unwrap();
        let id = with_epochs(&one, vec![1, 2]).await;
        assert_kept(&other, id, 1).await;
        for round in 1..4 {
            let now = NOW + round * HOUR;
            let (first, second) =
                tokio::join!(one.rotate_slices(now, PERIOD, Duration::ZERO), other.rotate_slices(now, PERIOD, Duration::ZERO));
            first.unwrap();
            second.unwrap();
            assert_kept(&one, id, 1).await;
            assert_kept(&other, id, 2).await;
            let third = process(&db, &ring).await;
            third.start(now).await.unwrap();
            assert_kept(&third, with_epochs(&other, vec![9]).await, 9).await;
        }
        let lines = one.transaction::<_, StoreError, _>("slices", tx!(|tx| tx.slice_lines().await)).await.unwrap();
        assert!(lines.last().is_some_and(|line| line.status == "active" && line.keys == 5), "{lines:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_are_carried_over_in_batches() {
    for_each_unstarted_database(|db| async move {
        let (_folder, ring) = ring_place();
        let store = process(&db, &ring).await;
        store.start(NOW).await.unwrap();
        let body = tx!(|tx| {
            let id = tx.insert_conversation(&conversation()).await?;
            for number in 0..1700u32 {
                let epoch_id = [&number.to_be_bytes()[..], &[7; 28]].concat();
                tx.put_group_values(&[GroupValueRow { epoch_id, ..secret_of(id, 7, b"one") }]).await?;
            }
            Ok(id)
        });
        let id = store.transaction::<_, StoreError, _>("many", body).await.unwrap();
        let slice = store.open_slice(NOW + HOUR, PERIOD).await.unwrap();
        assert_eq!(slice, Some(SliceId(2)));
        let done = store.rewrap(Duration::ZERO).await.unwrap();
        assert_eq!((done.rewrapped, done.unopened, done.busy), (1700, 0, 0));
        assert_eq!(store.destroy_slices(NOW + HOUR).await.unwrap(), [SliceId(1)]);
        let epoch = [&1699u32.to_be_bytes()[..], &[7; 28]].concat();
        let rows = store.transaction::<_, StoreError, _>("read", tx!([id, epoch] | tx | tx.group_values(id, &epoch).await)).await;
        assert!(rows.unwrap()[0].value == secret_of(id, 7, b"one").value);
    })
    .await;
}

/// A ring that fails before or after one of its operations, as a process would that dies there.
struct Dying {
    inner: FileRing,
    left: AtomicUsize,
}

impl Dying {
    fn point(&self) -> Result<(), RingError> {
        let counted = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        counted.map(drop).map_err(|_| RingError::Missing("nothing, but the process is dead".into()))
    }

    fn around<T, E: From<RingError>>(&self, act: impl FnOnce(&FileRing) -> Result<T, E>) -> Result<T, E> {
        self.point()?;
        let value = act(&self.inner)?;
        self.point()?;
        Ok(value)
    }
}

impl SliceRing for Dying {
    fn found(&self, incarnation: Incarnation, first: SliceId) -> Result<Incarnation, RingError> {
        self.around(|ring| ring.found(incarnation, first))
    }
    fn incarnation(&self) -> Result<Option<Incarnation>, RingError> {
        self.around(FileRing::incarnation)
    }
    fn rename(&self, incarnation: Incarnation) -> Result<(), RingError> {
        self.around(|ring| ring.rename(incarnation))
    }
    fn raise(&self, counter: u64) -> Result<(), RingError> {
        self.around(|ring| ring.raise(counter))
    }
    fn slices(&self) -> Result<Vec<SliceId>, RingError> {
        self.around(FileRing::slices)
    }
    fn add(&self) -> Result<SliceId, RingError> {
        self.around(FileRing::add)
    }
    fn destroy(&self, slices: &[SliceId]) -> Result<(), RingError> {
        self.around(|ring| ring.destroy(slices))
    }
    fn wrap(&self, slice: SliceId, place: &[u8], key: &[u8]) -> Result<Vec<u8>, SliceError> {
        self.around(|ring| ring.wrap(slice, place, key))
    }
    fn unwrap(&self, slice: SliceId, place: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SliceError> {
        match self.point() {
            // What does not open is skipped by a rotation; one that is dead does not go on.
            Err(_) => panic!("dead"),
            Ok(()) => self.inner.unwrap(slice, place, wrapped),
        }
    }
}

/// Wherever a start and a rotation break off, kept epochs open, and the next rotation destroys what this one had to.
#[tokio::test(flavor = "multi_thread")]
async fn k_t4_a_death_at_any_step_loses_no_epoch_and_keeps_no_slice() {
    for_each_unstarted_database(|db| async move {
        let (folder, _) = ring_place();
        let mut deaths = 0;
        for points in 0.. {
            let ring = folder.path().join(format!("slices-{points}"));
            for table in ["group_values", "epoch_keys", "epochs", "conversations", "slices", "incarnation"] {
                db.raw_execute(&format!("DELETE FROM {table}")).await;
            }
            let dying = |left| Arc::new(Dying { inner: FileRing::new(&ring), left: AtomicUsize::new(left) });
            let first = Store::connect(&db.url, Keys { keyring: keyring(1), slices: dying(points) }).await.unwrap();
            let started = first.start(NOW).await;
            let healthy = process(&db, &ring).await;
            healthy.start(NOW).await.unwrap();
            let id = with_epochs(&healthy, vec![1, 2, 3]).await;
            forget(&healthy, id, 1).await;
            let now = NOW + HOUR;
            let dead = Store::connect(&db.url, Keys { keyring: keyring(1), slices: dying(points) }).await.unwrap();
            let rotated = dead.rotate_slices(now, PERIOD, Duration::ZERO).await;
            let next = process(&db, &ring).await;
            next.start(now).await.unwrap();
            for epoch in [2, 3] {
                assert_kept(&healthy, id, epoch).await;
                assert_kept(&next, id, epoch).await;
            }
            next.rotate_slices(now, PERIOD, Duration::ZERO).await.unwrap();
            let left = FileRing::new(&ring).slices().unwrap();
            assert_eq!(left.len(), 1, "after {points} points {left:?} are left");
            assert!(left[0] > SliceId(1), "the slice of the forgotten epoch is gone");
            assert_kept(&next, id, 2).await;
            if started.is_ok() && rotated.is_ok() {
                break;
            }
            deaths += 1;
        }
        assert!(deaths > 15, "only {deaths} places to die were met");
    })
    .await;
}

/// Every byte of what is sealed matters: an altered one is an error, never another value.
#[tokio::test(flavor = "multi_thread")]
async fn k_t3_a_flipped_bit_anywhere_is_an_error() {
    for_each_database(|db| async move {
        let id = with_epochs(&db.store, vec![1]).await;
        for (table, column) in [("epoch_keys", "wrapped"), ("group_values", "value")] {
            let whole = db.raw_bytes(&format!("SELECT {column} FROM {table}")).await.remove(0);
            for index in 0..whole.len() {
                let mut flipped = whole.clone();
                flipped[index] ^= 1 << (index % 8);
                db.raw_execute(&format!("UPDATE {table} SET {column} = {}", literal(db.kind, &flipped))).await;
                let error = read(&db.store, id, 1).await.err();
                assert!(matches!(error, Some(StoreError::DoesNotOpen { .. })), "{table}.{column}, octet {index}: {error:?}");
            }
            db.raw_execute(&format!("UPDATE {table} SET {column} = {}", literal(db.kind, &whole))).await;
            assert_kept(&db.store, id, 1).await;
        }
    })
    .await;
}

/// A value belongs to its conversation, epoch, client and key; a key to its conversation and epoch.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_opens_in_another_place() {
    for_each_database(|db| async move {
        let other = literal(db.kind, &[2; 32]);
        for moved in [
            format!("UPDATE group_values SET epoch_id = {other}"),
            "UPDATE group_values SET client_uri = 'mimi://gw.test/d/mallory/gateway-1'".to_owned(),
            format!("UPDATE group_values SET key = {}", literal(db.kind, b"two")),
            format!("UPDATE epoch_keys SET epoch_id = {other}"),
            format!("UPDATE group_values SET epoch_id = {other}; UPDATE epoch_keys SET epoch_id = {other}"),
        ] {
            let id = with_epochs(&db.store, vec![1]).await;
            for statement in moved.split("; ") {
                db.raw_execute(&format!("{statement} WHERE conversation_id = {id}")).await;
            }
            let mut rows = Vec::new();
            let mut errors = 0;
            for epoch in [1, 2] {
                match read(&db.store, id, epoch).await {
                    Ok(found) => rows.extend(found),
                    Err(StoreError::DoesNotOpen { .. }) => errors += 1,
                    Err(other) => panic!("{moved}: {other}"),
                }
            }
            assert_eq!((rows.len(), errors), (0, 1), "{moved}");
        }
    })
    .await;
}

/// A key that does not open keeps its slice, and all others go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_key_holds_its_slice_back() {
    for_each_database(|db| async move {
        let id = with_epochs(&db.store, vec![1, 2]).await;
        let one = literal(db.kind, &[1; 32]);
        db.raw_execute(&format!("UPDATE epoch_keys SET wrapped = {} WHERE epoch_id = {one}", literal(db.kind, &[0; 84]))).await;
        db.store.open_slice(NOW + HOUR, PERIOD).await.unwrap();
        let done = db.store.rewrap(Duration::ZERO).await.unwrap();
        assert_eq!((done.rewrapped, done.unopened, done.busy), (1, 1, 0));
        assert_eq!(db.store.destroy_slices(NOW + HOUR).await.unwrap(), []);
        assert_kept(&db.store, id, 2).await;
        forget(&db.store, id, 1).await;
        assert_eq!(db.store.rotate_slices(NOW + HOUR, PERIOD, Duration::ZERO).await.unwrap(), [SliceId(1)]);
    })
    .await;
}

/// A key that is being wrapped while slices rotate: the rotation waits for it, and carries it over.
#[tokio::test(flavor = "multi_thread")]
async fn a_slice_is_not_retired_while_somebody_wraps_under_it() {
    for_each_database(|db| async move {
        let id = with_epochs(&db.store, vec![1]).await;
        let (wrapped, is_wrapped) = tokio::sync::watch::channel(false);
        let (release, released) = tokio::sync::watch::channel(false);
        let wrapped = Arc::new(wrapped);
        let body = tx!([id, wrapped, released] | tx | {
            tx.put_group_values(&[secret_of(id, 7, b"one")]).await?;
            wrapped.send_replace(true);
            released.clone().wait_for(|released| *released).await.unwrap();
            Ok(())
        });
        let store = db.store.clone();
        let writer = tokio::spawn(async move { store.transaction::<_, StoreError, _>("slow", body).await });
        is_wrapped.clone().wait_for(|is_wrapped| *is_wrapped).await.unwrap();
        let store = db.store.clone();
        let mut rotation = tokio::spawn(async move { store.rotate_slices(NOW + HOUR, PERIOD, Duration::ZERO).await });
        // It has time to do harm, if it would not wait.
        let early = tokio::time::timeout(Duration::from_millis(500), &mut rotation).await;
        release.send_replace(true);
        writer.await.unwrap().unwrap();
        match early {
            Ok(done) => done.unwrap().map(drop).unwrap(),
            Err(_) => rotation.await.unwrap().map(drop).unwrap(),
        }
        assert_kept(&db.store, id, 1).await;
        assert_kept(&db.store, id, 7).await;
    })
    .await;
}
