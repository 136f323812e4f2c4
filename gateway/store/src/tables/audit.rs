//! What operators have had the gateway do. Never changed, never deleted.

use causeway_core::records::AuditRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Notes an operator's command, in the transaction that carries it out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_audit(&mut self, row: &AuditRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- insert audit\nINSERT INTO audit (at, action, subject, detail) VALUES ($1, $2, $3, $4)")
                .bind(row.at).bind(&row.action).bind(&row.subject).bind(&row.detail).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// The last commands, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit(&mut self, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64, String, String, String)>(
                "-- audit\nSELECT at, action, subject, detail FROM audit ORDER BY id DESC LIMIT $1",
            )
            .bind(limit).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(at, action, subject, detail)| AuditRow { at, action, subject, detail }).collect())
    }
}
