//! Under which keys the sealed values are: their first bytes say so, without any key.

use sqlx::AssertSqlSafe;

use crate::StoreError;
use crate::keyring::{KeyId, MAGIC};
use crate::sealed::SEALED;
use crate::tx::{Tx, both};

/// How many values of a column are under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The key.
    pub key: KeyId,
    /// Whether the values are of the format from before there were rings.
    pub first_format: bool,
    /// How many.
    pub values: i64,
}

impl Tx {
    /// How many values are under which key, by table.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn key_usage(&mut self) -> Result<Vec<KeyUsage>, StoreError> {
        let mut usage = Vec::new();
        for sealed in SEALED {
            let text = sealed.count();
            let found: Vec<(Vec<u8>, i64)> = both!(self, connection => {
                sqlx::query_as(AssertSqlSafe(text)).bind(MAGIC.to_vec()).fetch_all(connection).await
            })?;
            for (id, values) in found {
                let first_format = id == MAGIC;
                let number = id.as_slice().try_into().map_or(0, u32::from_be_bytes);
                let key = if first_format { KeyId::FIRST } else { KeyId(number) };
                usage.push(KeyUsage { table: sealed.table, column: sealed.column, key, first_format, values });
            }
        }
        Ok(usage)
    }
}
