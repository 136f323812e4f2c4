//! Key rings: old formats, new keys, sealing anew beside writers, and what tampering does.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use causeway_store::operator::KeyUsage;
use causeway_store::{KeyId, Keyring, Lease, Resealed, Store, StoreError};
use tempfile::TempDir;

use crate::group_values::value;
use crate::sealing::{CLIENT, SECRET, fill};
use crate::support::*;

const LEASE: Lease = Lease { now: NOW, duration: 60_000, holder: 1, first_life: 1, batch: 50, batched_kinds: &["submit"] };

/// A ring's file with the key that [`keyring`] has for 1, in the oldest format.
fn ring_file() -> (TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(&path, "01".repeat(32)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    (folder, path)
}

fn ring(path: &std::path::Path) -> Keyring {
    Keyring::read(path).unwrap().unwrap()
}

async fn usage(store: &Store) -> Vec<KeyUsage> {
    store.transaction::<_, StoreError, _>("usage", tx!(|tx| tx.key_usage().await)).await.unwrap()
}

fn keys(usage: &[KeyUsage]) -> Vec<u32> {
    let mut keys: Vec<u32> = usage.iter().map(|usage| usage.key.0).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// As the first version of the gateway sealed, under key 1.
fn first_format(place: &str, row: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&[1; 32]));
    let data = [format!("causeway/1 {place} ").as_bytes(), row].concat();
    let nonce = [7; 12];
    let sealed = cipher.encrypt(Nonce::from_slice(&nonce), Payload { msg: SECRET, aad: &data }).unwrap();
    [nonce.as_slice(), &sealed].concat()
}

/// Every sealed column as the first version of the gateway left it.
async fn age(db: &Database, id: i64) {
    let group_row = |key: &[u8]| [&id.to_be_bytes(), CLIENT.as_bytes(), b"\0", key].concat();
    for (table, column, row, condition) in [
        ("secrets", "value", b"signing_key".to_vec(), "1 = 1"),
        ("conversations", "bookkeeping", id.to_be_bytes().to_vec(), "1 = 1"),
        ("clients", "identity", CLIENT.as_bytes().to_vec(), "1 = 1"),
        ("key_packages", "private", vec![1; 32], "1 = 1"),
        ("outbox", "body", b"mimi:a".to_vec(), "1 = 1"),
        ("parked", "body", [&1i64.to_be_bytes()[..], b"fanout mimi:a mimi://a/r/room"].concat(), "1 = 1"),
        ("group_values", "value", group_row(b"one"), "substr(key, 1, 1) = substr(CAST('one' AS {bytes}), 1, 1)"),
        ("group_values", "value", group_row(b"two"), "substr(key, 1, 1) = substr(CAST('two' AS {bytes}), 1, 1)"),
    ] {
        let sealed = literal(db.kind, &first_format(&format!("{table}.{column}"), &row));
        let condition = condition.replace("{bytes}", if db.kind == Kind::Sqlite { "BLOB" } else { "BYTEA" });
        db.raw_execute(&format!("UPDATE {table} SET {column} = {sealed} WHERE {condition}")).await;
    }
    db.raw_execute("UPDATE key_packages SET secret = NULL").await;
}

async fn assert_all_open(store: &Store, id: i64) {
    let body = tx!([id] | tx | {
        assert_eq!(tx.lock_conversation(id).await?.unwrap().bookkeeping, SECRET);
        assert_eq!(tx.secret("signing_key").await?.unwrap().as_slice(), SECRET);
        assert_eq!(tx.client(CLIENT).await?.unwrap().identity, SECRET);
        assert_eq!(tx.key_package(&[1; 32]).await?.unwrap().private, SECRET);
        assert_eq!(tx.group_values(id, &EPOCH).await?.len(), 2);
        assert_eq!(tx.parked(1).await?.unwrap().body, SECRET);
        Ok(())
    });
    store.transaction::<_, StoreError, _>("open", body).await.unwrap();
}

