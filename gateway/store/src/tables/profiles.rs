//! Profiles of users behind the gateway; also what undoes hashed names.

use causeway_core::records::ProfileRow;

use crate::StoreError;
use crate::tx::{Tx, both};

impl Tx {
    /// Stores a profile.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_profile(&mut self, row: &ProfileRow) -> Result<(), StoreError> {
        both!(self, connection => {
            sqlx::query(
                "-- put profile\n\
                 INSERT INTO profiles (user_id, mimi_user, kind, display_name) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (user_id) DO UPDATE SET display_name = excluded.display_name",
            )
            .bind(&row.user_id).bind(&row.mimi_user).bind(&row.kind).bind(&row.display_name)
            .execute(connection).await.map(|_| ())
        })?;
        Ok(())
    }

    /// All profiles of a kind.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn profiles(&mut self, kind: &str) -> Result<Vec<ProfileRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, String, Option<String>)>(
                "-- profiles\nSELECT user_id, mimi_user, kind, display_name FROM profiles WHERE kind = $1 ORDER BY user_id",
            )
            .bind(kind).fetch_all(connection).await
        })?;
        let row = |(user_id, mimi_user, kind, display_name)| ProfileRow { user_id, mimi_user, kind, display_name };
        Ok(found.into_iter().map(row).collect())
    }

    /// A profile.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn profile(&mut self, user_id: &str) -> Result<Option<ProfileRow>, StoreError> {
        let found = both!(self, connection => {
            sqlx::query_as::<_, (String, String, String, Option<String>)>(
                "-- profile\nSELECT user_id, mimi_user, kind, display_name FROM profiles WHERE user_id = $1",
            )
            .bind(user_id).fetch_optional(connection).await
        })?;
        Ok(found.map(|(user_id, mimi_user, kind, display_name)| ProfileRow { user_id, mimi_user, kind, display_name }))
    }
}
