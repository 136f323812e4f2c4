//! Losses, newest last, of one conversation or of all.

use causeway_core::code::Coded;
use causeway_core::loss::Feature;

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (i64, i64, String, String, String, String, i64, Option<String>);

/// A loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossLine {
    /// Its number.
    pub id: i64,
    /// The conversation.
    pub conversation_id: i64,
    /// The event or message concerned.
    pub source: String,
    /// `matrix_to_mimi` or `mimi_to_matrix`.
    pub direction: String,
    /// The feature.
    pub feature: String,
    /// Its code.
    pub code: Option<String>,
    /// What was lost.
    pub detail: String,
    /// When, ms.
    pub recorded_at: i64,
}

impl Tx {
    /// The losses of a conversation, or of all.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn loss_lines(&mut self, conversation_id: Option<i64>) -> Result<Vec<LossLine>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- loss lines\n\
                 SELECT id, conversation_id, source, direction, feature, detail, recorded_at, code FROM losses \
                 WHERE $1 = 0 OR conversation_id = $1 ORDER BY id",
            )
            .bind(conversation_id.unwrap_or(0)).fetch_all(connection).await
        })?;
        let line = |(id, conversation_id, source, direction, feature, detail, recorded_at, code): Columns| LossLine {
            id,
            // Losses of the first schema have none.
            code: code.or_else(|| Feature::named(&feature).map(|feature| feature.code().to_string())),
            conversation_id,
            source,
            direction,
            feature,
            detail,
            recorded_at,
        };
        Ok(found.into_iter().map(line).collect())
    }
}
