//! Own MLS clients.

use causeway_core::records::ClientRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores a client, if it is not there already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_client(&mut self, client: &ClientRow) -> Result<(), StoreError> {
        let sealed = self.seal("clients", client.client_uri.as_bytes(), "identity", &client.identity);
        both!(self, connection => {
            sqlx::query(
                "-- insert client\n\
                 INSERT INTO clients (client_uri, user_uri, identity) VALUES ($1, $2, $3) ON CONFLICT (client_uri) DO NOTHING",
            )
            .bind(&client.client_uri).bind(&client.user_uri).bind(sealed).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// A client by its URI.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn client(&mut self, client_uri: &str) -> Result<Option<ClientRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, Vec<u8>)>(
                "-- client\nSELECT client_uri, user_uri, identity FROM clients WHERE client_uri = $1",
            )
            .bind(client_uri).fetch_optional(connection).await
        })?;
        let open = |(client_uri, user_uri, sealed): (String, String, Vec<u8>)| {
            let identity = self.open("clients", client_uri.as_bytes(), "identity", &sealed)?;
            Ok(ClientRow { client_uri, user_uri, identity })
        };
        found.map(open).transpose()
    }
}
