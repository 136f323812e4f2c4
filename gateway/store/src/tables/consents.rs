//! Consents.

use causeway_core::records::ConsentRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores what is known of a consent.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_consent(&mut self, row: &ConsentRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put consent\n\
                 INSERT INTO consents (requester, target, room, conversation_id, status, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (requester, target, room, conversation_id) \
                 DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at",
            )
            .bind(&row.requester).bind(&row.target).bind(&row.room).bind(row.conversation_id.unwrap_or(0)).bind(&row.status)
            .bind(row.updated_at)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All that is known of consent between two users, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn consents(&mut self, requester: &str, target: &str) -> Result<Vec<ConsentRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, String, i64, String, i64)>(
                "-- consents\n\
                 SELECT requester, target, room, conversation_id, status, updated_at FROM consents \
                 WHERE requester = $1 AND target = $2 ORDER BY updated_at DESC",
            )
            .bind(requester).bind(target).fetch_all(connection).await
        })?;
        let row = |(requester, target, room, conversation_id, status, updated_at)| ConsentRow {
            requester,
            target,
            room,
            status,
            conversation_id: Some(conversation_id).filter(|id| *id != 0),
            updated_at,
        };
        Ok(found.into_iter().map(row).collect())
    }
}
