//! What stays in a database, and what is written on the way.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::usage::Usage;

/// The gateway's database, seen from outside.
pub(super) enum Disk {
    /// A file, and the process that writes it.
    Sqlite(PathBuf, Usage),
    /// A server by its URL.
    Postgres(String),
}

impl Disk {
    /// The size of its tables and indices without the room of what was deleted, bytes.
    pub(super) async fn kept(&self) -> Result<u64> {
        match self {
            Self::Sqlite(file, _) => copied(file).await,
            Self::Postgres(url) => {
                let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
                sqlx::raw_sql("VACUUM FULL").execute(&mut connection).await?;
                let tables = "SELECT SUM(pg_total_relation_size(oid))::bigint FROM pg_class \
                              WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
                let size: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
                connection.close().await?;
                Ok(size.try_into()?)
            }
        }
    }

    /// What was written so far: of PostgreSQL its log (WAL), of SQLite all that the gateway had written, bytes.
    pub(super) async fn written(&self) -> Result<u64> {
        match self {
            Self::Sqlite(_, gateway) => gateway.written(),
            Self::Postgres(url) => {
                let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
                let position = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";
                let written: i64 = sqlx::query_scalar(position).fetch_one(&mut connection).await?;
                connection.close().await?;
                Ok(written.try_into()?)
            }
        }
    }
}

/// The size of a copy without gaps.
async fn copied(file: &Path) -> Result<u64> {
    let folder = tempfile::tempdir_in(file.parent().unwrap_or(Path::new(".")))?;
    let copy = folder.path().join("copy.db");
    let mut connection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    sqlx::query("VACUUM INTO ?").bind(copy.to_string_lossy().into_owned()).execute(&mut connection).await?;
    connection.close().await?;
    Ok(std::fs::metadata(copy)?.len())
}
