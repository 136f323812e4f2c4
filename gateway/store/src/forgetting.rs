//! Slices come and go: a new one each period, the keys of kept epochs carried over, the old one destroyed.
//!
//! Each step is a transaction, and the next follows from what is stored, so that whoever dies in between leaves a state
//! from which any process goes on. What must not happen is that a slice is destroyed while an epoch's key is under it:
//! whoever wraps a key holds the active slice's row until it commits, so a slice that is retired gets no more keys, and
//! one that is retired and has none is not needed by anybody.

use std::time::Duration;

use crate::slices::SliceId;
use crate::tables::epoch_keys::{place, slice_id, unusable};
use crate::tx::{Tx, both};
use crate::{Store, StoreError};

/// Keys carried over in one transaction.
const BATCH: i64 = 500;
/// So long a Welcome may be under way to a KeyPackage that has run out meanwhile, ms.
const WELCOMES_UNDER_WAY: i64 = 24 * 60 * 60 * 1000;
/// So long what was received is known again, with its answer, ms: no sender repeats for longer (SPEC §15.2).
const REPETITIONS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What carrying keys over has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys that are under the newest slice now.
    pub rewrapped: u64,
    /// Keys that do not open, and were left: their slice stays for their sake.
    pub unopened: u64,
    /// Keys that somebody else is about to change.
    pub busy: u64,
}

impl Store {
    /// All steps of a rotation that are due; gives the slices that are no more.
    ///
    /// # Errors
    /// If the database or the ring fails. What has been done stays, and the next rotation goes on from there.
    pub async fn rotate_slices(&self, now: i64, period: Duration, pause: Duration) -> Result<Vec<SliceId>, StoreError> {
        self.open_slice(now, period).await?;
        let carried = self.rewrap(pause).await?;
        if carried.unopened > 0 {
            tracing::error!(keys = carried.unopened, "keys of epochs do not open; their slices cannot be destroyed");
        }
        self.destroy_slices(now).await
    }

    /// The first step: a new slice, if one is due. The others get no more keys.
    ///
    /// # Errors
    /// If the database or the ring fails, or they do not belong together any more.
    pub async fn open_slice(&self, now: i64, period: Duration) -> Result<Option<SliceId>, StoreError> {
        let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX);
        let opened = self.transaction("open slice", move |tx| Box::pin(open_slice(tx, now, period))).await?;
        let Some((slice, counter)) = opened else { return Ok(None) };
        self.slices.raise(counter).map_err(StoreError::Slices)?;
        Ok(Some(slice))
    }

    /// The second step: keys under retired slices are wrapped anew under the active one, batch by batch.
    ///
    /// # Errors
    /// If the database or the ring fails. What has been carried over stays so.
    pub async fn rewrap(&self, pause: Duration) -> Result<Rewrapped, StoreError> {
        let mut total = Rewrapped::default();
        let mut behind = (0, Vec::new());
        loop {
            let from = behind.clone();
            let batch = self.transaction::<_, StoreError, _>("rewrap epoch keys", move |tx| {
                let from = from.clone();
                Box::pin(async move { tx.rewrap_batch(from).await })
            });
            let (done, last) = batch.await?;
            total.rewrapped += done.rewrapped;
            total.unopened += done.unopened;
            let Some(last) = last else { break };
            behind = last;
            tokio::time::sleep(pause).await;
        }
        let left = self.transaction::<_, StoreError, _>("keys left", |tx| Box::pin(tx.keys_under_retired_slices())).await?;
        total.busy = left.saturating_sub(total.unopened);
        Ok(total)
    }

    /// The last step: retired slices under which there is no key are destroyed, first in the ring, then on record.
    ///
    /// # Errors
    /// If the database or the ring fails.
    pub async fn destroy_slices(&self, now: i64) -> Result<Vec<SliceId>, StoreError> {
        self.transaction("destroy slices", move |tx| Box::pin(destroy_slices(tx, now))).await
    }
}

async fn open_slice(tx: &mut Tx, now: i64, period: i64) -> Result<Option<(SliceId, u64)>, StoreError> {
    // One process at a time: the row is locked.
    let known = tx.incarnation_of_the_ring().await?.ok_or(StoreError::NoSlice)?;
    tx.note_period(period).await?;
    let slices = tx.slices.clone();
    let (active, made_at) = tx.newest_slice().await?;
    if !is_due(made_at, period, now) {
        return Ok(None);
    }
    // One that is in the ring alone is what a rotation left that broke off here.
    let newest = slices.slices().map_err(StoreError::Slices)?.last().copied().ok_or(StoreError::NoSlice)?;
    tx.forget_expired_key_packages(now - WELCOMES_UNDER_WAY).await?;
    tx.forget_answers(now - REPETITIONS).await?;
    let slice = if newest > active { newest } else { slices.add().map_err(StoreError::Slices)? };
    tx.retire_slices().await?;
    tx.insert_slice(slice, now).await?;
    let counter = tx.count_up(known.counter).await?;
    Ok(Some((slice, counter)))
}

/// A clock that was set back must not hold secrets for longer.
fn is_due(made_at: i64, period: i64, now: i64) -> bool {
    now.saturating_sub(made_at) >= period || now < made_at
}

