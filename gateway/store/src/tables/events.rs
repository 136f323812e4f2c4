//! Events of Matrix rooms.

use causeway_core::records::EventRow;

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (i64, String, String, String, Option<String>, String, i64, i64, String, Option<Vec<u8>>, Option<String>, i64, i64);

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- ",
            $name,
            "\n",
            "SELECT stream, event_id, room_id, event_type, state_key, sender, depth, origin_server_ts, json, state_before, ",
            "rejected, soft_failed, outlier FROM events ",
            $rest
        )
    };
}

fn row(columns: Columns) -> EventRow {
    let (
        stream,
        event_id,
        room_id,
        event_type,
        state_key,
        sender,
        depth,
        origin_server_ts,
        json,
        state_before,
        rejected,
        soft,
        outlier,
    ) = columns;
    EventRow {
        event_id,
        room_id,
        stream,
        event_type,
        state_key,
        sender,
        depth,
        origin_server_ts,
        json,
        state_before,
        rejected,
        soft_failed: soft != 0,
        outlier: outlier != 0,
    }
}

impl Tx {
    /// Stores an event. An outlier that becomes part of the graph is completed; anything else known stays as it is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_event(&mut self, event: &EventRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put event\n\
                 INSERT INTO events (event_id, room_id, event_type, state_key, sender, depth, origin_server_ts, json, \
                 state_before, rejected, soft_failed, outlier) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                 ON CONFLICT (event_id) DO UPDATE SET state_before = excluded.state_before, rejected = excluded.rejected, \
                 soft_failed = excluded.soft_failed, outlier = excluded.outlier WHERE events.outlier = 1",
            )
            .bind(&event.event_id).bind(&event.room_id).bind(&event.event_type).bind(&event.state_key).bind(&event.sender)
            .bind(event.depth).bind(event.origin_server_ts).bind(&event.json).bind(&event.state_before).bind(&event.rejected)
            .bind(i64::from(event.soft_failed)).bind(i64::from(event.outlier))
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// An event by its id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn event(&mut self, event_id: &str) -> Result<Option<EventRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(select!("event", "WHERE event_id = $1")).bind(event_id).fetch_optional(connection).await
        })?;
        Ok(found.map(row))
    }

    /// What a room is restored from: its state events, outliers and extremities, in order of arrival.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn events_for_state(&mut self, room_id: &str) -> Result<Vec<EventRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(select!(
                "events for state",
                "WHERE room_id = $1 AND (state_key IS NOT NULL OR outlier = 1 OR event_id IN \
                 (SELECT event_id FROM extremities WHERE room_id = $1)) ORDER BY stream"
            ))
            .bind(room_id).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(row).collect())
    }
}
