//! The public part of a group: tree and room state, no secrets.

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// The rows of openmls' storage that all clients of a group share in an epoch.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn public_group_values(
        &mut self,
        conversation_id: i64,
        epoch_id: &[u8],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as(
                "-- public group values\n\
                 SELECT key, value FROM group_values WHERE conversation_id = $1 AND epoch_id = $2 AND client_uri = ''",
            )
            .bind(conversation_id).bind(epoch_id).fetch_all(connection).await
        })?;
        Ok(found)
    }

    /// The same of every epoch of a group whose state is kept, with the epoch in front.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn public_values_by_epoch(&mut self, conversation_id: i64) -> Result<Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as(
                "-- public values by epoch\n\
                 SELECT epoch_id, key, value FROM group_values WHERE conversation_id = $1 AND client_uri = '' ORDER BY epoch_id",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found)
    }

    /// The latest term of a group that is without a hub, so that its epochs are a graph, and the name of whoever orders it; empty
    /// if that was last stored by an older version.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn graph_order(&mut self, conversation_id: i64) -> Result<Option<(i64, String)>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (i64, String)>("-- graph order\nSELECT term, authority FROM graphs WHERE conversation_id = $1")
                .bind(conversation_id).fetch_optional(connection).await
        })?;
        Ok(found)
    }

    /// The own clients that hold secrets of a group's head.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn own_clients(&mut self, conversation_id: i64) -> Result<Vec<String>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String,)>(
                "-- own clients\n\
                 SELECT DISTINCT client_uri FROM group_values JOIN conversations ON conversations.id = conversation_id \
                 AND head_epoch_id = epoch_id WHERE conversation_id = $1 AND client_uri <> '' ORDER BY client_uri",
            )
            .bind(conversation_id).fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(client,)| client).collect())
    }
}
