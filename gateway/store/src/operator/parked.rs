//! What is parked, without its sealed bodies.

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (i64, String, String, String, Option<i64>, i64, String, String, i64, i64, i64);

/// Something that is parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedLine {
    /// Its number.
    pub id: i64,
    /// What it is: `event`, `effect`, `fanout` or `delivery`.
    pub kind: String,
    /// Where it came from, or the lane it was in.
    pub source: String,
    /// The event, the room, or the kind of delivery.
    pub subject: String,
    /// The conversation.
    pub conversation_id: Option<i64>,
    /// As many bytes, sealed.
    pub octets: i64,
    /// Why: the code,
    pub code: String,
    /// in words.
    pub reason: String,
    /// Since when, ms.
    pub parked_at: i64,
    /// Whether later inputs of the conversation wait for it.
    pub holds_back: bool,
    /// How often it has been replayed in vain.
    pub replays: i64,
}

impl Tx {
    /// All that is parked, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn parked_lines(&mut self) -> Result<Vec<ParkedLine>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- parked lines\n\
                 SELECT id, kind, source, subject, conversation_id, CAST(length(body) AS BIGINT), code, reason, parked_at, \
                 holds_back, replays FROM parked ORDER BY id",
            )
            .fetch_all(connection).await
        })?;
        let line =
            |(id, kind, source, subject, conversation_id, octets, code, reason, parked_at, holds_back, replays)| ParkedLine {
                id,
                kind,
                source,
                subject,
                conversation_id,
                octets,
                code,
                reason,
                parked_at,
                holds_back: holds_back != 0,
                replays,
            };
        Ok(found.into_iter().map(line).collect())
    }
}
