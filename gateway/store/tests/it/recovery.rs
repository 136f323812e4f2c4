//! K-T1: what somebody can read who has copies of everything, from several moments, and all keys that still exist.
//!
//! The copies are searched as octets, past the database: pages, logs, backups, whatever is left of deleted rows. What is
//! found is opened with code of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use aho_corasick::AhoCorasick;
use causeway_core::records::{GroupValueRow, KeyPackageRow};
use causeway_store::testing::Postgres;
use causeway_store::{SliceId, Store, StoreError};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tempfile::TempDir;

use crate::forgetting::{CLIENT, HOUR, PERIOD, forget, process, ring_place};
use crate::support::*;

/// Secrets in each epoch, of this length.
const SECRETS: usize = 20;
const LENGTH: usize = 64;
/// Salt and nonce before a ciphertext, and the tag behind it.
const AROUND: usize = 16 + 12 + 16;

fn key_of(number: usize) -> Vec<u8> {
    format!("secret {number}").into_bytes()
}

fn planted(id: i64, epoch: u8, number: usize) -> GroupValueRow {
    let mut value = format!("planted in epoch {epoch}, number {number} ").into_bytes();
    value.resize(LENGTH, b'.');
    GroupValueRow { conversation_id: id, epoch_id: vec![epoch; 32], client_uri: CLIENT.to_owned(), key: key_of(number), value }
}

async fn plant(store: &Store, id: i64, epoch: u8) {
    let body = tx!([id, epoch] | tx | {
        for number in 0..SECRETS {
            tx.put_group_values(&[planted(id, epoch, number)]).await?;
        }
        Ok(())
    });
    store.transaction::<_, StoreError, _>("plant", body).await.unwrap();
}

/// A KeyPackage by a number, with a private part as long as the other secrets.
fn package(number: u8) -> KeyPackageRow {
    let mut private = format!("planted in KeyPackage {number} ").into_bytes();
    private.resize(LENGTH, b'.');
    KeyPackageRow { private, ..crate::key_packages::package(number, NOW + 100 * HOUR) }
}

/// Of one value, as it is sealed: `salt ‖ nonce ‖ ciphertext ‖ tag`, bound to what stands before it and to its place.
fn open(key: &[u8], (header, place): (&[u8], &[u8]), sealed: &[u8]) -> Option<Vec<u8>> {
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    let derived = mac.chain_update(b"causeway/2 value key").chain_update(&sealed[..16]).finalize().into_bytes();
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&derived));
    let aad = [header, b"causeway/2 ", place].concat();
    cipher.decrypt(Nonce::from_slice(&sealed[16..28]), Payload { msg: &sealed[28..], aad: &aad }).ok()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().filter_map(Result::ok) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.extend(std::fs::read(entry.path())),
        }
    }
    found
}

/// What may be a wrapped key, and what may be a sealed secret, in all files below folders. Each only once.
struct Found {
    wrapped: BTreeSet<Vec<u8>>,
    sealed: BTreeSet<Vec<u8>>,
}

fn candidates(copies: &[PathBuf]) -> Found {
    let magics = AhoCorasick::new([b"cwk\x01", b"cwe\x01"]).unwrap();
    let lengths = [8 + AROUND + 32, 4 + AROUND + LENGTH];
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for image in copies.iter().flat_map(|copy| files(copy)) {
        for hit in magics.find_iter(&image) {
            let which = hit.pattern().as_usize();
            found[which].extend(image.get(hit.start()..hit.start() + lengths[which]).map(<[u8]>::to_vec));
        }
    }
    let [wrapped, sealed] = found;
    Found { wrapped, sealed }
}

/// The slice keys that a ring's file has.
fn slices(ring: &str) -> BTreeMap<u32, Vec<u8>> {
    let slice = |line: &str| {
        let mut words = line.strip_prefix("slice ")?.split(' ');
        Some((words.next()?.parse().ok()?, hex::decode(words.next()?).ok()?))
    };
    ring.lines().filter_map(slice).collect()
}

