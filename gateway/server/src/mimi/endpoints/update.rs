//! `update` [mimi-protocol-06 §5.3]: handshakes of followers' clients, at their hub.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use causeway_core::conversation::ConversationError;
use causeway_core::records::InboxRow;
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::{decode_exact, encode};
use causeway_mls::MlsError;

use super::{answer, answer_with, digest, our_room};
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, now_ms};

pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<Response, MimiError> {
    let room = our_room(&node, &request.path)?;
    let update: Arc<UpdateRequest> = Arc::new(decode_exact(&request.body)?);
    let (source, digest) = (format!("mimi:{}", request.from), digest("update", &request.path, &request.body));
    let (find, from) = (Find::Mimi(room.to_string()), request.from);
    let done = node
        .transaction("update", move |session| {
            let (find, from, update) = (find.clone(), from.clone(), update.clone());
            let (source, digest) = (source.clone(), digest.clone());
            Box::pin(async move {
                let mut conversation = session.conversation(&find).await?;
                // Under the conversation's lock, so that a repetition waits for the first to be done.
                if let Some(before) = session.tx.answer(&source, &digest).await? {
                    session.unchanged(conversation);
                    return Ok(before);
                }
                let (accepted_timestamp, decision) = session.turn(|turn| conversation.update(turn, &from, &update))?;
                session.save(conversation, decision).await?;
                let answer = encode(&UpdateRoomResponse::new(UpdateStatus::Success { accepted_timestamp }, ""));
                let row = InboxRow { source, digest, answer: answer.clone(), received_at: now_ms() as i64 };
                session.tx.insert_answer(&row).await?;
                Ok(answer)
            })
        })
        .await;
    match done {
        Ok(body) => Ok(answer(body)),
        Err(error) => refusal(error).map(|response| answer_with(&response)),
    }
}

/// P-041: what the protocol has a code for.
fn refusal(error: NodeError) -> Result<UpdateRoomResponse, MimiError> {
    let NodeError::Conversation(refused) = &error else { return Err(error.into()) };
    let status = match refused {
        ConversationError::Mls(MlsError::WrongEpoch { current } | MlsError::FutureEpoch { current })
        | ConversationError::WrongEpoch { current } => UpdateStatus::WrongEpoch { current_epoch: *current },
        ConversationError::NotAllowed { .. } | ConversationError::Mls(MlsError::NotAllowed(_)) => UpdateStatus::NotAllowed,
        ConversationError::Mls(MlsError::Invalid(_) | MlsError::CredentialRefused(_) | MlsError::UnknownProvider(_)) => {
            UpdateStatus::InvalidProposal { references: Vec::new() }
        }
        _ => return Err(error.into()),
    };
    tracing::info!(why = %refused, "an update is refused");
    Ok(UpdateRoomResponse::new(status, refused.to_string()))
}
