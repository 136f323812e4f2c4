//! KeyPackages of puppets.

use causeway_core::records::KeyPackageRow;

use crate::StoreError;
use crate::tx::{Tx, both};

type Columns = (Vec<u8>, String, String, Vec<u8>, Vec<u8>, i64, Option<String>, Option<String>, Option<i64>);

impl Tx {
    fn key_package_row(&self, columns: Columns) -> Result<KeyPackageRow, StoreError> {
        let (reference, user_uri, client_uri, key_package, sealed, not_after, claimed_by, claimed_room, claimed_at) = columns;
        let private = match sealed.is_empty() {
            true => Vec::new(),
            false => self.open("key_packages", &reference, "private", &sealed)?,
        };
        Ok(KeyPackageRow { reference, user_uri, client_uri, key_package, private, not_after, claimed_by, claimed_room, claimed_at })
    }

    /// Stores a KeyPackage.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_key_package(&mut self, row: &KeyPackageRow) -> Result<(), StoreError> {
        let sealed = self.seal("key_packages", &row.reference, "private", &row.private);
        both!(self, connection => {
            sqlx::query(
                "-- insert key package\n\
                 INSERT INTO key_packages (reference, user_uri, client_uri, key_package, private, not_after) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(&row.reference).bind(&row.user_uri).bind(&row.client_uri).bind(&row.key_package).bind(sealed).bind(row.not_after)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// Hands a KeyPackage out: never the same one twice, never an expired one (P-025, P-026).
    ///
    /// # Errors
    /// If the database fails.
    pub async fn claim_key_package(
        &mut self,
        user_uri: &str,
        (provider, room): (&str, &str),
        now: i64,
    ) -> Result<Option<KeyPackageRow>, StoreError> {
        let text = match self.is_postgres() {
            true => {
                "-- claim key package\n\
                 UPDATE key_packages SET claimed_by = $2, claimed_room = $3, claimed_at = $4 WHERE reference = \
                 (SELECT reference FROM key_packages WHERE user_uri = $1 AND claimed_by IS NULL AND not_after > $4 \
                 ORDER BY not_after LIMIT 1 FOR UPDATE SKIP LOCKED) \
                 RETURNING reference, user_uri, client_uri, key_package, private, not_after, claimed_by, claimed_room, claimed_at"
            }
            false => {
                "-- claim key package\n\
                 UPDATE key_packages SET claimed_by = $2, claimed_room = $3, claimed_at = $4 WHERE reference = \
                 (SELECT reference FROM key_packages WHERE user_uri = $1 AND claimed_by IS NULL AND not_after > $4 \
                 ORDER BY not_after LIMIT 1) \
                 RETURNING reference, user_uri, client_uri, key_package, private, not_after, claimed_by, claimed_room, claimed_at"
            }
        };
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(text).bind(user_uri).bind(provider).bind(room).bind(now).fetch_optional(connection).await
        })?;
        found.map(|columns| self.key_package_row(columns)).transpose()
    }

    /// How many KeyPackages of a user can still be handed out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unclaimed_key_packages(&mut self, user_uri: &str, now: i64) -> Result<i64, StoreError> {
        let (count,) = both!(self, connection => {
            sqlx::query_as::<_, (i64,)>(
                "-- unclaimed key packages\n\
                 SELECT COUNT(*) FROM key_packages WHERE user_uri = $1 AND claimed_by IS NULL AND not_after > $2",
            )
            .bind(user_uri).bind(now).fetch_one(connection).await
        })?;
        Ok(count)
    }

    /// A KeyPackage by its reference.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn key_package(&mut self, reference: &[u8]) -> Result<Option<KeyPackageRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(
                "-- key package\n\
                 SELECT reference, user_uri, client_uri, key_package, private, not_after, claimed_by, claimed_room, claimed_at \
                 FROM key_packages WHERE reference = $1",
            )
            .bind(reference).fetch_optional(connection).await
        })?;
        found.map(|columns| self.key_package_row(columns)).transpose()
    }

    /// A KeyPackage's Welcome has been used: its secrets go, its row stays, so that it is never handed out again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn spend_key_package(&mut self, reference: &[u8]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- spend key package\nUPDATE key_packages SET private = $2 WHERE reference = $1")
                .bind(reference).bind(Vec::<u8>::new()).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}
