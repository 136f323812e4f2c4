//! Migrations, embedded and append-only.

use std::cmp::Ordering;

use sqlx::AssertSqlSafe;

use crate::tx::{Tx, both};
use crate::{Store, StoreError};

const MIGRATIONS: &[(i64, &str)] =
    &[(1, include_str!("../migrations/0001_first.sql")), (3, include_str!("../migrations/0003_loss_codes.sql")), (4, include_str!("../migrations/0004_parked.sql"))];

impl Store {
    /// Brings the schema up to date. Twice is once.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        self.transaction("migrate", |tx| Box::pin(apply(tx))).await
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
async fn found(tx: &mut Tx, may_be_missing: bool) -> Result<i64, StoreError> {
    if may_be_missing && !tx.has_schema_table().await? {
        return Ok(0);
    }
    let found = both!(tx, connection => {
        sqlx::query_as::<_, (Option<i64>,)>("-- schema version\nSELECT MAX(version) FROM schema_version").fetch_one(connection).await
    })?;
    Ok(found.0.unwrap_or(0))
}

async fn apply(tx: &mut Tx) -> Result<(), StoreError> {
    tx.lock_schema().await?;
    tx.execute("-- schema version table\nCREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)").await?;
    let (found, newest) = (found(tx, false).await?, newest());
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
