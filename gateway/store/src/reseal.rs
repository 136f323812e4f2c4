//! Sealing anew what is under an older key than the active one, in batches, beside everything else that runs.

use std::time::Duration;

use sqlx::AssertSqlSafe;

use crate::keyring::header;
use crate::sealed::{RowName, SEALED, SealedColumn};
use crate::tx::{Tx, both};
use crate::{Store, StoreError};

/// Values sealed anew in one transaction.
const BATCH: i64 = 100;

/// What a pass over all tables has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that are under the active key now.
    pub sealed: u64,
    /// Values that do not open, and were left as they are.
    pub unopened: u64,
}

/// Where a pass has come to.
#[derive(Clone)]
struct Position {
    table: usize,
    behind: RowName,
}

impl Store {
    /// Seals everything under the active key, batch by batch, with a pause after each. A value that somebody changes
    /// meanwhile is left to them; what they sealed under an older key is for the next pass.
    ///
    /// # Errors
    /// If the database fails. What has been sealed anew stays.
    pub async fn reseal(&self, pause: Duration) -> Result<Resealed, StoreError> {
        let mut total = Resealed::default();
        let mut position = Some(Position { table: 0, behind: RowName::default() });
        while let Some(at) = position {
            let step = self.transaction("seal anew", move |tx| {
                let at = at.clone();
                Box::pin(async move { tx.reseal_batch(at).await })
            });
            let (done, next) = step.await?;
            total.sealed += done.sealed;
            total.unopened += done.unopened;
            position = next;
            tokio::time::sleep(pause).await;
        }
        Ok(total)
    }
}

impl Tx {
    async fn reseal_batch(&mut self, at: Position) -> Result<(Resealed, Option<Position>), StoreError> {
        let Some(column) = SEALED.get(at.table) else { return Ok((Resealed::default(), None)) };
        let found = self.values_to_reseal(column, &at.behind).await?;
        let mut done = Resealed::default();
        let mut last = None;
        for (number, text, bytes, value) in found {
            let row = (number, text, bytes);
            let opened = column.at(&row, |place, first| self.keyring.open(place, first, &value));
            match opened {
                Ok(plain) => {
                    let sealed = column.at(&row, |place, _| self.keyring.seal(place, &plain));
                    done.sealed += self.replace_value(column, (&row, &value), sealed).await?;
                }
                Err(error) => {
                    tracing::error!(table = column.table, %error, "a value cannot be sealed anew; it stays as it is");
                    done.unopened += 1;
                }
            }
            last = Some(row);
        }
        let next = match last {
            Some(behind) => Position { table: at.table, behind },
            None => Position { table: at.table + 1, behind: RowName::default() },
        };
        Ok((done, Some(next)))
    }

    async fn values_to_reseal(
        &mut self,
        column: &SealedColumn,
        behind: &RowName,
    ) -> Result<Vec<(i64, String, Vec<u8>, Vec<u8>)>, StoreError> {
        let text = column.select(self.is_postgres());
        let active = header(self.keyring.active()).to_vec();
        let found = both!(self, connection => {
            sqlx::query_as(AssertSqlSafe(text))
                .bind(active).bind(BATCH).bind(behind.0).bind(&behind.1).bind(&behind.2).fetch_all(connection).await
        })?;
        Ok(found)
    }

    /// Nothing happens to a value that is not the one that was read.
    async fn replace_value(
        &mut self,
        column: &SealedColumn,
        (row, old): (&RowName, &[u8]),
        sealed: Vec<u8>,
    ) -> Result<u64, StoreError> {
        let text = column.update();
        let changed = both!(self, connection => {
            sqlx::query(AssertSqlSafe(text)).bind(sealed).bind(old).bind(row.0).bind(&row.1).bind(&row.2)
                .execute(connection).await.map(|done| done.rows_affected())
        })?;
        Ok(changed)
    }
}
