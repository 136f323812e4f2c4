//! Who may talk to whom [mimi-protocol-06 §5.7].

use causeway_drafts::mimi_protocol_06::consent::ConsentEntry;
use causeway_drafts::mimi_uri::{RoomUri, UserUri};
use causeway_store::{StoreError, Tx};

/// Whether the target has consented to the requester, everywhere or in the room. The newest word in each scope counts.
pub(crate) async fn has_consent(tx: &mut Tx, requester: &UserUri, target: &UserUri, room: &RoomUri) -> Result<bool, StoreError> {
    let rows = tx.consents(requester.as_str(), target.as_str()).await?;
    let newest = |scope: &str| rows.iter().find(|row| row.room == scope).is_some_and(|row| row.status == "granted");
    Ok(newest("") || newest(room.as_str()))
}

/// Whether what an own user wants to ask is answered already, in just this scope (P-089). The target's own word is the row
/// that belongs to no conversation.
pub(crate) async fn is_granted(tx: &mut Tx, question: &ConsentEntry) -> Result<bool, StoreError> {
    let rows = tx.consents(question.requester_uri.as_str(), question.target_uri.as_str()).await?;
    let scope = question.room_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let word = rows.iter().find(|row| row.room == scope && row.conversation_id.is_none());
    Ok(word.is_some_and(|row| row.status == "granted"))
}
