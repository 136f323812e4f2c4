//! Verification keys of other homeservers.

use causeway_core::records::ServerKeyRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores a key.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_server_key(&mut self, row: &ServerKeyRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put server key\n\
                 INSERT INTO server_keys (server_name, key_id, public_key, valid_until, expired_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (server_name, key_id) DO UPDATE SET valid_until = excluded.valid_until, \
                 expired_at = excluded.expired_at",
            )
            .bind(&row.server_name).bind(&row.key_id).bind(&row.public_key).bind(row.valid_until).bind(row.expired_at)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All keys of a homeserver.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn server_keys(&mut self, server_name: &str) -> Result<Vec<ServerKeyRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, Vec<u8>, i64, Option<i64>)>(
                "-- server keys\n\
                 SELECT server_name, key_id, public_key, valid_until, expired_at FROM server_keys WHERE server_name = $1",
            )
            .bind(server_name).fetch_all(connection).await
        })?;
        let row = |(server_name, key_id, public_key, valid_until, expired_at)| ServerKeyRow {
            server_name,
            key_id,
            public_key,
            valid_until,
            expired_at,
        };
        Ok(found.into_iter().map(row).collect())
    }
}
