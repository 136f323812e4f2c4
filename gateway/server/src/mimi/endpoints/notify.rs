//! `notify` [mimi-protocol-06 §5.5]: what the hub of a room that we follow fans out.

use std::sync::Arc;

use axum::extract::State;
use causeway_core::conversation::Conversation;
use causeway_core::records::InboxRow;
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use http::StatusCode;
use tracing::Instrument;

use super::{digest, uri};
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, Session, now_ms};
use crate::telemetry::{Direction, Fate, Intake};

/// P-070: 201 says that everything is stored.
pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<StatusCode, MimiError> {
    let room: RoomUri = uri(&request.path)?;
    let messages = Arc::new(FanoutMessage::decode_body(&request.body)?);
    let (source, digest) = (format!("mimi:{}", request.from), digest("notify", &request.path, &request.body));
    let intake = Intake::of(Direction::MimiToMatrix, messages.len());
    let span = tracing::info_span!("room", %room);
    let (room, from) = (Arc::new(room), request.from);
    let running = node.transaction("notify", move |session| {
        let (room, from, messages) = (room.clone(), from.clone(), messages.clone());
        let (source, digest) = (source.clone(), digest.clone());
        Box::pin(async move {
            let Some(conversation) = conversation(session, &room, (&from, &messages)).await? else { return Err(NodeError::NoSuchRoom) };
            // P-073: only the first of identical bodies is processed.
            if session.tx.answer(&source, &digest).await?.is_some() {
                session.unchanged(conversation);
                return Ok(Fate::Duplicate);
            }
            take(session, conversation, &messages).await?;
            let row = InboxRow { source, digest, answer: Vec::new(), received_at: now_ms() as i64 };
            session.tx.insert_answer(&row).await?;
            Ok(Fate::Translated)
        })
    });
    let done = running.instrument(span.clone()).await;
    let fate = done.as_ref().map_or_else(NodeError::fate, |fate| *fate);
    span.in_scope(|| tracing::debug!(outcome = fate.as_str(), "a fan-out came in"));
    intake.ends(fate);
    done?;
    Ok(StatusCode::CREATED)
}

async fn take(session: &mut Session<'_>, mut conversation: Conversation, messages: &[FanoutMessage]) -> Result<(), NodeError> {
    let welcomes = session.welcomes_for_us(messages).await?;
    let ((), decision) = session.turn(|turn| conversation.notify(turn, messages, welcomes))?;
    session.save(conversation, decision).await.map(|_| ())
}

/// The room's conversation, if the sender is its hub; a Welcome of a new room's hub begins one.
async fn conversation(
    session: &mut Session<'_>,
    room: &RoomUri,
    (from, messages): (&ProviderDomain, &[FanoutMessage]),
) -> Result<Option<Conversation>, NodeError> {
    if let Some(known) = session.find(&Find::Mimi(room.to_string())).await? {
        return Ok(known.is_hub(from).then_some(known));
    }
    let welcomes = messages.iter().any(|message| matches!(message.body, FanoutBody::Welcome { .. }));
    let is_theirs = room.provider() == *from && !session.node.gateway.names.is_ours(from);
    if !(welcomes && is_theirs) || session.welcomes_for_us(messages).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(Conversation::welcomed(room, now_ms())))
}
