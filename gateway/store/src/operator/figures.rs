//! Figures for monitoring: few rows, whatever the size of the database.

use crate::StoreError;
use crate::tx::{Tx, both};

/// What waits in the outbox, of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueFigure {
    /// What it is.
    pub kind: String,
    /// How many items.
    pub depth: i64,
    /// When the oldest was queued, ms.
    pub oldest: i64,
}

/// How many conversations there are of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomFigure {
    /// `waiting`, `active`, `paused` or `closed`.
    pub status: String,
    /// `our_hub` or `foreign_hub`.
    pub topology: Option<String>,
    /// How many.
    pub count: i64,
}

impl Tx {
    /// The outbox by kind. What waits for nobody but its time is no backlog.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn queue_figures(&mut self) -> Result<Vec<QueueFigure>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, i64, i64)>(
                "-- queue figures\nSELECT kind, COUNT(*), MIN(queued_at) FROM outbox WHERE kind <> 'forget' \
                 GROUP BY kind ORDER BY kind",
            )
            .fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(kind, depth, oldest)| QueueFigure { kind, depth, oldest }).collect())
    }

    /// The conversations by status and topology.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn room_figures(&mut self) -> Result<Vec<RoomFigure>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, Option<String>, i64)>(
                "-- room figures\nSELECT status, topology, COUNT(*) FROM conversations GROUP BY status, topology ORDER BY status, topology",
            )
            .fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(status, topology, count)| RoomFigure { status, topology, count }).collect())
    }
}
