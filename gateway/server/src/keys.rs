//! The keys that seal what is secret in the database: made, rotated, and left behind.
//!
//! `causeway keys rotate` adds a key to the ring's file. A gateway that runs looks at the file now and then, and at once
//! when it meets a value under a key that it does not know; then it seals anew, little by little, what is under the
//! older ones. `causeway keys reseal` does the same at once. When `causewayctl keys status` shows no value under an old
//! key, its line can go from the file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use causeway_core::code::{self, Coded};
use causeway_store::{FileRing, KeyId, Keyring, Keys, Store, StoreError};
use clap::Subcommand;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::node::{Node, now_ms};

/// How often the ring's file is looked at.
const LOOK: Duration = Duration::from_secs(30);
/// A gateway that runs leaves its database so long to others between two batches.
const PAUSE: Duration = Duration::from_millis(200);
/// So many passes in a row have to find nothing: another process may seal under the older key until it has looked.
const EMPTY_PASSES: u32 = 3;

/// What `causeway keys` does.
#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Adds a key to the ring, which seals from now on. A gateway that runs need not be stopped.
    Rotate,
    /// Seals everything anew under the ring's newest key, beside a gateway that runs or without one.
    Reseal,
    /// Goes on with a database that was restored, or whose slice ring is lost or another's. No process may run. What puppets
    /// knew of their groups is forgotten, and the groups are locked until they have joined anew.
    Adopt,
}

/// Carries out a command; gives what to tell the operator.
pub(crate) async fn run(command: KeysCommand, config: &Config) -> anyhow::Result<String> {
    let path = config.master_key();
    match command {
        KeysCommand::Rotate => {
            let id = Keyring::rotate(&path).map_err(|error| anyhow::anyhow!(error.coded()))?;
            Ok(format!("key {id} seals from now on; keep a copy of {}", path.display()))
        }
        KeysCommand::Adopt => adopt(config).await,
        KeysCommand::Reseal => {
            let ring = read(&path)?.with_context(|| code::RING_UNREADABLE.with(format!("{} is missing", path.display())))?;
            let store = Store::connect_as_is(&config.database_url()?, ring).await.context("cannot open the database")?;
            let done = store.reseal(Duration::ZERO).await?;
            let active = store.keyring().active();
            match done.unopened {
                0 => Ok(format!("{} values are sealed anew under key {active}", done.sealed)),
                left => bail!(
                    "{} values are sealed anew under key {active}; {left} do not open and were left: see the log",
                    done.sealed
                ),
            }
        }
    }
}

async fn adopt(config: &Config) -> anyhow::Result<String> {
    let path = config.master_key();
    let keyring = read(&path)?.with_context(|| code::RING_UNREADABLE.with(format!("{} is missing", path.display())))?;
    let keys = Keys { keyring, slices: Arc::new(FileRing::new(&config.slices())) };
    let store = Store::connect(&config.database_url()?, keys).await.context("cannot open the database")?;
    let locked = store.adopt(now_ms() as i64).await.map_err(|error| anyhow::anyhow!(error.coded()))?;
    Ok(format!("the database and {} belong together now; {locked} groups are locked", config.slices().display()))
}

fn read(path: &Path) -> anyhow::Result<Option<Keyring>> {
    Keyring::read(path).map_err(|error| anyhow::anyhow!(error.coded()))
}

/// Opens the database with its ring. At the very first start the ring is made; later its loss is no reason to make
/// another, under which nothing would open. The same holds for slices, and database and slices have to belong together.
pub(crate) async fn open_store(url: &str, (path, slices): (&Path, &Path)) -> anyhow::Result<Store> {
    let found = read(path)?;
    let is_new = found.is_none();
    let ring = found.unwrap_or_else(Keyring::generate);
    let keys = Keys { keyring: ring.clone(), slices: Arc::new(FileRing::new(slices)) };
    let store = Store::connect(url, keys).await.context("cannot open the database")?;
    if is_new {
        let usage = store.transaction::<_, StoreError, _>("key usage", |tx| Box::pin(tx.key_usage())).await?;
        if !usage.is_empty() {
            bail!(code::RING_UNREADABLE.with(format!("{} is missing, but the database has been sealed with it", path.display())));
        }
        ring.persist(path).map_err(|error| anyhow::anyhow!(error.coded()))?;
    }
    store.start(now_ms() as i64).await.map_err(|error| anyhow::anyhow!(error.coded()))?;
    Ok(store)
}

/// Makes a ring in a file that is not there yet.
pub(crate) fn make_ring(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!path.exists(), "{}: File exists", path.display());
    Keyring::generate().persist(path).map_err(|error| anyhow::anyhow!(error.coded()))
}

