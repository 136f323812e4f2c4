//! Epochs without their commits.

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (Vec<u8>, Option<Vec<u8>>, i64, String, String, Option<String>, i64);

/// An epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochLine {
    /// Its `EpochId`.
    pub epoch_id: Vec<u8>,
    /// Its parent's; none where this gateway's knowledge begins.
    pub parent_epoch_id: Option<Vec<u8>>,
    /// Its number; repeats in a fork.
    pub number: i64,
    /// `head` or `past`.
    pub status: String,
    /// `created`, `committed`, `joined_by_welcome`, `joined_externally`.
    pub origin: String,
    /// The committer's client URI.
    pub committer: Option<String>,
    /// When it was stored, ms.
    pub created_at: i64,
}

impl Tx {
    /// The epochs of a conversation, in order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn epoch_lines(&mut self, conversation_id: i64) -> Result<Vec<EpochLine>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- epoch lines\n\
                 SELECT epoch_id, parent_epoch_id, number, status, origin, committer, created_at FROM epochs \
                 WHERE conversation_id = $1 ORDER BY number, created_at, epoch_id",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        let line = |(epoch_id, parent_epoch_id, number, status, origin, committer, created_at)| EpochLine {
            epoch_id,
            parent_epoch_id,
            number,
            status,
            origin,
            committer,
            created_at,
        };
        Ok(found.into_iter().map(line).collect())
    }
}
