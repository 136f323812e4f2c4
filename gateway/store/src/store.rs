//! The database, and how transactions run.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgPool, SqlitePool};
use tracing::Instrument;

use causeway_core::code::{self, Code, Coded};

use crate::keyring::{KeyId, Keyring, RingError};
use crate::slices::{MemoryRing, SliceId, SliceRing};
use crate::tx::{Inner, Tx};

/// A boxed future, as transaction bodies return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// So many times a transaction is tried that the database has refused for others' sake.
const ATTEMPTS: u32 = 6;

/// How long SQLite waits for others of its file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long transactions take, with the waiting for their turn, by name.
const TRANSACTION_TIME: &str = "causeway_database_transaction_seconds";
/// Attempts that the database refused for others' sake.
const TRANSACTION_RETRIES: &str = "causeway_database_transaction_retries_total";

/// Why the store could not do it. Nothing has been stored then.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A newer version of the gateway has been here.
    #[error("the database has schema {found}, this gateway knows {newest}: use the newer gateway")]
    NewerSchema {
        /// In the database.
        found: i64,
        /// Known here.
        newest: i64,
    },
    /// The gateway has never been here, or an older one.
    #[error("the database has schema {found}, this program wants {newest}: start the gateway on it first")]
    OlderSchema {
        /// In the database; 0 for none.
        found: i64,
        /// Known here.
        newest: i64,
    },
    /// Somebody has been at the schema: migrations are recorded that cannot be, or lack what they made.
    #[error(
        "the database is half-migrated: {recorded} migrations are recorded, the newest is {found}; restore a backup, \
         which holds all of it or nothing"
    )]
    HalfMigrated {
        /// The newest recorded.
        found: i64,
        /// How many.
        recorded: i64,
    },
    /// A URL of neither database.
    #[error("database.url must begin with sqlite:// or postgres://")]
    Url,
    /// A sealed value does not open.
    #[error("a sealed value in {table} does not open: wrong master key, or altered data")]
    DoesNotOpen {
        /// Where.
        table: String,
    },
    /// A sealed value is under a key that the ring has not got.
    #[error("a sealed value in {table} is under key {key}, which is not in the key ring")]
    UnknownKey {
        /// Where.
        table: String,
        /// The key.
        key: KeyId,
    },
    /// The slice ring cannot be used.
    #[error("{0}")]
    Slices(RingError),
    /// An epoch's key is under a slice that the ring has not got.
    #[error("slice {slice} is not in the slice ring: it has been destroyed, or the ring is another one")]
    UnknownSlice {
        /// The slice.
        slice: SliceId,
    },
    /// There is no slice yet.
    #[error("no slice is active: the gateway has not been started on this database")]
    NoSlice,
    /// The database has been restored: its ring has gone on.
    #[error(
        "the database is older than its slice ring (it counts {database}, the ring {ring}): it was restored from a backup; \
         `causeway keys adopt` goes on with it, and every group begins anew"
    )]
    StaleDatabase {
        /// What the database counts.
        database: u64,
        /// What the ring counts.
        ring: u64,
    },
    /// The ring is of another database.
    #[error("the slice ring belongs to another database; `causeway keys adopt` makes it this one's, and every group begins anew")]
    ForeignRing,
    /// Somebody else has changed the conversation meanwhile.
    #[error("the conversation has changed since it was loaded")]
    Conflict,
    /// The process is ending.
    #[error("the transaction's task was cancelled")]
    Cancelled,
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Database(_) => code::DATABASE,
            Self::NewerSchema { .. } => code::NEWER_SCHEMA,
            Self::OlderSchema { .. } => code::OLDER_SCHEMA,
            Self::HalfMigrated { .. } => code::HALF_MIGRATED,
            Self::Url => code::DATABASE_URL,
            Self::DoesNotOpen { .. } => code::DOES_NOT_OPEN,
            Self::UnknownKey { .. } => code::UNKNOWN_KEY,
            Self::Slices(error) => error.code(),
            Self::UnknownSlice { .. } | Self::NoSlice => code::UNKNOWN_SLICE,
            Self::StaleDatabase { .. } => code::STALE_DATABASE,
            Self::ForeignRing => code::FOREIGN_RING,
            Self::Conflict => code::CONFLICT,
            Self::Cancelled => code::CANCELLED,
        }
    }
}

impl StoreError {
    /// Whether the same transaction may succeed if run again.
    fn is_transient(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        // PostgreSQL: serialization_failure, deadlock_detected. SQLite: busy, locked, and their extensions.
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "5" | "6" | "261" | "517"))
    }
}

#[derive(Clone)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// The keys of a database: its ring, and where its slices are.
#[derive(Clone)]
pub struct Keys {
    /// Seals what is kept.
    pub keyring: Keyring,
    /// Seals what is to be forgotten.
    pub slices: Arc<dyn SliceRing>,
}

/// Slices that end with the process.
impl From<Keyring> for Keys {
    fn from(keyring: Keyring) -> Self {
        Self { keyring, slices: Arc::new(MemoryRing::default()) }
    }
}

/// The database.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    keyring: Keyring,
    pub(crate) slices: Arc<dyn SliceRing>,
    read_only: bool,
}

