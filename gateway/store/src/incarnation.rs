//! Whether database and slice ring belong together, and know the same of the past.
//!
//! Both have the incarnation's name and a counter that goes up at each start and with each slice, in the database first.
//! So the database is at least as far as its ring, unless it has been restored from a backup. Then what members of groups
//! knew must not be used again: MLS would encrypt with keys that have been used. Only an operator goes on from there,
//! and every group with secrets begins anew.

use crate::slices::{Incarnation, SliceId};
use crate::tables::epoch_keys::slice_id;
use crate::tx::{Tx, both};
use crate::{Store, StoreError};

impl Store {
    /// Begins a life of a process on this database: makes the slice ring at the very first start, else checks that ring
    /// and database belong together. Any number of processes may start and run.
    ///
    /// # Errors
    /// If they do not. Nothing is changed then.
    pub async fn start(&self, now: i64) -> Result<(), StoreError> {
        let counter = self.transaction("start", move |tx| Box::pin(start(tx, now))).await?;
        self.slices.raise(counter).map_err(StoreError::Slices)?;
        self.adopt_values_under_the_ring().await
    }

    /// Goes on with a database and a ring that do not belong together, on an operator's word: both get a new
    /// incarnation, and what own clients knew of groups is forgotten, and so are the private parts of KeyPackages. Gives
    /// how many groups are locked until their members have joined anew.
    ///
    /// # Errors
    /// If the database or the ring fails.
    pub async fn adopt(&self, now: i64) -> Result<u64, StoreError> {
        let name = rand::random();
        let (locked, incarnation) = self.transaction("adopt", move |tx| Box::pin(adopt(tx, name, now))).await?;
        self.slices.rename(incarnation).map_err(StoreError::Slices)?;
        Ok(locked)
    }
}

async fn start(tx: &mut Tx, now: i64) -> Result<u64, StoreError> {
    tx.lock_schema().await?;
    let Some(known) = tx.incarnation_of_the_ring().await? else { return first_start(tx, now).await };
    let active = tx.active_slice().await?;
    if !tx.slices.slices().map_err(StoreError::Slices)?.contains(&active) {
        return Err(StoreError::UnknownSlice { slice: active });
    }
    tx.count_up(known.counter).await
}

async fn first_start(tx: &mut Tx, now: i64) -> Result<u64, StoreError> {
    // A ring that has never been started with is what a first start left that broke off.
    if let Some(ring) = tx.slices.incarnation().map_err(StoreError::Slices)?.filter(|ring| ring.counter > 0) {
        return Err(StoreError::StaleDatabase { database: 0, ring: ring.counter });
    }
    let slices = tx.slices.clone();
    let incarnation = slices.found(Incarnation { name: rand::random(), counter: 0 }, SliceId(1)).map_err(StoreError::Slices)?;
    let newest = slices.slices().map_err(StoreError::Slices)?.last().copied().ok_or(StoreError::NoSlice)?;
    tx.put_incarnation(Incarnation { counter: 1, ..incarnation }).await?;
    tx.insert_slice(newest, now).await?;
    Ok(1)
}

async fn adopt(tx: &mut Tx, name: [u8; 16], now: i64) -> Result<(u64, Incarnation), StoreError> {
    tx.lock_schema().await?;
    let slices = tx.slices.clone();
    let known = tx.incarnation().await?.map_or(0, |known| known.counter);
    let ring = slices.incarnation().map_err(StoreError::Slices)?.map_or(0, |ring| ring.counter);
    let incarnation = Incarnation { name, counter: known.max(ring) + 1 };
    let locked = tx.forget_all_secrets(now).await?;
    let (newest,) = both!(tx, connection => {
        sqlx::query_as::<_, (i64,)>("-- newest slice\nSELECT COALESCE(MAX(id), 0) FROM slices").fetch_one(connection).await
    })?;
    // No number is used twice, in the database or in the ring.
    slices.found(incarnation, SliceId(slice_id(newest).0 + 1)).map_err(StoreError::Slices)?;
    let mut slice = slices.slices().map_err(StoreError::Slices)?.last().copied().ok_or(StoreError::NoSlice)?;
    while i64::from(slice.0) <= newest {
        slice = slices.add().map_err(StoreError::Slices)?;
    }
    tx.retire_slices().await?;
    tx.insert_slice(slice, now).await?;
    tx.put_incarnation(incarnation).await?;
    Ok((locked, incarnation))
}

