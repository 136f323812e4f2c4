//! Migrations, embedded and append-only.

use std::cmp::Ordering;

use sqlx::AssertSqlSafe;

use crate::tx::{Tx, both};
use crate::{Store, StoreError};

type Migration = (i64, &'static str);

const MIGRATIONS: &[Migration] = &[
    (1, include_str!("../migrations/0001_first.sql")),
    (2, include_str!("../migrations/0002_queued_at.sql")),
    (3, include_str!("../migrations/0003_loss_codes.sql")),
    (4, include_str!("../migrations/0004_parked.sql")),
    (5, include_str!("../migrations/0005_audit.sql")),
    (6, include_str!("../migrations/0006_rows_per_epoch.sql")),
    (7, include_str!("../migrations/0007_epoch_keys.sql")),
    (8, include_str!("../migrations/0008_graphs.sql")),
    (9, include_str!("../migrations/0009_retentions.sql")),
    (10, include_str!("../migrations/0010_group_nodes.sql")),
    (11, include_str!("../migrations/0011_key_package_keys.sql")),
    (12, include_str!("../migrations/0012_peer_paths.sql")),
    (13, include_str!("../migrations/0013_graph_authorities.sql")),
    (14, include_str!("../migrations/0014_anew.sql")),
    (15, include_str!("../migrations/0015_inbox_by_age.sql")),
];

impl Store {
    /// Brings the schema up to date, all of it or nothing: migrations and the record of them are one transaction.
    /// Twice is once.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        self.transaction("migrate", |tx| Box::pin(apply(tx, MIGRATIONS))).await
    }
}

impl Store {
    /// Whether a reader knows what it will read.
    pub(crate) async fn check_schema(&self) -> Result<(), StoreError> {
        self.transaction("check schema", |tx| Box::pin(async move { check(found(tx, true).await?) })).await
    }
}

/// The migrations as they are written.
#[cfg(test)]
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|(_, text)| *text)
}

fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, _)| *version)
}

fn check(found: i64) -> Result<(), StoreError> {
    let newest = newest();
    match found.cmp(&newest) {
        Ordering::Less => Err(StoreError::OlderSchema { found, newest }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::NewerSchema { found, newest }),
    }
}

/// The schema in the database; a reader cannot make the table first.
///
/// No crash leaves a schema half-way, but a restored backup can, or a hand: every migration up to the newest has to be
/// recorded, and without any record there must be no tables.
async fn found(tx: &mut Tx, may_be_missing: bool) -> Result<i64, StoreError> {
    if may_be_missing && !tx.has_table("schema_version").await? {
        return Ok(0);
    }
    let versions = both!(tx, connection => {
        sqlx::query_as::<_, (i64,)>("-- schema version\nSELECT version FROM schema_version ORDER BY version").fetch_all(connection).await
    })?;
    let recorded = versions.len() as i64;
    let newest = versions.last().map_or(0, |(version,)| *version);
    // What a newer gateway has recorded is its own matter.
    let is_whole = versions.iter().zip(MIGRATIONS).all(|((version,), (expected, _))| version == expected);
    if newest <= self::newest() && (!is_whole || (recorded == 0 && tx.has_table("conversations").await?)) {
        return Err(StoreError::HalfMigrated { found: newest, recorded });
    }
    Ok(newest)
}

async fn apply(tx: &mut Tx, migrations: &[Migration]) -> Result<(), StoreError> {
    tx.lock_schema().await?;
    tx.execute("-- schema version table\nCREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)").await?;
    let (found, newest) = (found(tx, false).await?, newest());
    if found > newest {
        return Err(StoreError::NewerSchema { found, newest });
    }
    for (version, text) in migrations.iter().filter(|(version, _)| *version > found) {
        migration(tx, *version, text).await?;
    }
    Ok(())
}

