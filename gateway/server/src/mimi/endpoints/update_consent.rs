//! `updateConsent` [mimi-protocol-06 §5.7]: a user of another provider grants one of our puppets its consent, or
//! takes it back.

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use causeway_core::records::ConsentRow;
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use http::StatusCode;

use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, Session, now_ms};

pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<StatusCode, MimiError> {
    let entry: ConsentEntry = decode_exact(&request.body)?;
    // P-085
    if entry.requester_uri.provider() != request.target || entry.target_uri.provider() != request.from {
        let why = "P-085: the requester has to be one of our users, the target the sender's";
        return Err(MimiError::new(code::CONSENT_PARTIES, why));
    }
    let status = match entry.operation {
        ConsentOperation::Grant => "granted",
        ConsentOperation::Revoke => "revoked",
        ConsentOperation::Request | ConsentOperation::Cancel => {
            let why = "P-082: requests and cancellations go to requestConsent";
            return Err(MimiError::new(code::WRONG_CONSENT_ENDPOINT, why));
        }
    };
    let entry = Arc::new(entry);
    node.transaction("update consent", move |session| {
        let entry = entry.clone();
        Box::pin(async move { take(session, &entry, status).await })
    })
    .await?;
    Ok(StatusCode::CREATED)
}

/// P-089: a grant need not answer a question. Where one does, the ghost follows its invitation.
async fn take(session: &mut Session<'_>, entry: &ConsentEntry, status: &str) -> Result<(), NodeError> {
    let (requester, target) = (&entry.requester_uri, &entry.target_uri);
    let room = entry.room_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let waiting = session.tx.consents(requester.as_str(), target.as_str()).await?;
    let row = |conversation_id| ConsentRow {
        requester: requester.to_string(),
        target: target.to_string(),
        room: room.clone(),
        status: status.to_owned(),
        conversation_id,
        updated_at: now_ms() as i64,
    };
    session.tx.put_consent(&row(None)).await?;
    for id in waiting.iter().filter(|known| known.room == room).filter_map(|known| known.conversation_id) {
        session.tx.put_consent(&row(Some(id))).await?;
        let mut conversation = session.conversation(&Find::Id(id)).await?;
        let ((), decision) = session.turn(|turn| match status {
            "granted" => conversation.granted(turn, requester, target),
            _ => conversation.revoked(turn, requester, target),
        })?;
        session.save(conversation, decision).await?;
    }
    Ok(())
}
