//! Epochs without their commits.

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns =
    (Vec<u8>, Option<Vec<u8>>, i64, String, String, Option<String>, i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

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
    /// The slice that its key is under, or was last; none where own clients never held secrets of it.
    pub slice: Option<i64>,
    /// When its key was deleted, ms; none while its secrets are kept.
    pub forgotten_at: Option<i64>,
    /// When the slice that its key was under last was destroyed, ms: since then no copy of it is of use.
    pub destroyed_at: Option<i64>,
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
                 SELECT epochs.epoch_id, parent_epoch_id, number, epochs.status, origin, committer, created_at, epoch_keys.slice, \
                 last_slice, forgotten_at, destroyed_at FROM epochs \
                 LEFT JOIN epoch_keys ON epoch_keys.conversation_id = epochs.conversation_id \
                 AND epoch_keys.epoch_id = epochs.epoch_id LEFT JOIN slices ON slices.id = last_slice \
                 WHERE epochs.conversation_id = $1 ORDER BY number, created_at, epochs.epoch_id",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(line).collect())
    }
}

fn line(columns: Columns) -> EpochLine {
    let (
        epoch_id,
        parent_epoch_id,
        number,
        status,
        origin,
        committer,
        created_at,
        kept_under,
        last_slice,
        forgotten_at,
        destroyed_at,
    ) = columns;
    // One that came back is kept, whatever was before.
    let is_kept = kept_under.is_some();
    EpochLine {
        epoch_id,
        parent_epoch_id,
        number,
        status,
        origin,
        committer,
        created_at,
        slice: kept_under.or(last_slice),
        forgotten_at: forgotten_at.filter(|_| !is_kept),
        destroyed_at: destroyed_at.filter(|_| !is_kept),
    }
}