async fn migration(tx: &mut Tx, version: i64, text: &str) -> Result<(), StoreError> {
    let (bytes, identity) = tx.dialect_words();
    let text: String = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let text = text.replace("{bytes}", bytes).replace("{identity}", identity);
    for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let statement = statement.to_owned();
        both!(tx, connection => sqlx::query(AssertSqlSafe(statement)).execute(connection).await.map(|_| ()))?;
    }
    both!(tx, connection => {
        sqlx::query("-- record migration\nINSERT INTO schema_version (version) VALUES ($1)")
            .bind(version).execute(connection).await.map(|_| ())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use zeroize::Zeroizing;

    use super::{MIGRATIONS, Migration, apply};
    use crate::testing::Postgres;
    use crate::tx::{Tx, both};
    use crate::{Keyring, Store, StoreError};

    /// The second breaks off after its first statement.
    const BROKEN: &[Migration] = &[MIGRATIONS[0], (2, "CREATE TABLE half (id BIGINT); CREATE TABLE half (id BIGINT);")];

    #[test]
    fn versions_are_consecutive() {
        assert!(MIGRATIONS.iter().zip(1..).all(|((version, _), expected)| *version == expected));
    }

    /// A migration that breaks off leaves nothing behind, the ones before it included.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_broken_migration_leaves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let sqlite = format!("sqlite://{}", folder.path().join("causeway.db").display());
        let postgres = Postgres::shared().unwrap().database("broken_migration").await.unwrap();
        for url in [sqlite, postgres] {
            let store = Store::open(&url, Keyring::new(&Zeroizing::new([1; 32])).into(), false).await.unwrap();
            let broken: Result<(), StoreError> = store.transaction("migrate", |tx| Box::pin(apply(tx, BROKEN))).await;
            assert!(matches!(broken, Err(StoreError::Database(_))), "{broken:?}");
            let left = store.transaction::<_, StoreError, _>("look", |tx| {
                Box::pin(async move {
                    Ok([tx.has_table("schema_version").await?, tx.has_table("conversations").await?, tx.has_table("half").await?])
                })
            });
            assert_eq!(left.await.unwrap(), [false; 3], "{url}");
            store.migrate().await.unwrap();
        }
    }

    /// A database of any earlier version gets what is new.
    #[tokio::test(flavor = "multi_thread")]
    async fn older_schemas_are_brought_up_to_date() {
        let folder = tempfile::TempDir::new().unwrap();
        for (count, migrations) in (1..MIGRATIONS.len()).map(|count| (count, &MIGRATIONS[..count])) {
            let sqlite = format!("sqlite://{}", folder.path().join(format!("{count}.db")).display());
            let postgres = Postgres::shared().unwrap().database(&format!("older_{count}")).await.unwrap();
            for url in [sqlite, postgres] {
                let store = Store::open(&url, Keyring::new(&Zeroizing::new([1; 32])).into(), false).await.unwrap();
                store.transaction::<_, StoreError, _>("migrate", |tx| Box::pin(apply(tx, migrations))).await.unwrap();
                assert!(matches!(store.check_schema().await, Err(StoreError::OlderSchema { .. })), "{url}");
                store.migrate().await.unwrap();
                store.check_schema().await.unwrap();
                let figures = store.transaction::<_, StoreError, _>("figures", |tx| Box::pin(tx.queue_figures()));
                assert!(figures.await.unwrap().is_empty());
            }
        }
    }

    /// What was stored before there were rows for each epoch is the head's, value for value.
    #[tokio::test(flavor = "multi_thread")]
    async fn values_of_a_group_become_its_heads() {
        let folder = tempfile::TempDir::new().unwrap();
        let sqlite = format!("sqlite://{}", folder.path().join("causeway.db").display());
        let postgres = Postgres::shared().unwrap().database("rows_per_epoch").await.unwrap();
        for url in [sqlite, postgres] {
            let store = Store::open(&url, Keyring::new(&Zeroizing::new([1; 32])).into(), false).await.unwrap();
            store.transaction::<_, StoreError, _>("before", |tx| Box::pin(before_rows_per_epoch(tx))).await.unwrap();
            store.migrate().await.unwrap();
            let rows = store.transaction::<_, StoreError, _>("after", |tx| {
                Box::pin(async move {
                    let mut rows = tx.group_values(1, &[7; 32]).await?;
                    rows.sort_by(|one, other| one.client_uri.cmp(&other.client_uri));
                    Ok((tx.kept_epochs(1).await?, tx.kept_epochs(2).await?, rows))
                })
            });
            let (kept, without_head, rows) = rows.await.unwrap();
            assert_eq!((kept, without_head), (vec![vec![7; 32]], Vec::new()), "{url}");
            let rows: Vec<_> = rows.into_iter().map(|row| (row.client_uri, row.key, row.value)).collect();
            let expected = [("", &b"public"[..]), (CLIENT, b"private")];
            assert_eq!(rows, expected.map(|(client, value)| (client.to_owned(), b"key".to_vec(), value.to_vec())), "{url}");
        }
    }

    const CLIENT: &str = "mimi://gw.test/d/alice/gateway-1";

    /// A group with a head, and one that somehow has none.
    async fn before_rows_per_epoch(tx: &mut Tx) -> Result<(), StoreError> {
        apply(tx, &MIGRATIONS[..5]).await?;
        for (id, head) in [(1i64, Some(vec![7u8; 32])), (2, None)] {
            both!(tx, connection => {
                sqlx::query(
                    "INSERT INTO conversations (id, version, kind, status, head_epoch_id, created_at, bookkeeping) \
                     VALUES ($1, 1, 'bridge', 'active', $2, 0, $3)",
                )
                .bind(id).bind(head).bind(vec![0u8]).execute(connection).await.map(|_| ())
            })?;
            for (client, value) in [("", b"public".to_vec()), (CLIENT, sealed_in_the_first_places(tx, id))] {
                both!(tx, connection => {
                    sqlx::query("INSERT INTO group_values (conversation_id, client_uri, key, value) VALUES ($1, $2, $3, $4)")
                        .bind(id).bind(client).bind(b"key".to_vec()).bind(value).execute(connection).await.map(|_| ())
                })?;
            }
        }
        Ok(())
    }

    fn sealed_in_the_first_places(tx: &Tx, id: i64) -> Vec<u8> {
        let row = [&id.to_be_bytes()[..], CLIENT.as_bytes(), b"\0key"].concat();
        tx.seal("group_values", &row, "value", b"private")
    }
}
