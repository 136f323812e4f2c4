//! Forward extremities.

use causeway_core::records::ExtremityRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Replaces a room's extremities.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn replace_extremities(&mut self, room_id: &str, rows: &[ExtremityRow]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- clear extremities\nDELETE FROM extremities WHERE room_id = $1")
                .bind(room_id).execute(connection).await.map(|_| ())
        })?;
        for row in rows {
            both!(self, connection => {
                sqlx::query("-- insert extremity\nINSERT INTO extremities (room_id, event_id, state_after) VALUES ($1, $2, $3)")
                    .bind(&row.room_id).bind(&row.event_id).bind(&row.state_after).execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// A room's extremities.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn extremities(&mut self, room_id: &str) -> Result<Vec<ExtremityRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, Vec<u8>)>(
                "-- extremities\nSELECT room_id, event_id, state_after FROM extremities WHERE room_id = $1 ORDER BY event_id",
            )
            .bind(room_id).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(room_id, event_id, state_after)| ExtremityRow { room_id, event_id, state_after }).collect())
    }
}
