//! What is known of other servers.

use causeway_core::records::ServerKeyRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// The verification keys of all homeservers.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn server_key_lines(&mut self) -> Result<Vec<ServerKeyRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, Vec<u8>, i64, Option<i64>)>(
                "-- server key lines\n\
                 SELECT server_name, key_id, public_key, valid_until, expired_at FROM server_keys ORDER BY server_name, key_id",
            )
            .fetch_all(connection).await
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
