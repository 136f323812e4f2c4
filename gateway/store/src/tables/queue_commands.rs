//! What operators do with the outbox.

use crate::StoreError;
use crate::tx::{Tx, both};

/// An item as an operator's command sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its number.
    pub id: i64,
    /// Its lane.
    pub lane: String,
    /// What it is.
    pub kind: String,
    /// The conversation.
    pub conversation_id: Option<i64>,
    /// Leased until, ms; 0 for not.
    pub leased_until: i64,
}

impl Tx {
    /// An item that waits.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn queued(&mut self, id: i64) -> Result<Option<Queued>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64, String, String, Option<i64>, i64)>(
                "-- queued item\nSELECT id, lane, kind, conversation_id, leased_until FROM outbox WHERE id = $1",
            )
            .bind(id).fetch_optional(connection).await
        })?;
        let item = |(id, lane, kind, conversation_id, leased_until)| Queued { id, lane, kind, conversation_id, leased_until };
        Ok(found.map(item))
    }

    /// How many items wait in a lane.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lane_depth(&mut self, lane: &str) -> Result<i64, StoreError> {
        let (count,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- lane depth\nSELECT COUNT(*) FROM outbox WHERE lane = $1")
                .bind(lane).fetch_one(connection).await
        })?;
        Ok(count)
    }

    /// What waits in a lane is due now; what is being sent stays as it is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn retry_lane(&mut self, lane: &str) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- retry lane\nUPDATE outbox SET not_before = 0 WHERE lane = $1 AND leased_until = 0")
                .bind(lane).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}
