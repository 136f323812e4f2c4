//! `requestConsent` [mimi-protocol-06 §5.7]: a user of another provider asks for one of our puppets' consent.

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use causeway_core::conversation::Conversation;
use causeway_core::records::ConsentRow;
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::consent::{ConsentEntry, ConsentOperation};
use http::StatusCode;

use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, Session, now_ms};

/// Who has declined is not asked again for so long, ms: a day. The requester is not told (P-091).
const ASK_AGAIN_AFTER: i64 = 24 * 3600 * 1000;

/// P-086, P-091: 201 says that the question was received, and nothing about whether there is such a user.
pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<StatusCode, MimiError> {
    let entry: ConsentEntry = decode_exact(&request.body)?;
    // P-084
    if entry.requester_uri.provider() != request.from || entry.target_uri.provider() != request.target {
        let why = "P-084: the requester has to be the sender's user, the target one of ours";
        return Err(MimiError::new(code::CONSENT_PARTIES, why));
    }
    let entry = Arc::new(entry);
    node.transaction("request consent", move |session| {
        let entry = entry.clone();
        Box::pin(async move {
            match entry.operation {
                ConsentOperation::Request => ask(session, &entry).await.map(Ok),
                ConsentOperation::Cancel => cancel(session, &entry).await.map(Ok),
                ConsentOperation::Grant | ConsentOperation::Revoke => {
                    let why = "P-082: grants and revocations go to updateConsent";
                    Ok(Err(MimiError::new(code::WRONG_CONSENT_ENDPOINT, why)))
                }
            }
        })
    })
    .await??;
    Ok(StatusCode::CREATED)
}

fn room_of(entry: &ConsentEntry) -> String {
    entry.room_id.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// The question is put once: while it waits for an answer, or has been answered with yes, repeating it does nothing.
async fn ask(session: &mut Session<'_>, entry: &ConsentEntry) -> Result<(), NodeError> {
    if session.node.gateway.names.puppet_to_matrix(&entry.target_uri).is_none() {
        return Ok(());
    }
    let room = room_of(entry);
    let known = session.tx.consents(entry.requester_uri.as_str(), entry.target_uri.as_str()).await?;
    let asked_lately = |row: &ConsentRow| row.status == "rejected" && row.updated_at + ASK_AGAIN_AFTER > now_ms() as i64;
    let is_settled = |row: &ConsentRow| matches!(row.status.as_str(), "requested" | "granted") || asked_lately(row);
    if known.iter().find(|row| row.room == room).is_some_and(is_settled) {
        return Ok(());
    }
    let (conversation, decision) =
        session.turn(|turn| Conversation::asked(turn, &entry.requester_uri, &entry.target_uri, &room))?;
    session.save(conversation, decision).await.map(|_| ())
}

/// P-083, P-087: what was asked in exactly this scope is taken back; anything else has no effect.
async fn cancel(session: &mut Session<'_>, entry: &ConsentEntry) -> Result<(), NodeError> {
    let room = room_of(entry);
    let known = session.tx.consents(entry.requester_uri.as_str(), entry.target_uri.as_str()).await?;
    let asked = known.iter().find(|row| row.room == room && row.status == "requested").and_then(|row| row.conversation_id);
    let Some(id) = asked else { return Ok(()) };
    let mut conversation = session.conversation(&Find::Id(id)).await?;
    let ((), decision) = session.turn(|turn| conversation.cancelled(turn))?;
    session.save(conversation, decision).await.map(|_| ())
}
