//! `update` [mimi-protocol-06 §5.3]: handshakes of followers' clients, at their hub.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use causeway_core::code::Coded;
use causeway_core::conversation::ConversationError;
use causeway_drafts::mimi_protocol_06::update::{UpdateRequest, UpdateRoomResponse, UpdateStatus};
use causeway_drafts::{decode_exact, encode};
use causeway_mls::MlsError;

use super::{answer, answer_with, once, our_room};
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Node, NodeError};

pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<Response, MimiError> {
    let room = our_room(&node, &request.path)?;
    let update: UpdateRequest = decode_exact(&request.body)?;
    let from = request.from.clone();
    let done = once(&node, ("update", &room), &request, move |conversation, turn| {
        let accepted_timestamp = conversation.update(turn, &from, &update)?;
        Ok(encode(&UpdateRoomResponse::new(UpdateStatus::Success { accepted_timestamp }, "")))
    });
    match done.await {
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
    tracing::info!(code = %refused.code(), why = %refused, "an update is refused");
    Ok(UpdateRoomResponse::new(status, refused.coded()))
}
