//! What could not be carried.

use causeway_core::code::Coded;
use causeway_core::loss::Feature;
use causeway_core::records::LossRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Records a loss, with the code of its feature.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_loss(&mut self, row: &LossRow) -> Result<(), StoreError> {
        let code = Feature::named(&row.feature).map(|feature| feature.code().to_string());
        both!(self, connection => {
            sqlx::query(
                "-- insert loss\n\
                 INSERT INTO losses (conversation_id, source, direction, feature, detail, recorded_at, code) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(row.conversation_id).bind(&row.source).bind(&row.direction).bind(&row.feature).bind(&row.detail)
            .bind(row.recorded_at).bind(code)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All losses of a conversation, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn losses(&mut self, conversation_id: i64) -> Result<Vec<LossRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64, String, String, String, String, i64)>(
                "-- losses\n\
                 SELECT conversation_id, source, direction, feature, detail, recorded_at FROM losses \
                 WHERE conversation_id = $1 ORDER BY id",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        let row = |(conversation_id, source, direction, feature, detail, recorded_at)| LossRow {
            conversation_id,
            source,
            direction,
            feature,
            detail,
            recorded_at,
        };
        Ok(found.into_iter().map(row).collect())
    }
}
