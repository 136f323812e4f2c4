//! Conversations.

use causeway_core::records::ConversationRow;

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
    Vec<u8>,
    i64,
);

/// Every statement reads the same columns, in the order of [`Columns`].
macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- ",
            $name,
            "\n",
            "SELECT id, version, kind, status, topology, matrix_room_id, room_version, mimi_room, hub, group_id, ",
            "head_epoch_id, head_number, created_at, bookkeeping, resync FROM conversations ",
            $rest
        )
    };
}

const SEALED: (&str, &str) = ("conversations", "bookkeeping");

impl Tx {
    fn conversation_row(&self, columns: Columns) -> Result<ConversationRow, StoreError> {
        let (
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
            head,
            number,
            at,
            sealed,
            resync,
        ) = columns;
        Ok(ConversationRow {
            bookkeeping: self.open(SEALED.0, &id.to_be_bytes(), SEALED.1, &sealed)?,
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
            resync: resync != 0,
        })
    }

    /// A conversation, locked until the transaction ends.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lock_conversation(&mut self, id: i64) -> Result<Option<ConversationRow>, StoreError> {
        let text = match self.is_postgres() {
            true => select!("lock conversation", "WHERE id = $1 FOR UPDATE"),
            false => select!("lock conversation", "WHERE id = $1"),
        };
        let row = both!(self, connection => sqlx::query_as::<_, Columns>(text).bind(id).fetch_optional(connection).await)?;
        row.map(|columns| self.conversation_row(columns)).transpose()
    }

    /// The id of a Matrix room's conversation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn conversation_of_matrix_room(&mut self, room_id: &str) -> Result<Option<i64>, StoreError> {
        let row = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- conversation of matrix room\nSELECT id FROM conversations WHERE matrix_room_id = $1")
                .bind(room_id).fetch_optional(connection).await
        })?;
        Ok(row.map(|(id,)| id))
    }

    /// The version of a Matrix room that is bridged, or about to be, from public columns alone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn room_version(&mut self, room_id: &str) -> Result<Option<String>, StoreError> {
        let row = both!(self, connection => {
            sqlx::query_as::<_, (Option<String>,)>("-- room version\nSELECT room_version FROM conversations WHERE matrix_room_id = $1")
                .bind(room_id).fetch_optional(connection).await
        })?;
        Ok(row.and_then(|(version,)| version))
    }

    /// The hub of a MIMI room's conversation, from public columns alone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn hub_of(&mut self, room: &str) -> Result<Option<(i64, Option<String>)>, StoreError> {
        let row = both!(self, connection => {
            sqlx::query_as("-- hub of mimi room\nSELECT id, hub FROM conversations WHERE mimi_room = $1")
                .bind(room).fetch_optional(connection).await
        })?;
        Ok(row)
    }

    /// The id of a MIMI room's conversation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn conversation_of_mimi_room(&mut self, room: &str) -> Result<Option<i64>, StoreError> {
        let row = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- conversation of mimi room\nSELECT id FROM conversations WHERE mimi_room = $1")
                .bind(room).fetch_optional(connection).await
        })?;
        Ok(row.map(|(id,)| id))
    }

    /// All conversations, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn conversations(&mut self) -> Result<Vec<ConversationRow>, StoreError> {
        let rows = both!(self, connection => {
            sqlx::query_as::<_, Columns>(select!("conversations", "ORDER BY id")).fetch_all(connection).await
        })?;
        rows.into_iter().map(|columns| self.conversation_row(columns)).collect()
    }

    /// Stores a new conversation; gives its id.
    ///
    /// # Errors
    /// If one of the same room is there already, or the database fails.
    pub async fn insert_conversation(&mut self, row: &ConversationRow) -> Result<i64, StoreError> {
        let (id,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>(
                "-- insert conversation\n\
                 INSERT INTO conversations (version, kind, status, created_at, bookkeeping) VALUES (0, $1, $2, $3, $4) RETURNING id",
            )
            .bind(&row.kind).bind(&row.status).bind(row.created_at).bind(Vec::<u8>::new()).fetch_one(connection).await
        })?;
        self.update_conversation(&ConversationRow { id, version: 0, ..row.clone() }).await?;
        Ok(id)
    }

    /// Stores a conversation that was loaded at `row.version`; the stored version is one more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it has changed meanwhile.
    pub async fn update_conversation(&mut self, row: &ConversationRow) -> Result<(), StoreError> {
        let sealed = self.seal(SEALED.0, &row.id.to_be_bytes(), SEALED.1, &row.bookkeeping);
        let changed = both!(self, connection => {
            sqlx::query(
                "-- update conversation\n\
                 UPDATE conversations SET version = version + 1, kind = $3, status = $4, topology = $5, matrix_room_id = $6, \
                 room_version = $7, mimi_room = $8, hub = $9, group_id = $10, head_epoch_id = $11, head_number = $12, \
                 bookkeeping = $13, resync = $14 WHERE id = $1 AND version = $2",
            )
            .bind(row.id).bind(row.version).bind(&row.kind).bind(&row.status).bind(&row.topology).bind(&row.matrix_room_id)
            .bind(&row.room_version).bind(&row.mimi_room).bind(&row.hub).bind(&row.group_id).bind(&row.head_epoch_id)
            .bind(row.head_number).bind(sealed).bind(i64::from(row.resync))
            .execute(connection).await.map(|done| done.rows_affected())
        })?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }
}
