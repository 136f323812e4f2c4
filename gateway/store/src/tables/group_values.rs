//! openmls' rows of every epoch that is kept: the public part as it is, the private parts under the epoch's key.

use std::borrow::Cow;

use causeway_core::records::GroupValueRow;
use sqlx::QueryBuilder;

use crate::StoreError;
use crate::batches::batches;
use crate::keyring::{EPOCH_MAGIC, Place, SealingKey};
use crate::sealed::{early_group_value, group_value};
use crate::tx::{Tx, both};

impl Tx {
    /// Stores rows, each with a key of its own.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_group_values(&mut self, rows: &[GroupValueRow]) -> Result<(), StoreError> {
        for rows in batches(rows) {
            let mut values = Vec::with_capacity(rows.len());
            for row in rows {
                values.push(match row.client_uri.is_empty() {
                    true => Cow::Borrowed(&row.value[..]),
                    false => Cow::Owned(self.seal_group_value(row).await?),
                });
            }
            both!(self, connection => {
                let mut query = QueryBuilder::new(
                    "-- put group values\nINSERT INTO group_values (conversation_id, epoch_id, client_uri, key, value) ",
                );
                query.push_values(rows.iter().zip(&values), |mut tuple, (row, value)| {
                    tuple.push_bind(row.conversation_id).push_bind(&row.epoch_id).push_bind(&row.client_uri);
                    tuple.push_bind(&row.key).push_bind(&value[..]);
                });
                query.push(" ON CONFLICT (conversation_id, epoch_id, client_uri, key) DO UPDATE SET value = excluded.value");
                query.build().execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Deletes rows of an epoch that is kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_group_values(
        &mut self,
        (conversation_id, epoch_id): (i64, &[u8]),
        client_uri: &str,
        keys: &[Vec<u8>],
    ) -> Result<(), StoreError> {
        for keys in batches(keys) {
            both!(self, connection => {
                let mut query = QueryBuilder::new("-- delete group values\nDELETE FROM group_values WHERE conversation_id = ");
                query.push_bind(conversation_id).push(" AND epoch_id = ").push_bind(epoch_id);
                query.push(" AND client_uri = ").push_bind(client_uri).push(" AND key IN (");
                let mut list = query.separated(", ");
                for key in keys {
                    list.push_bind(key);
                }
                list.push_unseparated(")");
                query.build().execute(connection).await.map(|_| ())
            })?;
        }
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
        let has_secrets = found.iter().any(|(client_uri, ..)| !client_uri.is_empty());
        let epoch_key = if has_secrets { self.epoch_key((conversation_id, epoch_id)).await? } else { None };
        let open = |(client_uri, key, value): (String, Vec<u8>, Vec<u8>)| {
            let sealed = GroupValueRow { conversation_id, epoch_id: epoch_id.to_vec(), client_uri, key, value };
            match sealed.client_uri.is_empty() {
                true => Ok(sealed),
                false => Ok(GroupValueRow { value: self.open_group_value(epoch_key.as_deref(), &sealed)?, ..sealed }),
            }
        };
        found.into_iter().map(open).collect()
    }

    async fn seal_group_value(&mut self, row: &GroupValueRow) -> Result<Vec<u8>, StoreError> {
        let key = self.epoch_key_or_new((row.conversation_id, &row.epoch_id)).await?;
        Ok([&EPOCH_MAGIC[..], &key.seal((&EPOCH_MAGIC, place(&bound(row))), &row.value)].concat())
    }

    fn open_group_value(&self, epoch_key: Option<&SealingKey>, row: &GroupValueRow) -> Result<Vec<u8>, StoreError> {
        let sealed = row.value.strip_prefix(&EPOCH_MAGIC);
        let opened = sealed.zip(epoch_key).and_then(|(sealed, key)| key.open((&EPOCH_MAGIC, place(&bound(row))), sealed));
        match opened {
            Some(value) => Ok(value),
            // From before there were keys of epochs.
            None => {
                self.open("group_values", &early_group_value(row.conversation_id, &row.client_uri, &row.key), "value", &row.value)
            }
        }
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

    /// An epoch's state is kept no longer: its key goes, and with it, once the key's slice is destroyed, all copies of
    /// what was under it. That the epoch was there stays on record, and when it was forgotten.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_epoch(&mut self, (conversation_id, epoch_id): (i64, &[u8]), now: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- forget epoch\nDELETE FROM group_values WHERE conversation_id = $1 AND epoch_id = $2")
                .bind(conversation_id).bind(epoch_id).execute(connection).await.map(|_| ())
        })?;
        self.forget_epoch_key((conversation_id, epoch_id), now).await
    }

    /// An epoch's state is kept without secrets: what those were under goes, as in [`Self::forget_epoch`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_secrets(&mut self, (conversation_id, epoch_id): (i64, &[u8]), now: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- forget secrets\nDELETE FROM group_values WHERE conversation_id = $1 AND epoch_id = $2 AND client_uri <> ''")
                .bind(conversation_id).bind(epoch_id).execute(connection).await.map(|_| ())
        })?;
        self.forget_epoch_key((conversation_id, epoch_id), now).await
    }

    async fn forget_epoch_key(&mut self, (conversation_id, epoch_id): (i64, &[u8]), now: i64) -> Result<(), StoreError> {
        let Some(slice) = self.destroy_epoch_key((conversation_id, epoch_id)).await? else { return Ok(()) };
        both!(self, connection => {
            sqlx::query(
                "-- epoch is forgotten\nUPDATE epochs SET forgotten_at = $3, last_slice = $4 WHERE conversation_id = $1 AND epoch_id = $2",
            )
            .bind(conversation_id).bind(epoch_id).bind(now).bind(slice).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}

fn bound(row: &GroupValueRow) -> Vec<u8> {
    group_value((row.conversation_id, &row.epoch_id), &row.client_uri, &row.key)
}

fn place(bound: &[u8]) -> Place<'_> {
    Place { table: "group_values", row: bound, column: "value" }
}
