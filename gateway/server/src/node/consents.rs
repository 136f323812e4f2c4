//! Who may talk to whom [mimi-protocol-06 §5.7].

use causeway_drafts::mimi_uri::{RoomUri, UserUri};
use causeway_store::{StoreError, Tx};

/// Whether the target has consented to the requester, everywhere or in the room. The newest word in each scope counts.
pub(crate) async fn has_consent(tx: &mut Tx, requester: &UserUri, target: &UserUri, room: &RoomUri) -> Result<bool, StoreError> {
    let rows = tx.consents(requester.as_str(), target.as_str()).await?;
    let newest = |scope: &str| rows.iter().find(|row| row.room == scope).is_some_and(|row| row.status == "granted");
    Ok(newest("") || newest(room.as_str()))
}
