//! Pairs of Matrix events and MIMI messages.

use causeway_core::records::MessageRow;

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns =
    (String, Vec<u8>, i64, Vec<u8>, String, String, String, String, String, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>);

impl Tx {
    /// Stores a pair, or what has become known of it since.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_message(&mut self, row: &MessageRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put message\n\
                 INSERT INTO messages (conversation_id, event_id, message_id, part, first_message_id, first_event_id, kind, \
                 matrix_sender, mimi_sender, direction, hub_timestamp, epoch_id, frank) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
                 ON CONFLICT (conversation_id, event_id) DO UPDATE SET hub_timestamp = excluded.hub_timestamp, \
                 epoch_id = excluded.epoch_id",
            )
            .bind(row.conversation_id).bind(&row.event_id).bind(&row.message_id).bind(i64::from(row.part))
            .bind(&row.first_message_id).bind(&row.first_event_id).bind(&row.kind).bind(&row.matrix_sender)
            .bind(&row.mimi_sender).bind(&row.direction).bind(row.hub_timestamp).bind(&row.epoch_id).bind(&row.frank)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All pairs of a conversation, in order of the first hub timestamp known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn messages(&mut self, conversation_id: i64) -> Result<Vec<MessageRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- messages\n\
                 SELECT event_id, message_id, part, first_message_id, first_event_id, kind, matrix_sender, mimi_sender, direction, \
                 hub_timestamp, epoch_id, frank FROM messages WHERE conversation_id = $1 ORDER BY hub_timestamp IS NULL, \
                 hub_timestamp, event_id",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|columns| row(conversation_id, columns)).collect())
    }

    /// All pairs, in any conversation, of an event or of a message, with what refers to it: parts, edits, reactions.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn messages_about(&mut self, event_id: &str, message_id: &[u8]) -> Result<Vec<MessageRow>, StoreError> {
        let conversations = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>(
                "-- conversations of a message\n\
                 SELECT DISTINCT conversation_id FROM messages WHERE event_id = $1 OR first_event_id = $1 OR message_id = $2 OR \
                 first_message_id = $2 ORDER BY conversation_id",
            )
            .bind(event_id).bind(message_id).fetch_all(connection).await
        })?;
        let mut found = Vec::new();
        for (conversation_id,) in conversations {
            let is_about = |row: &MessageRow| {
                row.event_id == event_id
                    || row.first_event_id == event_id
                    || row.message_id == message_id
                    || row.first_message_id == message_id
            };
            found.extend(self.messages(conversation_id).await?.into_iter().filter(is_about));
        }
        Ok(found)
    }
}

fn row(conversation_id: i64, columns: Columns) -> MessageRow {
    let (
        event_id,
        message_id,
        part,
        first_message_id,
        first_event_id,
        kind,
        matrix_sender,
        mimi_sender,
        direction,
        at,
        epoch,
        frank,
    ) = columns;
    MessageRow {
        conversation_id,
        event_id,
        message_id,
        part: part as i32,
        first_message_id,
        first_event_id,
        kind,
        matrix_sender,
        mimi_sender,
        direction,
        hub_timestamp: at,
        epoch_id: epoch,
        frank,
    }
}
