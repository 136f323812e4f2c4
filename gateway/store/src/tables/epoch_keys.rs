//! Keys of epochs: each is in the database under a slice's key, and gone with its row.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::StoreError;
use crate::keyring::{SealingKey, new_key};
use crate::slices::{SliceError, SliceId};
use crate::tx::{Tx, both};

/// So often the active slice is asked for, if a rotation passes in between.
const ASKED: u32 = 5;

/// What a wrapped key is bound to.
pub(crate) fn place(conversation_id: i64, epoch_id: &[u8]) -> Vec<u8> {
    [&conversation_id.to_be_bytes()[..], epoch_id].concat()
}

impl Tx {
    /// An epoch's key; none if it has been destroyed, or never was.
    pub(crate) async fn epoch_key(&mut self, epoch: (i64, &[u8])) -> Result<Option<Arc<SealingKey>>, StoreError> {
        if let Some(known) = self.epoch_keys.get(&(epoch.0, epoch.1.to_vec())) {
            return Ok(Some(known.clone()));
        }
        let Some((slice, wrapped)) = self.wrapped_epoch_key(epoch).await? else { return Ok(None) };
        let opened = match self.unwrap_epoch_key(epoch, slice, &wrapped) {
            // A rotation may have passed since the row was read: then it is under another slice by now.
            Err(StoreError::UnknownSlice { .. }) => match self.wrapped_epoch_key(epoch).await? {
                Some((slice, wrapped)) => self.unwrap_epoch_key(epoch, slice, &wrapped)?,
                None => return Ok(None),
            },
            opened => opened?,
        };
        Ok(Some(self.remember_epoch_key(epoch, opened)))
    }

    /// An epoch's key; made, if there is none yet.
    pub(crate) async fn epoch_key_or_new(&mut self, epoch: (i64, &[u8])) -> Result<Arc<SealingKey>, StoreError> {
        if let Some(known) = self.epoch_key(epoch).await? {
            return Ok(known);
        }
        let slice = self.active_slice().await?;
        let key = new_key();
        let wrapped = self.slices.wrap(slice, &place(epoch.0, epoch.1), key.as_slice()).map_err(unusable)?;
        both!(self, connection => {
            sqlx::query("-- insert epoch key\nINSERT INTO epoch_keys (conversation_id, epoch_id, slice, wrapped) VALUES ($1, $2, $3, $4)")
                .bind(epoch.0).bind(epoch.1).bind(i64::from(slice.0)).bind(wrapped).execute(connection).await.map(|_| ())
        })?;
        Ok(self.remember_epoch_key(epoch, key))
    }

    /// Destroys an epoch's key; gives the slice that it was under. What the key had sealed opens for nobody who has not
    /// kept that slice.
    pub(crate) async fn destroy_epoch_key(&mut self, (conversation_id, epoch_id): (i64, &[u8])) -> Result<Option<i64>, StoreError> {
        self.epoch_keys.remove(&(conversation_id, epoch_id.to_vec()));
        let slice = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>(
                "-- destroy epoch key\nDELETE FROM epoch_keys WHERE conversation_id = $1 AND epoch_id = $2 RETURNING slice",
            )
            .bind(conversation_id).bind(epoch_id).fetch_optional(connection).await
        })?;
        Ok(slice.map(|(slice,)| slice))
    }

    /// The slice for new keys. It stays the active one until this transaction ends: whoever retires it waits.
    pub(crate) async fn active_slice(&mut self) -> Result<SliceId, StoreError> {
        let text = match self.is_postgres() {
            true => "-- active slice\nSELECT id FROM slices WHERE status = 'active' ORDER BY id DESC LIMIT 1 FOR SHARE",
            false => "-- active slice\nSELECT id FROM slices WHERE status = 'active' ORDER BY id DESC LIMIT 1",
        };
        // PostgreSQL: a row that was retired while we waited for it is not found; its successor is, the next time.
        for _ in 0..ASKED {
            let found = both!(self, connection => sqlx::query_as::<_, (i64,)>(text).fetch_optional(connection).await)?;
            if let Some((id,)) = found {
                return Ok(slice_id(id));
            }
        }
        Err(StoreError::NoSlice)
    }

    async fn wrapped_epoch_key(&mut self, epoch: (i64, &[u8])) -> Result<Option<(SliceId, Vec<u8>)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64, Vec<u8>)>(
                "-- epoch key\nSELECT slice, wrapped FROM epoch_keys WHERE conversation_id = $1 AND epoch_id = $2",
            )
            .bind(epoch.0).bind(epoch.1).fetch_optional(connection).await
        })?;
        Ok(found.map(|(slice, wrapped)| (slice_id(slice), wrapped)))
    }

    fn unwrap_epoch_key(&self, epoch: (i64, &[u8]), slice: SliceId, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        unwrapped(self.slices.unwrap(slice, &place(epoch.0, epoch.1), wrapped))
    }

    fn remember_epoch_key(&mut self, (conversation_id, epoch_id): (i64, &[u8]), key: Zeroizing<[u8; 32]>) -> Arc<SealingKey> {
        let key = Arc::new(SealingKey::new(key));
        self.epoch_keys.insert((conversation_id, epoch_id.to_vec()), key.clone());
        key
    }
}

fn unwrapped(opened: Result<Zeroizing<Vec<u8>>, SliceError>) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    let bytes = opened.map_err(unusable)?;
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(StoreError::DoesNotOpen { table: "epoch_keys".to_owned() });
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// Numbers of slices come from rings, and are 32 bits there.
pub(crate) fn slice_id(id: i64) -> SliceId {
    SliceId(u32::try_from(id).unwrap_or(0))
}

pub(crate) fn unusable(error: SliceError) -> StoreError {
    match error {
        SliceError::Ring(error) => StoreError::Slices(error),
        SliceError::Unknown(slice) => StoreError::UnknownSlice { slice },
        SliceError::DoesNotOpen(_) => StoreError::DoesNotOpen { table: "epoch_keys".to_owned() },
    }
}
