//! What could not be processed, and waits for an operator instead of blocking its neighbours.

use causeway_core::records::ParkedRow;

use crate::StoreError;
use crate::sealed::parked_body;
use crate::tx::{Tx, both};

type Columns = (i64, String, String, String, Option<i64>, Vec<u8>, String, String, i64, i64, i64);

impl Tx {
    /// Parks something at the end; gives its number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn park(&mut self, row: &ParkedRow) -> Result<i64, StoreError> {
        let id = self.next_id("parked").await?;
        let sealed = self.seal("parked", &parked_body(id, &row.kind, &row.source, &row.subject), "body", &row.body);
        both!(self, connection => {
            sqlx::query(
                "-- park\n\
                 INSERT INTO parked (id, kind, source, subject, conversation_id, body, code, reason, parked_at, holds_back, replays) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)",
            )
            .bind(id).bind(&row.kind).bind(&row.source).bind(&row.subject).bind(row.conversation_id).bind(sealed).bind(&row.code)
            .bind(&row.reason).bind(row.parked_at).bind(i64::from(row.holds_back))
            .execute(connection).await.map(|_| ())
        })?;
        Ok(id)
    }

    /// Something that is parked; locked, so that it is replayed once.
    ///
    /// # Errors
    /// If the database fails, or the body does not open.
    pub async fn parked(&mut self, id: i64) -> Result<Option<ParkedRow>, StoreError> {
        let text = match self.is_postgres() {
            true => {
                "-- parked\n\
                 SELECT id, kind, source, subject, conversation_id, body, code, reason, parked_at, holds_back, replays FROM parked \
                 WHERE id = $1 FOR UPDATE"
            }
            false => {
                "-- parked\n\
                 SELECT id, kind, source, subject, conversation_id, body, code, reason, parked_at, holds_back, replays FROM parked \
                 WHERE id = $1"
            }
        };
        let found = both!(self, connection => sqlx::query_as::<_, Columns>(text).bind(id).fetch_optional(connection).await)?;
        found.map(|columns| self.parked_row(columns)).transpose()
    }

    fn parked_row(&self, columns: Columns) -> Result<ParkedRow, StoreError> {
        let (id, kind, source, subject, conversation_id, sealed, code, reason, parked_at, holds_back, replays) = columns;
        let body = self.open("parked", &parked_body(id, &kind, &source, &subject), "body", &sealed)?;
        let holds_back = holds_back != 0;
        Ok(ParkedRow { id, kind, source, subject, conversation_id, body, code, reason, parked_at, holds_back, replays })
    }

    /// It has been processed after all.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unpark(&mut self, id: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- unpark\nDELETE FROM parked WHERE id = $1").bind(id).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// It still cannot be processed, for this reason.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn replay_failed(&mut self, id: i64, (code, reason): (&str, &str)) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- replay failed\nUPDATE parked SET replays = replays + 1, code = $2, reason = $3 WHERE id = $1")
                .bind(id).bind(code).bind(reason).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// The oldest parked input of a conversation behind which later ones have to wait.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn held_back_by(&mut self, conversation_id: i64) -> Result<Option<i64>, StoreError> {
        let (id,) = both!(self, connection => {
            sqlx::query_as::<_, (Option<i64>,)>("-- held back by\nSELECT MIN(id) FROM parked WHERE conversation_id = $1 AND holds_back = 1")
                .bind(conversation_id).fetch_one(connection).await
        })?;
        Ok(id)
    }

    /// Whether something of this kind and subject is parked already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_parked(&mut self, kind: &str, subject: &str) -> Result<bool, StoreError> {
        let (count,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- is parked\nSELECT COUNT(*) FROM parked WHERE kind = $1 AND subject = $2")
                .bind(kind).bind(subject).fetch_one(connection).await
        })?;
        Ok(count > 0)
    }

    /// How much of a source is parked.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn parked_of(&mut self, source: &str) -> Result<i64, StoreError> {
        let (count,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>("-- parked of source\nSELECT COUNT(*) FROM parked WHERE source = $1")
                .bind(source).fetch_one(connection).await
        })?;
        Ok(count)
    }
}
