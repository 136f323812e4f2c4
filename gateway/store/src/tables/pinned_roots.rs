//! Pinned roots of providers' credentials.

use causeway_core::records::PinnedRootRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Pins a root, or notes that it has been seen again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_pinned_root(&mut self, row: &PinnedRootRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put pinned root\n\
                 INSERT INTO pinned_roots (domain, root, first_seen, last_seen) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (domain, root) DO UPDATE SET last_seen = excluded.last_seen",
            )
            .bind(&row.domain).bind(&row.root).bind(row.first_seen).bind(row.last_seen).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All pinned roots.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn pinned_roots(&mut self) -> Result<Vec<PinnedRootRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, Vec<u8>, i64, i64)>(
                "-- pinned roots\nSELECT domain, root, first_seen, last_seen FROM pinned_roots ORDER BY domain, first_seen",
            )
            .fetch_all(connection).await
        })?;
        let row = |(domain, root, first_seen, last_seen)| PinnedRootRow { domain, root, first_seen, last_seen };
        Ok(found.into_iter().map(row).collect())
    }
}