/// Keeps up with the ring's file, and seals anew, until `stop`.
pub(crate) async fn keep_up(node: Arc<Node>, stop: CancellationToken) {
    let ring = node.store.keyring();
    // One key: nothing can be under another.
    let mut done = (ring.ids().len() == 1).then(|| ring.active());
    let mut empty_passes = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        refresh(ring).await;
        if done == Some(ring.active()) {
            continue;
        }
        let pass = tokio::select! {
            () = stop.cancelled() => return,
            pass = node.store.reseal(PAUSE) => pass,
        };
        match pass {
            Ok(pass) => {
                tracing::info!(key = %ring.active(), sealed = pass.sealed, unopened = pass.unopened, "sealed anew");
                empty_passes = if pass.sealed == 0 { empty_passes + 1 } else { 0 };
                done = (empty_passes >= EMPTY_PASSES).then(|| ring.active());
            }
            Err(error) => tracing::warn!(code = %error.code(), %error, "cannot seal anew now"),
        }
        if done.is_some() {
            empty_passes = 0;
        }
    }
}

/// The file system may be slow, or gone for a while; the keys in memory stay.
async fn refresh(ring: &Keyring) {
    let (before, reading) = (ring.active(), ring.clone());
    match tokio::task::spawn_blocking(move || reading.refresh()).await {
        Ok(Ok(true)) => changed(before, ring.active()),
        Ok(Err(error)) => tracing::warn!(code = %error.code(), %error, "cannot read the key ring"),
        Ok(Ok(false)) | Err(_) => {}
    }
}

fn changed(before: KeyId, now: KeyId) {
    tracing::info!(%before, %now, "the key ring has changed");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use super::*;

    async fn put_secret(store: &Store) {
        let put = store.transaction::<_, StoreError, _>("put", |tx| Box::pin(tx.insert_secret("name", b"value")));
        put.await.unwrap();
    }

    async fn secret(store: &Store) -> Vec<u8> {
        let read = store.transaction::<_, StoreError, _>("read", |tx| Box::pin(tx.secret("name")));
        read.await.unwrap().unwrap().to_vec()
    }

    #[tokio::test]
    async fn a_ring_is_made_once_and_its_loss_is_told() {
        let folder = tempfile::TempDir::new().unwrap();
        let (path, slices) = (folder.path().join("master.key"), folder.path().join("slices"));
        let files = (path.as_path(), slices.as_path());
        let url = format!("sqlite://{}", folder.path().join("causeway.db").display());
        put_secret(&open_store(&url, files).await.unwrap()).await;
        let store = open_store(&url, files).await.unwrap();
        assert_eq!(secret(&store).await, b"value");
        assert_eq!(Keyring::rotate(&path).unwrap(), KeyId(2));
        refresh(store.keyring()).await;
        assert_eq!(store.keyring().active(), KeyId(2));
        assert_eq!(store.reseal(Duration::ZERO).await.unwrap().sealed, 1);
        assert_eq!(secret(&open_store(&url, files).await.unwrap()).await, b"value");
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        let lost = open_store(&url, files).await.err().unwrap().to_string();
        assert!(lost.starts_with("CW-7021 "), "{lost}");
        assert!(!path.exists(), "no other ring is made");
        // A process that runs goes on with the keys that it has.
        refresh(store.keyring()).await;
        assert_eq!(secret(&store).await, b"value");
    }

    /// A database from a backup is refused at start, with what to do; then it goes on.
    #[tokio::test]
    async fn a_restored_database_is_refused_and_adopted() {
        let folder = tempfile::TempDir::new().unwrap();
        let (path, slices) = (folder.path().join("master.key"), folder.path().join("slices"));
        let files = (path.as_path(), slices.as_path());
        let database = folder.path().join("causeway.db");
        let url = format!("sqlite://{}", database.display());
        put_secret(&open_store(&url, files).await.unwrap()).await;
        let backup = folder.path().join("backup.db");
        copy(&database, &backup);
        drop(open_store(&url, files).await.unwrap());
        for ending in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{ending}", database.display())));
        }
        copy(&backup, &database);
        let refused = open_store(&url, files).await.err().unwrap().to_string();
        assert!(refused.starts_with("CW-7040 ") && refused.contains("causeway keys adopt"), "{refused}");
        let keys = Keys { keyring: Keyring::read(&path).unwrap().unwrap(), slices: Arc::new(FileRing::new(&slices)) };
        assert_eq!(Store::connect(&url, keys).await.unwrap().adopt(0).await.unwrap(), 0);
        assert_eq!(secret(&open_store(&url, files).await.unwrap()).await, b"value");
    }

    /// With its write-ahead log: nobody writes.
    fn copy(from: &Path, to: &Path) {
        for ending in ["", "-wal"] {
            let from = format!("{}{ending}", from.display());
            if Path::new(&from).exists() {
                std::fs::copy(from, format!("{}{ending}", to.display())).unwrap();
            }
        }
    }
}
