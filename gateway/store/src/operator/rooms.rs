//! Conversations without their sealed bookkeeping.

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (
    i64,
    i64,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<i64>,
    i64,
);

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomLine {
    /// The conversation's id.
    pub id: i64,
    /// How often it has been stored.
    pub version: i64,
    /// `bridge` or `consent`.
    pub kind: String,
    /// `waiting`, `active`, `paused` or `closed`.
    pub status: String,
    /// `our_hub` or `foreign_hub`.
    pub topology: Option<String>,
    /// The Matrix room.
    pub matrix_room_id: Option<String>,
    /// Its version.
    pub room_version: Option<String>,
    /// The MIMI room.
    pub mimi_room: Option<String>,
    /// The provider that orders it.
    pub hub: Option<String>,
    /// The MLS group id.
    pub group_id: Option<Vec<u8>>,
    /// The head's `EpochId`.
    pub head_epoch_id: Option<Vec<u8>>,
    /// The head's number.
    pub head_number: Option<i64>,
    /// When it began, ms.
    pub created_at: i64,
}

impl Tx {
    /// All conversations, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn room_lines(&mut self) -> Result<Vec<RoomLine>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- room lines\n\
                 SELECT id, version, kind, status, topology, matrix_room_id, room_version, mimi_room, hub, group_id, \
                 head_epoch_id, head_number, created_at FROM conversations ORDER BY id",
            )
            .fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(line).collect())
    }
}

fn line(columns: Columns) -> RoomLine {
    let (id, version, kind, status, topology, matrix_room_id, room_version, mimi_room, hub, group_id, head, number, at) = columns;
    RoomLine {
        id,
        version,
        kind,
        status,
        topology,
        matrix_room_id,
        room_version,
        mimi_room,
        hub,
        group_id,
        head_epoch_id: head,
        head_number: number,
        created_at: at,
    }
}
