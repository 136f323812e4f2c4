//! State maps, stored once under their hash.

use causeway_core::records::StateMapRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores a state map, if it is not there already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_state_map(&mut self, map: &StateMapRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- put state map\nINSERT INTO state_maps (hash, body) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING")
                .bind(&map.hash).bind(&map.body).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// The body of a state map.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn state_map(&mut self, hash: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (Vec<u8>,)>("-- state map\nSELECT body FROM state_maps WHERE hash = $1")
                .bind(hash).fetch_optional(connection).await
        })?;
        Ok(found.map(|(body,)| body))
    }
}
