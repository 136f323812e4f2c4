//! What the public states of a group's epochs have in common, as nodes. No secret is in them.

use sqlx::QueryBuilder;

use crate::StoreError;
use crate::batches::batches;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores nodes, digest and body. One that is there stays as it is: its digest says what it holds.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_group_nodes(&mut self, conversation_id: i64, nodes: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        for nodes in batches(nodes) {
            both!(self, connection => {
                let mut query =
                    QueryBuilder::new("-- put group nodes\nINSERT INTO group_nodes (conversation_id, digest, body) ");
                query.push_values(nodes, |mut tuple, (digest, body)| {
                    tuple.push_bind(conversation_id).push_bind(*digest).push_bind(*body);
                });
                query.push(" ON CONFLICT (conversation_id, digest) DO NOTHING");
                query.build().execute(connection).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Deletes nodes that no kept epoch refers to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_group_nodes(&mut self, conversation_id: i64, digests: &[Vec<u8>]) -> Result<(), StoreError> {
        for digests in batches(digests) {
            both!(self, connection => {
                let mut query = QueryBuilder::new("-- delete group nodes\nDELETE FROM group_nodes WHERE conversation_id = ");
                query.push_bind(conversation_id).push(" AND digest IN (");
                let mut list = query.separated(", ");
                for digest in digests {
                    list.push_bind(digest);
                }
                list.push_unseparated(")");
                query.build().execute(connection).await.map(|_| ())
            })?;
        }
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