impl Store {
    /// Connects and brings the schema up to date. `sqlite://<file>` or `postgres://…`.
    ///
    /// # Errors
    /// If the database cannot be reached, or is newer than this code.
    pub async fn connect(url: &str, keys: impl Into<Keys>) -> Result<Self, StoreError> {
        let store = Self::open(url, keys.into(), false).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Connects to a database as it is: for commands beside a gateway that runs, which alone migrates.
    ///
    /// # Errors
    /// If the database cannot be reached, or has not the schema of this code.
    pub async fn connect_as_is(url: &str, keys: impl Into<Keys>) -> Result<Self, StoreError> {
        let store = Self::open(url, keys.into(), false).await?;
        store.check_schema().await?;
        Ok(store)
    }

    /// Connects for reading only, which the database itself enforces: for tools that look while the gateway runs, or
    /// does not. They have no master key, so sealed columns do not open.
    ///
    /// # Errors
    /// If the database cannot be reached, or has not the schema of this code.
    pub async fn connect_read_only(url: &str) -> Result<Self, StoreError> {
        Self::connect_read_only_with(url, Keyring::without_master_key()).await
    }

    /// As [`Self::connect_read_only`], with the master key: for checking that it is the right one.
    ///
    /// # Errors
    /// If the database cannot be reached, or has not the schema of this code.
    pub async fn connect_read_only_with(url: &str, keys: impl Into<Keys>) -> Result<Self, StoreError> {
        let store = Self::open(url, keys.into(), true).await?;
        store.check_schema().await?;
        Ok(store)
    }

    pub(crate) async fn open(url: &str, keys: Keys, read_only: bool) -> Result<Self, StoreError> {
        let pool = match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("sqlite") => Pool::Sqlite(open_sqlite(url, read_only).await?),
            Some("postgres" | "postgresql") => Pool::Postgres(open_postgres(url, read_only).await?),
            _ => return Err(StoreError::Url),
        };
        let Keys { keyring, slices } = keys;
        Ok(Self { pool, keyring, slices, read_only })
    }

    /// The keys that seal and open.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Runs a named transaction in a task of its own: dropping the caller neither cancels it half-way nor leaves a
    /// connection inside an open transaction. It is tried again if the database refused it for others' sake, so the
    /// body has to be a function of what it reads.
    ///
    /// # Errors
    /// Whatever the body fails with; then nothing is stored.
    pub async fn transaction<T, E, F>(&self, name: &'static str, body: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Transience + Send + 'static,
    {
        let store = self.clone();
        let began = Instant::now();
        let running = async move {
            let mut attempt = 1;
            loop {
                match store.attempt(&body).await {
                    Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                        tracing::debug!(transaction = name, attempt, "transaction is tried again");
                        metrics::counter!(TRANSACTION_RETRIES, "transaction" => name).increment(1);
                        tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
                        attempt += 1;
                    }
                    result => {
                        metrics::histogram!(TRANSACTION_TIME, "transaction" => name).record(began.elapsed());
                        return result;
                    }
                }
            }
        };
        // What the transaction logs belongs to the request that it is for.
        let task = tokio::spawn(running.instrument(tracing::Span::current()));
        task.await.unwrap_or_else(|_| Err(StoreError::Cancelled.into()))
    }

    async fn attempt<T, E, F>(&self, body: &F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
        E: From<StoreError>,
    {
        let mut tx = self.begin().await?;
        match body(&mut tx).await {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                tx.rollback().await?;
                Err(error)
            }
        }
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = match &self.pool {
            Pool::Postgres(pool) => Inner::Postgres(pool.begin().await?),
            Pool::Sqlite(pool) if self.read_only => Inner::Sqlite(pool.begin().await?),
            // Writers queue at the beginning instead of failing in the middle.
            Pool::Sqlite(pool) => Inner::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
        };
        Ok(Tx { inner, keyring: self.keyring.clone(), slices: self.slices.clone(), epoch_keys: HashMap::new() })
    }
}

/// Whether an error is one that trying again may heal.
pub trait Transience {
    /// Whether it is.
    fn is_transient(&self) -> bool {
        false
    }
}

impl Transience for StoreError {
    fn is_transient(&self) -> bool {
        Self::is_transient(self)
    }
}

impl Tx {
    async fn commit(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Postgres(transaction) => transaction.commit().await?,
            Inner::Sqlite(transaction) => transaction.commit().await?,
        }
        Ok(())
    }

    async fn rollback(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Postgres(transaction) => transaction.rollback().await?,
            Inner::Sqlite(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }
}

async fn open_sqlite(url: &str, read_only: bool) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::from_str(url)?.foreign_keys(true).busy_timeout(BUSY_TIMEOUT);
    let options = match read_only {
        true => options.read_only(true),
        false => options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full),
    };
    // Where SQLite ends a transaction by itself, because the disk is full, sqlx 0.9.0 goes on to believe that it is open.
    let pool = SqlitePoolOptions::new().max_connections(8).after_release(|connection, _| {
        Box::pin(async move {
            // What was begun to be rolled back is over then.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    });
    let began = Instant::now();
    loop {
        // Who turns a new file to WAL while another process reads it is told at once that it is locked: SQLite does not
        // ask its busy handler there.
        match pool.clone().connect_with(options.clone()).await.map_err(StoreError::from) {
            Err(error) if error.is_transient() && began.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

async fn open_postgres(url: &str, read_only: bool) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url)?.application_name("causeway");
    let options = if read_only { options.options([("default_transaction_read_only", "on")]) } else { options };
    // sqlx 0.9.0 can give a connection back with a transaction open; whatever is left in it ends here.
    // A tool's user waits less patiently than a gateway whose database restarts.
    let patience = Duration::from_secs(if read_only { 5 } else { 30 });
    let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(patience).after_release(|connection, _| {
        Box::pin(async move {
            sqlx::query("ROLLBACK").execute(&mut *connection).await?;
            Ok(true)
        })
    });
    Ok(pool.connect_with(options).await?)
}
