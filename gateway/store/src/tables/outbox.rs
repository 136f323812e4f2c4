//! The outbox. Order holds in a lane: only its head may be leased, or a batch that begins with it.

use std::time::{SystemTime, UNIX_EPOCH};

use causeway_core::code::Coded;
use causeway_core::records::OutboxRow;

use crate::StoreError;
use crate::sealed::outbox_item;
use crate::tx::{Tx, both};

/// So many heads that do not open are passed over in one go.
const MAX_SHUT: usize = 16;
/// So long, in ms, their lanes wait: a key that is missing may be put in place.
const SHUT_FOR: i64 = 60_000;

type Columns = (i64, String, String, Option<i64>, Vec<u8>, i64, i64, i64, i64, Option<i64>, Option<String>);

macro_rules! select {
    ($name:literal, $rest:literal) => {
        concat!(
            "-- ",
            $name,
            "\n",
            "SELECT id, lane, kind, conversation_id, body, attempts, queued_at, not_before, leased_until, batch, last_error \
             FROM outbox ",
            $rest
        )
    };
}

/// What a worker asks for.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Now.
    pub now: i64,
    /// How long the work may take.
    pub duration: i64,
    /// The process that asks, by the number of this life of it.
    pub holder: i64,
    /// The number of its first life: what an earlier one has leased is free, even if that comes into force only now,
    /// because its connection has outlived it.
    pub first_life: i64,
    /// As many rows of one kind at once,
    pub batch: i64,
    /// if it is one of these kinds; of others one at a time.
    pub batched_kinds: &'static [&'static str],
}

impl Tx {
    fn outbox_row(&self, columns: Columns) -> Result<OutboxRow, StoreError> {
        let (id, lane, kind, conversation_id, sealed, attempts, queued_at, not_before, leased_until, batch, last_error) = columns;
        let bound = outbox_item(id, conversation_id, &kind, &lane);
        Ok(OutboxRow {
            body: self.open_since(("outbox", &bound, "body"), lane.as_bytes(), &sealed)?,
            id,
            lane,
            kind,
            conversation_id,
            attempts: attempts as i32,
            queued_at,
            not_before,
            leased_until,
            batch,
            last_error,
        })
    }

    /// Queues an item at the end of its lane, with the time.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn queue(&mut self, lane: &str, kind: &str, conversation_id: Option<i64>, body: &[u8]) -> Result<(), StoreError> {
        let id = self.next_id("outbox").await?;
        let sealed = self.seal("outbox", &outbox_item(id, conversation_id, kind, lane), "body", body);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        both!(self, connection => {
            sqlx::query(
                "-- queue\n\
                 INSERT INTO outbox (id, lane, kind, conversation_id, body, attempts, not_before, leased_until, queued_at) \
                 VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6)",
            )
            .bind(id).bind(lane).bind(kind).bind(conversation_id).bind(sealed).bind(now).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Leases the head of one lane that is due, with its batch. A head that does not open makes its own lane wait, with
    /// the reason, and no other.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lease(&mut self, lease: Lease) -> Result<Vec<OutboxRow>, StoreError> {
        for _ in 0..MAX_SHUT {
            let Some(head) = self.due_head(lease).await? else { break };
            let id = head.0;
            match self.outbox_row(head) {
                Ok(head) => return self.lease_from(&head, lease).await,
                Err(error @ (StoreError::DoesNotOpen { .. } | StoreError::UnknownKey { .. })) => {
                    tracing::error!(code = %error.code(), id, %error, "an item of the outbox does not open: its lane waits");
                    self.postpone(&[id], lease.now + SHUT_FOR, &error.coded()).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Vec::new())
    }

    /// Heads only, then `SKIP LOCKED`: the other way round would reorder.
    async fn due_head(&mut self, lease: Lease) -> Result<Option<Columns>, StoreError> {
        let text = match self.is_postgres() {
            true => select!(
                "lease head",
                "WHERE id IN (SELECT MIN(id) FROM outbox GROUP BY lane) AND not_before <= $1 \
                 AND (leased_until <= $1 OR leased_by >= $2 AND leased_by < $3) \
                 ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED"
            ),
            false => select!(
                "lease head",
                "WHERE id IN (SELECT MIN(id) FROM outbox GROUP BY lane) AND not_before <= $1 \
                 AND (leased_until <= $1 OR leased_by >= $2 AND leased_by < $3) \
                 ORDER BY not_before, id LIMIT 1"
            ),
        };
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(text)
                .bind(lease.now).bind(lease.first_life).bind(lease.holder).fetch_optional(connection).await
        })?;
        Ok(found)
    }

    async fn lease_from(&mut self, head: &OutboxRow, lease: Lease) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = self.batch(head, lease).await?;
        for row in &rows {
            both!(self, connection => {
                sqlx::query(
                    "-- lease\n\
                     UPDATE outbox SET leased_until = $2, leased_by = $4, batch = $3, attempts = attempts + 1 WHERE id = $1",
                )
                .bind(row.id).bind(lease.now + lease.duration).bind(head.id).bind(lease.holder).execute(connection).await.map(|_| ())
            })?;
        }
        Ok(rows)
    }

