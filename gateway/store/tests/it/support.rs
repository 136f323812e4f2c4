//! A fresh database of each kind for every test.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use causeway_core::records::ConversationRow;
use causeway_store::testing::Postgres;
use causeway_store::{BoxFuture, Keyring, Keys, MemoryRing, Store, StoreError, Tx};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;
use zeroize::Zeroizing;

pub(crate) const NOW: i64 = 1_790_000_000_000;
/// The head of [`conversation`]s that have a group.
pub(crate) const EPOCH: [u8; 32] = [2; 32];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// An empty database with the schema in it.
pub(crate) struct Database {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    pub(crate) store: Store,
    /// The slices of [`Self::store`].
    pub(crate) slices: Arc<MemoryRing>,
}

pub(crate) fn keyring(byte: u8) -> Keyring {
    Keyring::new(&Zeroizing::new([byte; 32]))
}

pub(crate) async fn empty(kind: Kind) -> (String, TempDir) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let directory = TempDir::new().unwrap();
    let url = match kind {
        Kind::Sqlite => format!("sqlite://{}", directory.path().join("causeway.db").display()),
        Kind::Postgres => {
            let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
            Postgres::shared().unwrap().database(&name).await.unwrap()
        }
    };
    (url, directory)
}

/// A database that no process has been started on.
pub(crate) async fn unstarted(kind: Kind, url: String) -> Database {
    let slices = Arc::new(MemoryRing::default());
    let store = Store::connect(&url, Keys { keyring: keyring(1), slices: slices.clone() }).await.unwrap();
    Database { kind, url, store, slices }
}

/// Runs a test on SQLite, then on PostgreSQL.
pub(crate) async fn for_each_database<F>(test: impl Fn(Database) -> F)
where
    F: Future<Output = ()>,
{
    for_each_unstarted_database(async |db| {
        db.store.start(NOW).await.unwrap();
        test(db).await;
    })
    .await;
}

/// The same, with databases that have no slices yet.
pub(crate) async fn for_each_unstarted_database<F>(test: impl Fn(Database) -> F)
where
    F: Future<Output = ()>,
{
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (url, directory) = empty(kind).await;
        test(unstarted(kind, url).await).await;
        // Not earlier: SQLite's file is in it.
        drop(directory);
    }
}

/// Bytes as SQL.
pub(crate) fn literal(kind: Kind, bytes: &[u8]) -> String {
    match kind {
        Kind::Sqlite => format!("x'{}'", hex::encode(bytes)),
        Kind::Postgres => format!("decode('{}', 'hex')", hex::encode(bytes)),
    }
}

/// Names the type of a transaction's body, which a closure alone does not.
pub(crate) fn body<T, F>(body: F) -> F
where
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>>,
{
    body
}

impl Database {
    /// A ring, with the slices of this database.
    pub(crate) fn keys(&self, keyring: Keyring) -> Keys {
        Keys { keyring, slices: self.slices.clone() }
    }

    /// One transaction.
    pub(crate) async fn run<T, F>(&self, body: F) -> T
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        self.store.transaction("test", body).await.unwrap()
    }

    pub(crate) async fn conversation(&self) -> i64 {
        self.run(|tx| Box::pin(async move { tx.insert_conversation(&conversation()).await })).await
    }

    /// What stands in a bytes column, seen past the store.
    pub(crate) async fn raw_bytes(&self, query: &str) -> Vec<Vec<u8>> {
        let query = AssertSqlSafe(query.to_owned());
        let rows: Vec<(Vec<u8>,)> = match self.kind {
            Kind::Sqlite => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_as(query).fetch_all(&mut connection).await.unwrap()
            }
            Kind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                sqlx::query_as(query).fetch_all(&mut connection).await.unwrap()
            }
        };
        rows.into_iter().map(|(bytes,)| bytes).collect()
    }

    pub(crate) async fn raw_count(&self, query: &str) -> i64 {
        let query = AssertSqlSafe(query.to_owned());
        let (count,): (i64,) = match self.kind {
            Kind::Sqlite => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_as(query).fetch_one(&mut connection).await.unwrap()
            }
            Kind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                sqlx::query_as(query).fetch_one(&mut connection).await.unwrap()
            }
        };
        count
    }

    /// A change past the store.
    pub(crate) async fn raw_execute(&self, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        match self.kind {
            Kind::Sqlite => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query(statement).execute(&mut connection).await.unwrap();
            }
            Kind::Postgres => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                sqlx::query(statement).execute(&mut connection).await.unwrap();
            }
        }
    }
}

/// A transaction's body, without the boilerplate. Captured values are cloned for each attempt.
macro_rules! tx {
    (|$tx:ident| $body:expr) => {
        $crate::support::body(|$tx: &mut causeway_store::Tx| Box::pin(async move { $body }))
    };
    ([$($captured:ident),*] |$tx:ident| $body:expr) => {{
        $(let $captured = $captured.clone();)*
        $crate::support::body(move |$tx: &mut causeway_store::Tx| {
            $(let $captured = $captured.clone();)*
            Box::pin(async move { $body })
        })
    }};
}
pub(crate) use tx;

pub(crate) fn conversation() -> ConversationRow {
    ConversationRow {
        id: 0,
        version: 0,
        kind: "bridge".to_owned(),
        status: "waiting".to_owned(),
        topology: None,
        matrix_room_id: None,
        room_version: None,
        mimi_room: None,
        hub: None,
        group_id: None,
        head_epoch_id: None,
        head_number: None,
        created_at: NOW,
        resync: false,
        bookkeeping: b"what is wanted".to_vec(),
    }
}
