//! Migrations, embedded and append-only.

use sqlx::AssertSqlSafe;

use crate::tx::{Tx, both};
use crate::{Store, StoreError};

const MIGRATIONS: &[(i64, &str)] = &[(1, include_str!("../migrations/0001_first.sql"))];

impl Store {
    /// Brings the schema up to date. Twice is once.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        self.transaction("migrate", |tx| Box::pin(apply(tx))).await
    }
}

async fn apply(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)").await?;
    tx.lock_schema().await?;
    let found = both!(tx, connection => {
        sqlx::query_as::<_, (Option<i64>,)>("-- schema version\nSELECT MAX(version) FROM schema_version").fetch_one(connection).await
    })?;
    let found = found.0.unwrap_or(0);
    let newest = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if found > newest {
        return Err(StoreError::NewerSchema { found, newest });
    }
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        let (bytes, identity) = tx.dialect_words();
        let text: String = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let text = text.replace("{bytes}", bytes).replace("{identity}", identity);
        for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            let statement = statement.to_owned();
            both!(tx, connection => sqlx::query(AssertSqlSafe(statement)).execute(connection).await.map(|_| ()))?;
        }
        let version = *version;
        both!(tx, connection => {
            sqlx::query("-- record migration\nINSERT INTO schema_version (version) VALUES ($1)")
                .bind(version).execute(connection).await.map(|_| ())
        })?;
    }
    Ok(())
}