impl Tx {
    /// What the database knows of its incarnation, locked.
    pub(crate) async fn incarnation(&mut self) -> Result<Option<Incarnation>, StoreError> {
        let text = match self.is_postgres() {
            true => "-- incarnation\nSELECT name, counter FROM incarnation WHERE id = 1 FOR UPDATE",
            false => "-- incarnation\nSELECT name, counter FROM incarnation WHERE id = 1",
        };
        let found = both!(self, connection => sqlx::query_as::<_, (Vec<u8>, i64)>(text).fetch_optional(connection).await)?;
        let read = |(name, counter): (Vec<u8>, i64)| {
            let name = name.try_into().map_err(|_| StoreError::ForeignRing)?;
            Ok(Incarnation { name, counter: u64::try_from(counter).unwrap_or(0) })
        };
        found.map(read).transpose()
    }

    /// The same, if the ring says the same and is not ahead.
    pub(crate) async fn incarnation_of_the_ring(&mut self) -> Result<Option<Incarnation>, StoreError> {
        let Some(known) = self.incarnation().await? else { return Ok(None) };
        let Some(ring) = self.slices.incarnation().map_err(StoreError::Slices)? else {
            // Says which one is missing.
            return Err(self.slices.slices().err().map_or(StoreError::NoSlice, StoreError::Slices));
        };
        match known.name == ring.name {
            false => Err(StoreError::ForeignRing),
            true if known.counter < ring.counter => Err(StoreError::StaleDatabase { database: known.counter, ring: ring.counter }),
            true => Ok(Some(known)),
        }
    }

    async fn put_incarnation(&mut self, incarnation: Incarnation) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put incarnation\nINSERT INTO incarnation (id, name, counter) VALUES (1, $1, $2) \
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, counter = excluded.counter",
            )
            .bind(incarnation.name.to_vec()).bind(incarnation.counter as i64).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// One more than it was; the ring is raised to it when this has committed.
    pub(crate) async fn count_up(&mut self, counter: u64) -> Result<u64, StoreError> {
        both!(self, connection => {
            sqlx::query("-- count up\nUPDATE incarnation SET counter = $1 WHERE id = 1")
                .bind(counter as i64 + 1).execute(connection).await.map(|_| ())
        })?;
        Ok(counter + 1)
    }

    /// What own clients know goes, in every group, and the groups that they knew are locked; gives how many.
    async fn forget_all_secrets(&mut self, now: i64) -> Result<u64, StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- adopted epochs are forgotten\n\
                 UPDATE epochs SET forgotten_at = $1, last_slice = (SELECT slice FROM epoch_keys WHERE \
                 epoch_keys.conversation_id = epochs.conversation_id AND epoch_keys.epoch_id = epochs.epoch_id) \
                 WHERE EXISTS (SELECT 1 FROM epoch_keys WHERE epoch_keys.conversation_id = epochs.conversation_id \
                 AND epoch_keys.epoch_id = epochs.epoch_id)",
            )
            .bind(now).execute(connection).await.map(|_| ())
        })?;
        let locked = both!(self, connection => {
            sqlx::query(
                "-- lock groups\n\
                 UPDATE conversations SET resync = 1, version = version + 1 WHERE id IN \
                 (SELECT conversation_id FROM group_values WHERE client_uri <> '')",
            )
            .execute(connection).await.map(|done| done.rows_affected())
        })?;
        self.execute("-- forget all epoch keys\nDELETE FROM epoch_keys").await?;
        self.execute("-- forget all secrets of groups\nDELETE FROM group_values WHERE client_uri <> ''").await?;
        // Some of them may have been claimed, and used, since the backup was made.
        both!(self, connection => {
            sqlx::query(
                "-- spend all key packages\n\
                 UPDATE key_packages SET private = $1, secret = $1, claimed_by = COALESCE(claimed_by, ''), claimed_at = COALESCE(claimed_at, $2)",
            )
            .bind(Vec::<u8>::new()).bind(now).execute(connection).await.map(|_| ())
        })?;
        Ok(locked)
    }
}
