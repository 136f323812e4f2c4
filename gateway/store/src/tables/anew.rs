//! Whose graph the group of a conversation begins anew with.

use causeway_core::records::AnewRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores whose it is, in place of what was there; or that there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn replace_anew(&mut self, conversation_id: i64, row: Option<&AnewRow>) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- forget anew\nDELETE FROM anew WHERE conversation_id = $1")
                .bind(conversation_id).execute(connection).await.map(|_| ())
        })?;
        let Some(row) = row else { return Ok(()) };
        both!(self, connection => {
            sqlx::query("-- insert anew\nINSERT INTO anew (conversation_id, provider, since) VALUES ($1, $2, $3)")
                .bind(conversation_id).bind(&row.provider).bind(row.since)
                .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Whose it is, if somebody's.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn anew(&mut self, conversation_id: i64) -> Result<Option<AnewRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, i64)>("-- anew\nSELECT provider, since FROM anew WHERE conversation_id = $1")
                .bind(conversation_id).fetch_optional(connection).await
        })?;
        Ok(found.map(|(provider, since)| AnewRow { provider, since }))
    }
}