/// What a database of the first version holds opens, and is sealed anew under the ring's newest key.
#[tokio::test(flavor = "multi_thread")]
async fn values_of_the_first_format_open_and_are_sealed_anew() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        age(&db, id).await;
        assert!(usage(&db.store).await.iter().all(|usage| usage.first_format && usage.key == KeyId::FIRST));
        assert_all_open(&db.store, id).await;
        let (_folder, path) = ring_file();
        Keyring::rotate(&path).unwrap();
        let store = Store::connect(&db.url, db.keys(ring(&path))).await.unwrap();
        assert_eq!(store.reseal(Duration::ZERO).await.unwrap(), Resealed { sealed: 6, unopened: 0 });
        assert_eq!(store.reseal(Duration::ZERO).await.unwrap(), Resealed::default());
        assert_eq!(keys(&usage(&store).await), [2]);
        assert_all_open(&store, id).await;
        let early = format!("SELECT COUNT(*) FROM group_values WHERE substr(value, 1, 4) <> {}", literal(db.kind, b"cwe\x01"));
        assert_eq!(db.raw_count(&early).await, 2, "secrets of groups are not the ring's to seal");
        store.start(NOW).await.unwrap();
        assert_eq!(db.raw_count(&early).await, 0);
        let without_first = Store::connect(&db.url, db.keys(keyring(9))).await.unwrap();
        let values = without_first.transaction::<_, StoreError, _>("read", tx!([id] | tx | tx.group_values(id, &EPOCH).await));
        assert!(values.await.unwrap().iter().all(|row| row.value == SECRET), "the master key is not needed for them any more");
        assert_eq!(db.raw_count("SELECT COUNT(*) FROM key_packages WHERE length(private) > 0").await, 0);
        let package = without_first.transaction::<_, StoreError, _>("read", tx!(|tx| tx.key_package(&[1; 32]).await));
        assert_eq!(package.await.unwrap().unwrap().private, SECRET, "nor for KeyPackages");
        let leased = store.transaction::<_, StoreError, _>("lease", tx!(|tx| tx.lease(LEASE).await)).await.unwrap();
        assert_eq!(leased[0].body, SECRET);
    })
    .await;
}

/// Nothing is needed of a key that is not used any more; without a key that is, nothing opens, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_named_and_changes_nothing() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        let (_folder, path) = ring_file();
        Keyring::rotate(&path).unwrap();
        let rotated = Store::connect(&db.url, db.keys(ring(&path))).await.unwrap();
        rotated.reseal(Duration::ZERO).await.unwrap();
        // The first store's ring has no file and only key 1.
        let read =
            db.store.transaction::<_, StoreError, _>("read", tx!([id] | tx | tx.lock_conversation(id).await.map(|_| ()))).await;
        assert!(matches!(&read, Err(StoreError::UnknownKey { key: KeyId(2), .. })), "{read:?}");
        assert_eq!(db.store.reseal(Duration::ZERO).await.unwrap(), Resealed { sealed: 0, unopened: 5 });
        assert_all_open(&rotated, id).await;
        let text = std::fs::read_to_string(&path).unwrap();
        let without_first: String = text.lines().filter(|line| !line.starts_with("1 ")).map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, without_first).unwrap();
        assert_all_open(&Store::connect(&db.url, db.keys(ring(&path))).await.unwrap(), id).await;
    })
    .await;
}

/// Writes and reads everything that is sealed, over and over; gives how often.
async fn work(store: Store, id: i64, stop: Arc<AtomicBool>) -> u32 {
    let mut rounds = 0u32;
    while !stop.load(Ordering::SeqCst) {
        let body = tx!([id, rounds] | tx | {
            let mut row = tx.lock_conversation(id).await?.unwrap();
            row.bookkeeping = format!("{rounds}").into_bytes();
            tx.update_conversation(&row).await?;
            for key in [b"one", b"two"] {
                tx.put_group_values(&[value(id, CLIENT, key, format!("{rounds}").as_bytes())]).await?;
            }
            assert_eq!(tx.group_values(id, &EPOCH).await?.len(), 2);
            assert_eq!(tx.secret("signing_key").await?.unwrap().as_slice(), SECRET);
            tx.queue("mimi:a", "submit", Some(id), SECRET).await?;
            Ok(())
        });
        store.transaction::<_, StoreError, _>("write", body).await.unwrap();
        let body = tx!(|tx| {
            let rows = tx.lease(LEASE).await?;
            assert!(rows.iter().all(|row| row.body == SECRET));
            tx.forget(&rows.iter().map(|row| row.id).collect::<Vec<_>>()).await
        });
        store.transaction::<_, StoreError, _>("send", body).await.unwrap();
        rounds += 1;
    }
    rounds
}

