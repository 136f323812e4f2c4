//! Slices, and what is under them.

use crate::StoreError;
use crate::tx::{Tx, both};

/// A slice that is needed still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceLine {
    /// Its number.
    pub id: i64,
    /// `active`, or `retired`: then it goes as soon as nothing is under it.
    pub status: String,
    /// When it was made, ms.
    pub made_at: i64,
    /// Keys of epochs and KeyPackages that are under it.
    pub keys: i64,
}

/// How forgetting goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgettingFigure {
    /// Slices that are there.
    pub slices: i64,
    /// When the oldest of them was made, ms.
    pub oldest: i64,
    /// Epochs whose secrets are kept.
    pub epochs: i64,
    /// Groups that are locked.
    pub locked: i64,
    /// Groups that have a graph.
    pub forkable: i64,
}

impl Tx {
    /// The slices that have not been destroyed, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn slice_lines(&mut self) -> Result<Vec<SliceLine>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64, String, i64, i64)>(
                "-- slice lines\n\
                 SELECT slices.id, status, made_at, COUNT(epoch_keys.slice) FROM slices LEFT JOIN epoch_keys ON \
                 epoch_keys.slice = slices.id WHERE status <> 'destroyed' GROUP BY slices.id, status, made_at ORDER BY slices.id",
            )
            .fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(id, status, made_at, keys)| SliceLine { id, status, made_at, keys }).collect())
    }

    /// When the next slice is due, ms: none before the first rotation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn next_slice_at(&mut self) -> Result<Option<i64>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>(
                "-- next slice at\n\
                 SELECT made_at + period FROM slices, incarnation WHERE incarnation.id = 1 AND period > 0 \
                 ORDER BY slices.id DESC LIMIT 1",
            )
            .fetch_optional(connection).await
        })?;
        Ok(found.map(|(at,)| at))
    }

    /// In few numbers.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forgetting_figure(&mut self) -> Result<ForgettingFigure, StoreError> {
        let (slices, oldest, epochs, locked, forkable) = both!(self, connection => {
            sqlx::query_as::<_, (i64, i64, i64, i64, i64)>(
                "-- forgetting figure\n\
                 SELECT COUNT(*), COALESCE(MIN(made_at), 0), (SELECT COUNT(*) FROM epoch_keys WHERE conversation_id > 0), \
                 (SELECT COUNT(*) FROM conversations WHERE resync = 1), (SELECT COUNT(*) FROM graphs) FROM slices WHERE status <> 'destroyed'",
            )
            .fetch_one(connection).await
        })?;
        Ok(ForgettingFigure { slices, oldest, epochs, locked, forkable })
    }
}
