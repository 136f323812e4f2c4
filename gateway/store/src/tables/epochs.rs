//! Epochs: the public history of a group, never deleted.

use causeway_core::records::EpochRow;

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (i64, Vec<u8>, Option<Vec<u8>>, i64, Vec<u8>, String, String, Option<String>, Vec<u8>, i64);

impl Tx {
    /// Stores an epoch, which becomes the head.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_epoch(&mut self, epoch: &EpochRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- head is past\nUPDATE epochs SET status = 'past' WHERE conversation_id = $1 AND status = 'head'")
                .bind(epoch.conversation_id).execute(connection).await.map(|_| ())
        })?;
        both!(self, connection => {
            sqlx::query(
                "-- insert epoch\n\
                 INSERT INTO epochs (conversation_id, epoch_id, parent_epoch_id, number, confirmation_tag, status, origin, \
                 committer, commit_message, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 ON CONFLICT (conversation_id, epoch_id) DO UPDATE SET status = excluded.status, \
                 confirmation_tag = excluded.confirmation_tag, commit_message = excluded.commit_message",
            )
            .bind(epoch.conversation_id).bind(&epoch.epoch_id).bind(&epoch.parent_epoch_id).bind(epoch.number)
            .bind(&epoch.confirmation_tag).bind(&epoch.status).bind(&epoch.origin).bind(&epoch.committer).bind(&epoch.commit)
            .bind(epoch.created_at)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All epochs of a conversation, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn epochs(&mut self, conversation_id: i64) -> Result<Vec<EpochRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- epochs\n\
                 SELECT conversation_id, epoch_id, parent_epoch_id, number, confirmation_tag, status, origin, committer, \
                 commit_message, created_at FROM epochs WHERE conversation_id = $1 ORDER BY number, created_at",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(row).collect())
    }
}

fn row(columns: Columns) -> EpochRow {
    let (conversation_id, epoch_id, parent_epoch_id, number, confirmation_tag, status, origin, committer, commit, created_at) =
        columns;
    EpochRow { conversation_id, epoch_id, parent_epoch_id, number, confirmation_tag, status, origin, committer, commit, created_at }
}
