//! Which way each peer of a room without a hub is told something.

use causeway_core::records::PeerPathRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores the ways to all peers of a conversation, in place of those that were there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn replace_peer_paths(&mut self, conversation_id: i64, rows: &[PeerPathRow]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- forget peer paths\nDELETE FROM peer_paths WHERE conversation_id = $1")
                .bind(conversation_id).execute(connection).await.map(|_| ())
        })?;
        for row in rows {
            both!(self, connection => {
                sqlx::query(
                    "-- insert peer path\n\
                     INSERT INTO peer_paths (conversation_id, provider, path, matrix_room_id) VALUES ($1, $2, $3, $4)",
                )
                .bind(conversation_id).bind(&row.provider).bind(&row.path).bind(&row.matrix_room_id)
                .execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// The ways to the peers of a conversation, by provider.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn peer_paths(&mut self, conversation_id: i64) -> Result<Vec<PeerPathRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, Option<String>)>(
                "-- peer paths\nSELECT provider, path, matrix_room_id FROM peer_paths WHERE conversation_id = $1 ORDER BY provider",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        let row = |(provider, path, matrix_room_id)| PeerPathRow { provider, path, matrix_room_id };
        Ok(found.into_iter().map(row).collect())
    }

    /// How many events of a type each user has sent in a room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn events_by_sender(&mut self, room_id: &str, event_type: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as(
                "-- events by sender\n\
                 SELECT sender, COUNT(*) FROM events WHERE room_id = $1 AND event_type = $2 GROUP BY sender ORDER BY sender",
            )
            .bind(room_id).bind(event_type).fetch_all(connection).await
        })?;
        Ok(found)
    }
}
