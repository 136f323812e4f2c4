//! What the public states of a group's epochs have in common, as nodes. No secret is in them.

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores a node. One that is there stays as it is: its digest says what it holds.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_group_node(&mut self, conversation_id: i64, digest: &[u8], body: &[u8]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put group node\n\
                 INSERT INTO group_nodes (conversation_id, digest, body) VALUES ($1, $2, $3) \
                 ON CONFLICT (conversation_id, digest) DO NOTHING",
            )
            .bind(conversation_id).bind(digest).bind(body).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Deletes a node that no kept epoch refers to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_group_node(&mut self, conversation_id: i64, digest: &[u8]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- delete group node\nDELETE FROM group_nodes WHERE conversation_id = $1 AND digest = $2")
                .bind(conversation_id).bind(digest).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All nodes of a group: digest and body.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn group_nodes(&mut self, conversation_id: i64) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as("-- group nodes\nSELECT digest, body FROM group_nodes WHERE conversation_id = $1")
                .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found)
    }
}
