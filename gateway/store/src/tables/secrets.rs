//! The gateway's own keys.

use zeroize::Zeroizing;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// A secret by its name.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn secret(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let row = both!(self, connection => {
            sqlx::query_as::<_, (Vec<u8>,)>("-- secret\nSELECT value FROM secrets WHERE name = $1")
                .bind(name).fetch_optional(connection).await
        })?;
        row.map(|(value,)| self.open("secrets", name.as_bytes(), "value", &value).map(Zeroizing::new)).transpose()
    }

    /// Stores a secret that was not there before.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_secret(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let sealed = self.seal("secrets", name.as_bytes(), "value", value);
        both!(self, connection => {
            sqlx::query("-- insert secret\nINSERT INTO secrets (name, value) VALUES ($1, $2)")
                .bind(name).bind(sealed).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}