async fn destroy_slices(tx: &mut Tx, now: i64) -> Result<Vec<SliceId>, StoreError> {
    // Not beside another rotation.
    tx.incarnation_of_the_ring().await?.ok_or(StoreError::NoSlice)?;
    let slices = tx.slices.clone();
    let active = tx.active_slice().await?;
    let in_ring = slices.slices().map_err(StoreError::Slices)?;
    let mut destroyed = Vec::new();
    for slice in in_ring.into_iter().filter(|slice| *slice < active) {
        if tx.keys_under(slice).await? == 0 {
            destroyed.push(slice);
        }
    }
    if !destroyed.is_empty() {
        slices.destroy(&destroyed).map_err(StoreError::Slices)?;
    }
    tx.record_destroyed(&slices.slices().map_err(StoreError::Slices)?, now).await?;
    Ok(destroyed)
}

impl Tx {
    async fn rewrap_batch(&mut self, behind: (i64, Vec<u8>)) -> Result<(Rewrapped, Option<(i64, Vec<u8>)>), StoreError> {
        let active = self.active_slice().await?;
        let rows = self.keys_to_rewrap(active, behind).await?;
        let mut done = Rewrapped::default();
        let mut last = None;
        for (conversation_id, epoch_id, slice, wrapped) in rows {
            let place = place(conversation_id, &epoch_id);
            match self.slices.unwrap(slice_id(slice), &place, &wrapped) {
                Ok(key) => {
                    let wrapped = self.slices.wrap(active, &place, &key).map_err(unusable)?;
                    self.replace_epoch_key((conversation_id, &epoch_id), active, wrapped).await?;
                    done.rewrapped += 1;
                }
                Err(error) => {
                    tracing::error!(conversation = conversation_id, %error, "an epoch's key cannot be carried over");
                    done.unopened += 1;
                }
            }
            last = Some((conversation_id, epoch_id));
        }
        Ok((done, last))
    }

    async fn keys_to_rewrap(
        &mut self,
        active: SliceId,
        (conversation_id, epoch_id): (i64, Vec<u8>),
    ) -> Result<Vec<(i64, Vec<u8>, i64, Vec<u8>)>, StoreError> {
        let text = match self.is_postgres() {
            true => {
                "-- epoch keys to rewrap\n\
                 SELECT conversation_id, epoch_id, slice, wrapped FROM epoch_keys WHERE slice <> $1 AND \
                 (conversation_id, epoch_id) > ($2, $3) ORDER BY conversation_id, epoch_id LIMIT $4 FOR UPDATE SKIP LOCKED"
            }
            false => {
                "-- epoch keys to rewrap\n\
                 SELECT conversation_id, epoch_id, slice, wrapped FROM epoch_keys WHERE slice <> $1 AND \
                 (conversation_id, epoch_id) > ($2, $3) ORDER BY conversation_id, epoch_id LIMIT $4"
            }
        };
        let found = both!(self, connection => {
            sqlx::query_as(text).bind(i64::from(active.0)).bind(conversation_id).bind(epoch_id).bind(BATCH).fetch_all(connection).await
        })?;
        Ok(found)
    }

    async fn replace_epoch_key(&mut self, epoch: (i64, &[u8]), slice: SliceId, wrapped: Vec<u8>) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- rewrap epoch key\nUPDATE epoch_keys SET slice = $3, wrapped = $4 WHERE conversation_id = $1 AND epoch_id = $2")
                .bind(epoch.0).bind(epoch.1).bind(i64::from(slice.0)).bind(wrapped).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn keys_under(&mut self, slice: SliceId) -> Result<i64, StoreError> {
        let (count,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- keys under slice\nSELECT COUNT(*) FROM epoch_keys WHERE slice = $1")
                .bind(i64::from(slice.0)).fetch_one(connection).await
        })?;
        Ok(count)
    }

    async fn keys_under_retired_slices(&mut self) -> Result<u64, StoreError> {
        let (count,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>(
                "-- keys under retired slices\n\
                 SELECT COUNT(*) FROM epoch_keys JOIN slices ON slices.id = epoch_keys.slice WHERE slices.status <> 'active'",
            )
            .fetch_one(connection).await
        })?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn newest_slice(&mut self) -> Result<(SliceId, i64), StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64, i64)>("-- newest slice\nSELECT id, made_at FROM slices ORDER BY id DESC LIMIT 1")
                .fetch_optional(connection).await
        })?;
        found.map(|(id, made_at)| (slice_id(id), made_at)).ok_or(StoreError::NoSlice)
    }

    /// For those who look.
    async fn note_period(&mut self, period: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- note period\nUPDATE incarnation SET period = $1 WHERE id = 1 AND period <> $1")
                .bind(period).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Waits for whoever is about to use one.
    pub(crate) async fn retire_slices(&mut self) -> Result<(), StoreError> {
        self.execute("-- retire slices\nUPDATE slices SET status = 'retired' WHERE status = 'active'").await
    }

    pub(crate) async fn insert_slice(&mut self, slice: SliceId, now: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- insert slice\nINSERT INTO slices (id, status, made_at) VALUES ($1, 'active', $2)")
                .bind(i64::from(slice.0)).bind(now).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// What is on record as retired, and not in the ring.
    async fn record_destroyed(&mut self, in_ring: &[SliceId], now: i64) -> Result<(), StoreError> {
        let retired = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- retired slices\nSELECT id FROM slices WHERE status = 'retired'").fetch_all(connection).await
        })?;
        for (id,) in retired.into_iter().filter(|(id,)| !in_ring.contains(&slice_id(*id))) {
            both!(self, connection => {
                sqlx::query("-- slice is destroyed\nUPDATE slices SET status = 'destroyed', destroyed_at = $2 WHERE id = $1")
                    .bind(id).bind(now).execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }
}