/// The epochs whose secrets open, with how many of them did: every key found anywhere tried on every value found
/// anywhere.
fn search(found: &Found, keys: &BTreeMap<u32, Vec<u8>>, id: i64) -> BTreeMap<u8, usize> {
    let mut epoch_keys = BTreeSet::new();
    for wrapped in &found.wrapped {
        let slice = u32::from_be_bytes(wrapped[4..8].try_into().unwrap());
        // The master key, and every slice, whatever the row says.
        for slice in keys.get(&slice).into_iter().chain(keys.values()) {
            for epoch in 1..=5u8 {
                let place = [b"epoch_keys.wrapped ", &id.to_be_bytes()[..], &[epoch; 32]].concat();
                epoch_keys.extend(open(slice, (&wrapped[..8], &place), &wrapped[8..]).map(|key| (epoch, key)));
            }
        }
    }
    let mut opened = BTreeMap::<u8, BTreeSet<usize>>::new();
    for sealed in &found.sealed {
        for (epoch, key) in epoch_keys
            .iter()
            .map(|(epoch, key)| (*epoch, key))
            .chain(keys.values().flat_map(|key| (1..=5).map(move |epoch| (epoch, key))))
        {
            for number in 0..SECRETS {
                let row =
                    [&id.to_be_bytes()[..], &32u32.to_be_bytes(), &[epoch; 32], CLIENT.as_bytes(), b"\0", &key_of(number)].concat();
                let place = [b"group_values.value ", &row[..]].concat();
                if let Some(value) = open(key, (b"cwe\x01", &place), &sealed[4..]) {
                    assert!(value == planted(id, epoch, number).value);
                    opened.entry(epoch).or_default().insert(number);
                }
            }
        }
    }
    opened.into_iter().map(|(epoch, numbers)| (epoch, numbers.len())).collect()
}

/// The KeyPackages whose private parts open, as [`search`] finds epochs.
fn packages_that_open(found: &Found, keys: &BTreeMap<u32, Vec<u8>>) -> BTreeSet<u8> {
    let mut opened = BTreeSet::new();
    for number in 1..=2u8 {
        let reference = package(number).reference;
        let place = [b"epoch_keys.wrapped ", &0i64.to_be_bytes()[..], &reference].concat();
        let unwrap = |wrapped: &Vec<u8>| keys.values().find_map(|slice| open(slice, (&wrapped[..8], &place), &wrapped[8..]));
        let own: Vec<Vec<u8>> = found.wrapped.iter().filter_map(unwrap).chain(keys.values().cloned()).collect();
        let place = [b"key_packages.secret ", &reference[..]].concat();
        let is_private = |sealed: &Vec<u8>| {
            own.iter()
                .any(|key| open(key, (b"cwe\x01", &place), &sealed[4..]).is_some_and(|found| found == package(number).private))
        };
        opened.extend(found.sealed.iter().any(is_private).then_some(number));
    }
    opened
}

/// Copies a database's folder, logs and all, as it is on the disk.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

struct Image<'i> {
    folder: TempDir,
    data: PathBuf,
    postgres: Option<&'i Postgres>,
    copies: Vec<PathBuf>,
}

impl Image<'_> {
    fn take(&mut self) {
        let to = self.folder.path().join(self.copies.len().to_string());
        // Every second copy of PostgreSQL is a backup as its own tool makes it.
        match self.postgres.filter(|_| self.copies.len() % 2 == 1) {
            Some(postgres) => postgres.base_backup(&to).unwrap(),
            None => copy(&self.data, &to),
        }
        self.copies.push(to);
    }
}

