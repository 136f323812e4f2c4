//! openmls' rows of every epoch that is kept: the public part as it is, the private parts sealed.

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
                 INSERT INTO group_values (conversation_id, epoch_id, client_uri, key, value) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (conversation_id, epoch_id, client_uri, key) DO UPDATE SET value = excluded.value",
            )
            .bind(row.conversation_id).bind(&row.epoch_id).bind(&row.client_uri).bind(&row.key).bind(value)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Deletes a row of an epoch that is kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_group_value(
        &mut self,
        (conversation_id, epoch_id): (i64, &[u8]),
        client_uri: &str,
        key: &[u8],
    ) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- delete group value\n\
                 DELETE FROM group_values WHERE conversation_id = $1 AND epoch_id = $2 AND client_uri = $3 AND key = $4",
            )
            .bind(conversation_id).bind(epoch_id).bind(client_uri).bind(key).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All rows of a group in an epoch.
    ///
    /// # Errors
    /// If the database fails, or a row does not open.
    pub async fn group_values(&mut self, conversation_id: i64, epoch_id: &[u8]) -> Result<Vec<GroupValueRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, Vec<u8>, Vec<u8>)>(
                "-- group values\n\
                 SELECT client_uri, key, value FROM group_values WHERE conversation_id = $1 AND epoch_id = $2",
            )
            .bind(conversation_id).bind(epoch_id).fetch_all(connection).await
        })?;
        let open = |(client_uri, key, value): (String, Vec<u8>, Vec<u8>)| {
            let value = match client_uri.is_empty() {
                true => value,
                false => self.open("group_values", &group_value(conversation_id, &client_uri, &key), "value", &value)?,
            };
            Ok(GroupValueRow { conversation_id, epoch_id: epoch_id.to_vec(), client_uri, key, value })
        };
        found.into_iter().map(open).collect()
    }

    /// The epochs of a conversation whose state is kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn kept_epochs(&mut self, conversation_id: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (Vec<u8>,)>(
                "-- kept epochs\nSELECT DISTINCT epoch_id FROM group_values WHERE conversation_id = $1 ORDER BY epoch_id",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(epoch_id,)| epoch_id).collect())
    }

    /// An epoch's state is kept no longer. That the epoch was there stays on record.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_epoch(&mut self, conversation_id: i64, epoch_id: &[u8]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- forget epoch\nDELETE FROM group_values WHERE conversation_id = $1 AND epoch_id = $2")
                .bind(conversation_id).bind(epoch_id).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}
