//! openmls' rows: the public part as it is, the private parts sealed.

use causeway_core::records::GroupValueRow;

use crate::StoreError;
use crate::sealed::group_value;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores a row.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_group_value(&mut self, row: &GroupValueRow) -> Result<(), StoreError> {
        let value = match row.client_uri.is_empty() {
            true => row.value.clone(),
            false => self.seal("group_values", &group_value(row.conversation_id, &row.client_uri, &row.key), "value", &row.value),
        };
        both!(self, connection => {
            sqlx::query(
                "-- put group value\n\
                 INSERT INTO group_values (conversation_id, client_uri, key, value) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (conversation_id, client_uri, key) DO UPDATE SET value = excluded.value",
            )
            .bind(row.conversation_id).bind(&row.client_uri).bind(&row.key).bind(value).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Deletes a row: where it was a secret, that is forward secrecy.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_group_value(&mut self, conversation_id: i64, client_uri: &str, key: &[u8]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- delete group value\nDELETE FROM group_values WHERE conversation_id = $1 AND client_uri = $2 AND key = $3",
            )
            .bind(conversation_id).bind(client_uri).bind(key).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All rows of a group.
    ///
    /// # Errors
    /// If the database fails, or a row does not open.
    pub async fn group_values(&mut self, conversation_id: i64) -> Result<Vec<GroupValueRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, Vec<u8>, Vec<u8>)>(
                "-- group values\nSELECT client_uri, key, value FROM group_values WHERE conversation_id = $1",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        let open = |(client_uri, key, value): (String, Vec<u8>, Vec<u8>)| {
            let value = match client_uri.is_empty() {
                true => value,
                false => self.open("group_values", &group_value(conversation_id, &client_uri, &key), "value", &value)?,
            };
            Ok(GroupValueRow { conversation_id, client_uri, key, value })
        };
        found.into_iter().map(open).collect()
    }
}