/// Epoch 1 is forgotten and KeyPackage 1 spent before the first rotation, epochs 2 and 3 before the second; 4 is put in between; 4 and 5 live.
async fn scenario(db: &Database, image: &mut Image<'_>) {
    let (folder, ring) = ring_place();
    let store = process(db, &ring).await;
    store.start(NOW).await.unwrap();
    let body = tx!(|tx| tx.insert_conversation(&conversation()).await);
    let id = store.transaction::<_, StoreError, _>("conversation", body).await.unwrap();
    let mut old_slices = BTreeMap::new();
    plant(&store, id, 1).await;
    plant(&store, id, 2).await;
    let body = tx!(|tx| {
        tx.insert_key_package(&package(1)).await?;
        tx.insert_key_package(&package(2)).await
    });
    store.transaction::<_, StoreError, _>("key packages", body).await.unwrap();
    image.take();
    forget(&store, id, 1).await;
    let body = tx!(|tx| tx.spend_key_package(&package(1).reference).await);
    store.transaction::<_, StoreError, _>("spend", body).await.unwrap();
    image.take();
    let old_file = std::fs::File::open(&ring).unwrap();
    old_slices.extend(slices(&std::fs::read_to_string(&ring).unwrap()));
    assert_eq!(store.rotate_slices(NOW + HOUR, PERIOD, Duration::ZERO).await.unwrap(), [SliceId(1)]);
    assert_erased(old_file);
    image.take();
    plant(&store, id, 3).await;
    plant(&store, id, 4).await;
    image.take();
    forget(&store, id, 2).await;
    forget(&store, id, 3).await;
    plant(&store, id, 5).await;
    old_slices.extend(slices(&std::fs::read_to_string(&ring).unwrap()));
    image.take();
    assert_eq!(store.rotate_slices(NOW + 2 * HOUR, PERIOD, Duration::ZERO).await.unwrap(), [SliceId(2)]);
    image.take();
    for epoch in [4, 5] {
        let rows =
            store.transaction::<_, StoreError, _>("read", tx!([id, epoch] | tx | tx.group_values(id, &[epoch; 32]).await)).await;
        assert_eq!(rows.unwrap().len(), SECRETS);
    }

    // All that still exists of rings, and the master key, which is 01 all over.
    let mut keys = BTreeMap::new();
    for file in files(folder.path()) {
        keys.extend(slices(&String::from_utf8_lossy(&file)));
    }
    assert_eq!(keys.keys().copied().collect::<Vec<_>>(), [3]);
    // The master key is 01 all over; no slice has number 0.
    keys.insert(0, vec![1; 32]);
    let found = candidates(&image.copies);
    assert_eq!(search(&found, &keys, id), BTreeMap::from([(4, SECRETS), (5, SECRETS)]));
    assert_eq!(packages_that_open(&found, &keys), BTreeSet::from([2]), "of KeyPackages, what is not spent");

    // Had somebody kept the slices, the same search would have found everything: the copies have it all.
    keys.extend(old_slices);
    let opened = search(&found, &keys, id);
    assert_eq!(opened.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5], "{opened:?}");
    assert!(opened.values().all(|count| *count > SECRETS / 2), "{opened:?}");
    assert_eq!(packages_that_open(&found, &keys), BTreeSet::from([1, 2]));
}

/// The old file is no more to be found by name; whoever still has it open finds nothing in it.
fn assert_erased(mut old: std::fs::File) {
    use std::io::Read;
    let mut bytes = Vec::new();
    old.read_to_end(&mut bytes).unwrap();
    assert!(!bytes.is_empty() && bytes.iter().all(|byte| *byte == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn k_t1_no_copy_of_sqlite_gives_a_forgotten_epoch_back() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let url = format!("sqlite://{}", data.join("causeway.db").display());
    let db = unstarted(Kind::Sqlite, url).await;
    scenario(&db, &mut Image { folder, data, postgres: None, copies: Vec::new() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k_t1_no_copy_of_postgres_gives_a_forgotten_epoch_back() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.database("recovery").await.unwrap();
    let db = unstarted(Kind::Postgres, url).await;
    let folder = TempDir::new().unwrap();
    let data = postgres.data();
    scenario(&db, &mut Image { folder, data, postgres: Some(&postgres), copies: Vec::new() }).await;
}