    /// A retry repeats its batch exactly; a first try takes what follows the head and is of its kind.
    async fn batch(&mut self, head: &OutboxRow, lease: Lease) -> Result<Vec<OutboxRow>, StoreError> {
        let limit = if lease.batched_kinds.contains(&head.kind.as_str()) { lease.batch } else { 1 };
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(select!("batch", "WHERE lane = $1 ORDER BY id LIMIT $2"))
                .bind(&head.lane).bind(limit).fetch_all(connection).await
        })?;
        let mut rows = Vec::new();
        for columns in found {
            // What does not open is found out about when it is the head.
            let Ok(row) = self.outbox_row(columns) else { break };
            if row.kind != head.kind || row.batch != head.batch {
                break;
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// What a process has leased in this life of it is free.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release_leases(&mut self, holder: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- release leases\nUPDATE outbox SET leased_until = 0 WHERE leased_by = $1 AND leased_until > 0")
                .bind(holder).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// The peer has taken them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        for id in ids {
            both!(self, connection => {
                sqlx::query("-- forget\nDELETE FROM outbox WHERE id = $1").bind(*id).execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Not now: the lane waits until `not_before`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn postpone(&mut self, ids: &[i64], not_before: i64, why: &str) -> Result<(), StoreError> {
        for id in ids {
            both!(self, connection => {
                sqlx::query("-- postpone\nUPDATE outbox SET leased_until = 0, not_before = $2, last_error = $3 WHERE id = $1")
                    .bind(*id).bind(not_before).bind(why).execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Not as a batch: each of them is due, and from now on one of its own.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn take_apart(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        for id in ids {
            both!(self, connection => {
                sqlx::query("-- take apart\nUPDATE outbox SET leased_until = 0, not_before = 0, batch = id WHERE id = $1")
                    .bind(*id).execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// An item keeps its place with another body.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn replace_item(&mut self, row: &OutboxRow, body: &[u8]) -> Result<(), StoreError> {
        let sealed = self.seal("outbox", &outbox_item(row.id, row.conversation_id, &row.kind, &row.lane), "body", body);
        both!(self, connection => {
            sqlx::query("-- replace item\nUPDATE outbox SET body = $2, leased_until = 0, not_before = 0 WHERE id = $1")
                .bind(row.id).bind(sealed).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// A peer has shown itself: what waits for it is due.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn wake_lanes(&mut self, prefix: &str) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- wake lanes\nUPDATE outbox SET not_before = 0 WHERE substr(lane, 1, length($1)) = $1 AND leased_until = 0",
            )
            .bind(prefix).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// How many items wait.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn outbox_depth(&mut self) -> Result<i64, StoreError> {
        let (count,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- outbox depth\nSELECT COUNT(*) FROM outbox").fetch_one(connection).await
        })?;
        Ok(count)
    }
}
