//! How long a conversation keeps secrets of past epochs.

use causeway_core::records::RetentionRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores what has been set for a conversation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_retention(&mut self, row: &RetentionRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put retention\n\
                 INSERT INTO retentions (conversation_id, epochs, age_ms, graph_window) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (conversation_id) DO UPDATE SET epochs = excluded.epochs, age_ms = excluded.age_ms, \
                 graph_window = excluded.graph_window",
            )
            .bind(row.conversation_id).bind(row.epochs).bind(row.age_ms).bind(row.graph_window)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// What has been set for a conversation; nothing if nothing has.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn retention(&mut self, conversation_id: i64) -> Result<RetentionRow, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (Option<i64>, Option<i64>, Option<i64>)>(
                "-- retention\nSELECT epochs, age_ms, graph_window FROM retentions WHERE conversation_id = $1",
            )
            .bind(conversation_id).fetch_optional(connection).await
        })?;
        let (epochs, age_ms, graph_window) = found.unwrap_or_default();
        Ok(RetentionRow { conversation_id, epochs, age_ms, graph_window })
    }
}
