//! The outbox without its sealed bodies.

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (i64, String, String, Option<i64>, i64, i64, i64, i64, Option<i64>, Option<String>);

/// An item that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLine {
    /// Its number: the order in its lane.
    pub id: i64,
    /// Its lane.
    pub lane: String,
    /// What it is.
    pub kind: String,
    /// The conversation.
    pub conversation_id: Option<i64>,
    /// Attempts so far.
    pub attempts: i64,
    /// When it was queued, ms; 0 if nobody noted it.
    pub queued_at: i64,
    /// Not to be tried before, ms.
    pub not_before: i64,
    /// Leased until, ms; 0 for not.
    pub leased_until: i64,
    /// The batch it was sent in.
    pub batch: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

impl Tx {
    /// All that waits, by lane, in order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn queue_lines(&mut self) -> Result<Vec<QueueLine>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- queue lines\n\
                 SELECT id, lane, kind, conversation_id, attempts, queued_at, not_before, leased_until, batch, last_error FROM outbox \
                 ORDER BY lane, id",
            )
            .fetch_all(connection).await
        })?;
        let line = |(id, lane, kind, conversation_id, attempts, queued_at, not_before, leased_until, batch, last_error)| {
            QueueLine { id, lane, kind, conversation_id, attempts, queued_at, not_before, leased_until, batch, last_error }
        };
        Ok(found.into_iter().map(line).collect())
    }
}
