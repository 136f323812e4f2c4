//! What was received before, and what was answered.

use causeway_core::records::InboxRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// The answer given to what was received before.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn answer(&mut self, source: &str, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (Vec<u8>,)>("-- answer\nSELECT answer FROM inbox WHERE source = $1 AND digest = $2")
                .bind(source).bind(digest).fetch_optional(connection).await
        })?;
        Ok(found.map(|(answer,)| answer))
    }

    /// Remembers what was received, and what is answered.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_answer(&mut self, row: &InboxRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- insert answer\n\
                 INSERT INTO inbox (source, digest, answer, received_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (source, digest) DO NOTHING",
            )
            .bind(&row.source).bind(&row.digest).bind(&row.answer).bind(row.received_at).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// What was received before then is forgotten, with its answers.
    pub(crate) async fn forget_answers(&mut self, before: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- forget answers\nDELETE FROM inbox WHERE received_at < $1")
                .bind(before).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}
