//! One row in a transaction of its own, on the disk when it is done, with the settings that the gateway has.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Result;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, SqlitePool};

/// Where the rows go.
pub(super) enum Rows {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Where a database is made for them.
pub(in crate::bench) enum Place {
    /// This file, beside the gateway's.
    Sqlite(PathBuf),
    /// In the cluster of this URL, beside the gateway's.
    Postgres(String),
}

impl Rows {
    pub(super) async fn open(place: &Place) -> Result<Self> {
        match place {
            Place::Sqlite(file) => {
                let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
                let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
                let pool = SqlitePoolOptions::new().connect_with(options).await?;
                sqlx::query("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)").execute(&pool).await?;
                Ok(Self::Sqlite(pool))
            }
            Place::Postgres(url) => {
                let options = PgConnectOptions::from_str(url)?;
                let mut connection = options.connect().await?;
                sqlx::query("CREATE DATABASE floor").execute(&mut connection).await?;
                connection.close().await?;
                let pool = PgPoolOptions::new().connect_with(options.database("floor")).await?;
                let table = "CREATE TABLE rows (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body BYTEA NOT NULL)";
                sqlx::query(table).execute(&pool).await?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    /// Stores one.
    pub(super) async fn store(&self, body: &[u8]) -> Result<()> {
        let statement = "INSERT INTO rows (body) VALUES ($1)";
        match self {
            Self::Sqlite(pool) => sqlx::query(statement).bind(body).execute(pool).await.map(|_| ())?,
            Self::Postgres(pool) => sqlx::query(statement).bind(body).execute(pool).await.map(|_| ())?,
        }
        Ok(())
    }
}
