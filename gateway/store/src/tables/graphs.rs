//! Graphs of epochs, of groups that nobody orders.

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores a conversation's graph, and its latest term with the name of whoever orders that.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_graph(&mut self, conversation_id: i64, core: &[u8], order: (u64, &str)) -> Result<(), StoreError> {
        let (term, authority) = (i64::try_from(order.0).unwrap_or(i64::MAX), order.1);
        let core = self.seal("graphs", &conversation_id.to_be_bytes(), "core", core);
        both!(self, connection => {
            sqlx::query(
                "-- put graph\n\
                 INSERT INTO graphs (conversation_id, core, term, authority) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (conversation_id) DO UPDATE \
                 SET core = excluded.core, term = excluded.term, authority = excluded.authority",
            )
            .bind(conversation_id).bind(core).bind(term).bind(authority).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// A conversation's graph, if its group has one.
    ///
    /// # Errors
    /// If the database fails, or the row does not open.
    pub async fn graph(&mut self, conversation_id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (Vec<u8>,)>("-- graph\nSELECT core FROM graphs WHERE conversation_id = $1")
                .bind(conversation_id).fetch_optional(connection).await
        })?;
        found.map(|(core,)| self.open("graphs", &conversation_id.to_be_bytes(), "core", &core)).transpose()
    }

    /// The commits of the epochs whose state is kept, by epoch.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn kept_commits(&mut self, conversation_id: i64) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (Vec<u8>, Vec<u8>)>(
                "-- kept commits\n\
                 SELECT epoch_id, commit_message FROM epochs WHERE conversation_id = $1 AND epoch_id IN \
                 (SELECT epoch_id FROM group_values WHERE conversation_id = $1)",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found)
    }

    /// The graph has ended; what its epochs' states are kept of is said by themselves.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_graph(&mut self, conversation_id: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- delete graph\nDELETE FROM graphs WHERE conversation_id = $1")
                .bind(conversation_id).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Names the head among the epochs of a graph.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn mark_head(&mut self, conversation_id: i64, epoch_id: &[u8]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- mark head\n\
                 UPDATE epochs SET status = CASE WHEN epoch_id = $2 THEN 'head' ELSE 'past' END \
                 WHERE conversation_id = $1 AND (epoch_id = $2 OR status = 'head')",
            )
            .bind(conversation_id).bind(epoch_id).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}
