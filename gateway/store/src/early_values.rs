//! Secrets of groups and KeyPackages that an older version has sealed under the master key's ring: they come under keys of their
//! epoch, or of their own.

use crate::keyring::EPOCH_MAGIC;
use crate::tx::{Tx, both};
use crate::{Store, StoreError};

impl Store {
    /// Brings all of them under keys of epochs, an epoch a transaction. What does not open is left as it is, and logged.
    pub(crate) async fn adopt_values_under_the_ring(&self) -> Result<(), StoreError> {
        let early = self.transaction::<_, StoreError, _>("early values", |tx| Box::pin(tx.epochs_under_the_ring())).await?;
        for (conversation_id, epoch_id) in early {
            let done = self.transaction("adopt values", move |tx| {
                let epoch_id = epoch_id.clone();
                Box::pin(async move { tx.adopt_epoch(conversation_id, &epoch_id).await })
            });
            or_left(done.await, &format!("conversation {conversation_id}"))?;
        }
        let early = self.transaction::<_, StoreError, _>("early key packages", |tx| Box::pin(tx.early_key_packages())).await?;
        for reference in early {
            let name = hex::encode(&reference);
            let done = self.transaction("adopt key package", move |tx| {
                let reference = reference.clone();
                Box::pin(async move { tx.adopt_key_package(&reference).await })
            });
            or_left(done.await, &format!("KeyPackage {name}"))?;
        }
        Ok(())
    }
}

/// What does not open stays as it is.
fn or_left(done: Result<(), StoreError>, whose: &str) -> Result<(), StoreError> {
    match done {
        Err(error @ (StoreError::DoesNotOpen { .. } | StoreError::UnknownKey { .. })) => {
            tracing::error!(whose, %error, "secrets stay under the master key");
            Ok(())
        }
        done => done,
    }
}

impl Tx {
    async fn epochs_under_the_ring(&mut self) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as(
                "-- epochs under the ring\n\
                 SELECT DISTINCT conversation_id, epoch_id FROM group_values WHERE client_uri <> '' AND substr(value, 1, 4) <> $1",
            )
            .bind(EPOCH_MAGIC.to_vec()).fetch_all(connection).await
        })?;
        Ok(found)
    }

    async fn adopt_epoch(&mut self, conversation_id: i64, epoch_id: &[u8]) -> Result<(), StoreError> {
        // Nobody else writes to the conversation meanwhile.
        both!(self, connection => {
            sqlx::query("-- touch conversation\nUPDATE conversations SET version = version WHERE id = $1")
                .bind(conversation_id).execute(connection).await.map(|_| ())
        })?;
        let mut private = self.group_values(conversation_id, epoch_id).await?;
        private.retain(|row| !row.client_uri.is_empty());
        self.put_group_values(&private).await
    }
}
