//! KeyPackages of puppets. Each one's private part is under a key of its own, like an epoch's secrets: once it is spent, and the
//! slice of its key destroyed, no copy of the database opens a recorded Welcome.

use causeway_core::records::KeyPackageRow;

use crate::StoreError;
use crate::keyring::{EPOCH_MAGIC, Place};
use crate::tx::{Tx, both};

/// Among the keys of epochs, whose conversations begin at 1, those of KeyPackages.
const KEY_PACKAGES: i64 = 0;

type Columns = (Vec<u8>, String, String, Vec<u8>, Vec<u8>, Option<Vec<u8>>, i64, Option<String>, Option<String>, Option<i64>);

impl Tx {
    async fn key_package_row(&mut self, columns: Columns) -> Result<KeyPackageRow, StoreError> {
        let (reference, user_uri, client_uri, key_package, early, secret, not_after, claimed_by, claimed_room, claimed_at) =
            columns;
        let private = match secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => self.open_private(&reference, &secret).await?,
            // From before KeyPackages had keys of their own.
            None if !early.is_empty() => self.open("key_packages", &reference, "private", &early)?,
            None => Vec::new(),
        };
        Ok(KeyPackageRow { reference, user_uri, client_uri, key_package, private, not_after, claimed_by, claimed_room, claimed_at })
    }

    async fn open_private(&mut self, reference: &[u8], secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        let key = self.epoch_key((KEY_PACKAGES, reference)).await?;
        let sealed = secret.strip_prefix(&EPOCH_MAGIC);
        let opened = sealed.zip(key).and_then(|(sealed, key)| key.open((&EPOCH_MAGIC, place(reference)), sealed));
        opened.ok_or_else(|| StoreError::DoesNotOpen { table: "key_packages".to_owned() })
    }

    async fn seal_private(&mut self, reference: &[u8], private: &[u8]) -> Result<Vec<u8>, StoreError> {
        let key = self.epoch_key_or_new((KEY_PACKAGES, reference)).await?;
        Ok([&EPOCH_MAGIC[..], &key.seal((&EPOCH_MAGIC, place(reference)), private)].concat())
    }

    /// Stores a KeyPackage.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn insert_key_package(&mut self, row: &KeyPackageRow) -> Result<(), StoreError> {
        let secret = self.seal_private(&row.reference, &row.private).await?;
        both!(self, connection => {
            sqlx::query(
                "-- insert key package\n\
                 INSERT INTO key_packages (reference, user_uri, client_uri, key_package, private, secret, not_after) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&row.reference).bind(&row.user_uri).bind(&row.client_uri).bind(&row.key_package).bind(Vec::<u8>::new()).bind(secret)
            .bind(row.not_after)
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
                 RETURNING reference, user_uri, client_uri, key_package, private, secret, not_after, claimed_by, claimed_room, claimed_at"
            }
            false => {
                "-- claim key package\n\
                 UPDATE key_packages SET claimed_by = $2, claimed_room = $3, claimed_at = $4 WHERE reference = \
                 (SELECT reference FROM key_packages WHERE user_uri = $1 AND claimed_by IS NULL AND not_after > $4 \
                 ORDER BY not_after LIMIT 1) \
                 RETURNING reference, user_uri, client_uri, key_package, private, secret, not_after, claimed_by, claimed_room, claimed_at"
            }
        };
        let found = both!(self, connection => {
            sqlx::query_as::<_, Columns>(text).bind(user_uri).bind(provider).bind(room).bind(now).fetch_optional(connection).await
        })?;
        match found {
            Some(columns) => self.key_package_row(columns).await.map(Some),
            None => Ok(None),
        }
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
                 SELECT reference, user_uri, client_uri, key_package, private, secret, not_after, claimed_by, claimed_room, claimed_at \
                 FROM key_packages WHERE reference = $1",
            )
            .bind(reference).fetch_optional(connection).await
        })?;
        match found {
            Some(columns) => self.key_package_row(columns).await.map(Some),
            None => Ok(None),
        }
    }

    /// A KeyPackage's Welcome has been used: its secrets go, its row stays, so that it is never handed out again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn spend_key_package(&mut self, reference: &[u8]) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query("-- spend key package\nUPDATE key_packages SET private = $2, secret = $2 WHERE reference = $1")
                .bind(reference).bind(Vec::<u8>::new()).execute(connection).await.map(|_| ())
        })?;
        self.destroy_epoch_key((KEY_PACKAGES, reference)).await?;
        Ok(())
    }

    /// The secrets of KeyPackages go that ran out before then.
    pub(crate) async fn forget_expired_key_packages(&mut self, before: i64) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- forget keys of expired key packages\n\
                 DELETE FROM epoch_keys WHERE conversation_id = $1 AND epoch_id IN \
                 (SELECT reference FROM key_packages WHERE not_after < $2 AND length(secret) > 0)",
            )
            .bind(KEY_PACKAGES).bind(before).execute(connection).await.map(|_| ())
        })?;
        both!(self, connection => {
            sqlx::query("-- forget expired key packages\nUPDATE key_packages SET secret = $2 WHERE not_after < $1 AND length(secret) > 0")
                .bind(before).bind(Vec::<u8>::new()).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// KeyPackages whose private part an older version has sealed under the master key's ring.
    pub(crate) async fn early_key_packages(&mut self) -> Result<Vec<Vec<u8>>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (Vec<u8>,)>("-- early key packages\nSELECT reference FROM key_packages WHERE length(private) > 0")
                .fetch_all(connection).await
        })?;
        Ok(found.into_iter().map(|(reference,)| reference).collect())
    }

    /// Such a private part comes under a key of its own.
    pub(crate) async fn adopt_key_package(&mut self, reference: &[u8]) -> Result<(), StoreError> {
        let Some(row) = self.key_package(reference).await? else { return Ok(()) };
        let secret = self.seal_private(reference, &row.private).await?;
        both!(self, connection => {
            sqlx::query("-- adopt key package\nUPDATE key_packages SET private = $2, secret = $3 WHERE reference = $1 AND length(private) > 0")
                .bind(reference).bind(Vec::<u8>::new()).bind(secret).execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }
}

/// What a private part is bound to.
fn place(reference: &[u8]) -> Place<'_> {
    Place { table: "key_packages", row: reference, column: "secret" }
}