/// Two processes work, a third rotates twice and seals everything anew: nobody stops, nothing fails, nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_rotate_while_others_write() {
    for_each_database(|db| async move {
        let id = fill(&db).await;
        let (_folder, path) = ring_file();
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers = tokio::task::JoinSet::new();
        let mut stores = Vec::new();
        for _ in 0..2 {
            let store = Store::connect(&db.url, db.keys(ring(&path))).await.unwrap();
            stores.push(store.clone());
            workers.spawn(work(store, id, stop.clone()));
        }
        for active in [2, 3] {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(Keyring::rotate(&path).unwrap(), KeyId(active));
            let resealer = Store::connect(&db.url, db.keys(ring(&path))).await.unwrap();
            let mut passes = 0;
            // The workers meet the new key in what is sealed anew, and use it from then on.
            while keys(&usage(&resealer).await) != [active] {
                assert_eq!(resealer.reseal(Duration::ZERO).await.unwrap().unopened, 0);
                passes += 1;
                assert!(passes < 1000, "{:?}", usage(&resealer).await);
            }
        }
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        while !stores.iter().all(|store| store.keyring().active() == KeyId(3)) {
            assert!(tokio::time::Instant::now() < deadline, "a worker has not met the new key");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.store(true, Ordering::SeqCst);
        let rounds = workers.join_all().await;
        assert!(rounds.iter().all(|rounds| *rounds > 3), "{rounds:?}");
        let row = stores[0]
            .transaction::<_, StoreError, _>("read", tx!([id] | tx | tx.lock_conversation(id).await))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.version, 1 + i64::from(rounds.iter().sum::<u32>()), "no update got lost");
    })
    .await;
}

/// A value that does not open is nobody's to overwrite; the others are sealed anew around it.
#[tokio::test(flavor = "multi_thread")]
async fn an_altered_value_is_left_as_it_is() {
    for_each_database(|db| async move {
        fill(&db).await;
        let junk = literal(db.kind, &[0xee; 80]);
        db.raw_execute(&format!("UPDATE clients SET identity = {junk}")).await;
        let (_folder, path) = ring_file();
        Keyring::rotate(&path).unwrap();
        let store = Store::connect(&db.url, db.keys(ring(&path))).await.unwrap();
        assert_eq!(store.reseal(Duration::ZERO).await.unwrap(), Resealed { sealed: 4, unopened: 1 });
        assert_eq!(db.raw_bytes("SELECT identity FROM clients").await, [vec![0xee; 80]]);
    })
    .await;
}

/// An item moved or exchanged by somebody who can write to the database: its lane waits, others go on.
#[tokio::test(flavor = "multi_thread")]
async fn an_item_does_not_open_at_another_place() {
    for_each_database(|db| async move {
        let other = "body = (SELECT body FROM outbox WHERE lane = 'mimi:other')";
        for change in [other, "kind = 'update'", "conversation_id = 2", "lane = 'mimi:c'", "id = 1000 + id"] {
            db.raw_execute("DELETE FROM outbox").await;
            db.run(tx!(|tx| {
                tx.queue("mimi:a", "submit", Some(1), b"first").await?;
                tx.queue("mimi:other", "submit", Some(1), b"other").await
            }))
            .await;
            db.raw_execute(&format!("UPDATE outbox SET {change} WHERE lane = 'mimi:a'")).await;
            let leased = db.run(tx!(|tx| tx.lease(LEASE).await)).await;
            assert_eq!(leased.iter().map(|row| row.lane.as_str()).collect::<Vec<_>>(), ["mimi:other"], "{change}");
            assert!(db.run(tx!(|tx| tx.lease(LEASE).await)).await.is_empty());
            let waiting = db.run(tx!(|tx| tx.queue_lines().await)).await;
            let errors: Vec<_> = waiting.iter().filter_map(|line| line.last_error.as_deref()).collect();
            assert_eq!(errors.len(), 1, "{change}");
            assert!(errors[0].starts_with("CW-7002 "), "{change}: {errors:?}");
        }
    })
    .await;
}

/// An item's number is never given twice, even if its lane was empty in between: Matrix transactions are named by it.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_items_are_never_used_again() {
    for_each_database(|db| async move {
        for expected in 1..=3 {
            db.run(tx!(|tx| tx.queue("mimi:a", "submit", None, b"body").await)).await;
            let rows = db.run(tx!(|tx| tx.lease(LEASE).await)).await;
            assert_eq!(rows[0].id, expected);
            let ids = vec![rows[0].id];
            db.run(tx!([ids] | tx | tx.forget(&ids).await)).await;
        }
    })
    .await;
}
