//! `submitMessage` [mimi-protocol-06 §5.4]: messages of followers' clients, at their hub.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use causeway_core::code::{self, Coded};
use causeway_core::conversation::ConversationError;
use causeway_drafts::mimi_protocol_06::message::MessageKind;
use causeway_drafts::mimi_protocol_06::submit_message::{SubmitMessageRequest, SubmitMessageResponse, SubmitStatus};
use causeway_drafts::{decode_exact, encode};
use causeway_mls::MlsError;

use super::{answer, answer_with, once, our_room};
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Node, NodeError};

pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<Response, MimiError> {
    let room = our_room(&node, &request.path)?;
    let message: SubmitMessageRequest = decode_exact(&request.body)?;
    if message.app_message.value().kind() != MessageKind::Application {
        // P-043
        tracing::info!(code = %code::NOT_AN_APPLICATION_MESSAGE, "a message is refused");
        return Ok(answer_with(&SubmitMessageResponse::new(SubmitStatus::NotAllowed)));
    }
    let from = request.from.clone();
    let done = once(&node, ("submitMessage", &room), &request, move |conversation, turn| {
        let submitted = conversation.submit(turn, &from, &message.sending_uri, message.app_message.bytes())?;
        let status = SubmitStatus::Success { accepted_timestamp: submitted.accepted_at, frank: Some(submitted.frank) };
        Ok(encode(&SubmitMessageResponse::new(status)))
    });
    match done.await {
        Ok(body) => Ok(answer(body)),
        Err(error) => refusal(error).map(|response| answer_with(&response)),
    }
}

/// P-047: a stale epoch is epochTooOld; everything else that the room forbids is notAllowed.
fn refusal(error: NodeError) -> Result<SubmitMessageResponse, MimiError> {
    let NodeError::Conversation(refused) = &error else { return Err(error.into()) };
    let status = match refused {
        ConversationError::Mls(MlsError::TooOld { current } | MlsError::WrongEpoch { current }) => {
            SubmitStatus::EpochTooOld { current_epoch: *current }
        }
        ConversationError::NotAllowed { .. }
        | ConversationError::Mls(
            MlsError::NotAllowed(_) | MlsError::FutureEpoch { .. } | MlsError::Invalid(_) | MlsError::Malformed(_),
        ) => SubmitStatus::NotAllowed,
        _ => return Err(error.into()),
    };
    tracing::info!(code = %refused.code(), why = %refused, "a message is refused");
    Ok(SubmitMessageResponse::new(status))
}
