//! `causewayPeer` (SPEC §15.2): what another gateway says about a room without a hub. An extension of ours, named in the
//! directory; MIMI has no path between followers.

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use causeway_core::conversation::{Conversation, ConversationError, PeerMessage};
use causeway_core::records::InboxRow;
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use http::StatusCode;
use tracing::Instrument;

use super::{digest, uri};
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, Session, now_ms};
use crate::telemetry::{Direction, Fate, Intake};

/// A message of a peer, and its name in the inbox.
struct Said {
    from: ProviderDomain,
    room: RoomUri,
    message: PeerMessage,
    source: String,
    digest: String,
}

/// 201 says that everything is stored.
pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<StatusCode, MimiError> {
    let message = PeerMessage::from_bytes(&request.body)
        .map_err(|error| MimiError::new(code::MESSAGE_MALFORMED, format!("SPEC §15.2: not a message of a peer: {error}")))?;
    let said = Arc::new(Said {
        room: uri(&request.path)?,
        source: format!("mimi:{}", request.from),
        digest: digest("causewayPeer", &request.path, &request.body),
        from: request.from,
        message,
    });
    let intake = Intake::of(Direction::MimiToMatrix, 1);
    let span = tracing::info_span!("room", room = %said.room);
    let done = receive(&node, &said).instrument(span.clone()).await;
    let fate = done.as_ref().map_or_else(NodeError::fate, |fate| *fate);
    span.in_scope(|| tracing::debug!(outcome = fate.as_str(), kind = said.message.kind(), "a peer's message came in"));
    intake.ends(fate);
    done?;
    Ok(StatusCode::CREATED)
}

async fn receive(node: &Arc<Node>, said: &Arc<Said>) -> Result<Fate, NodeError> {
    let said = said.clone();
    node.transaction("causeway peer", move |session| {
        let said = said.clone();
        Box::pin(async move {
            let mut conversation = conversation(session, &said).await?;
            if session.tx.answer(&said.source, &said.digest).await?.is_some() {
                session.unchanged(conversation);
                return Ok(Fate::Duplicate);
            }
            let welcomes = match &said.message {
                PeerMessage::Welcome { welcome, .. } => session.welcomed_by(welcome).await?,
                _ => Vec::new(),
            };
            let messages = std::slice::from_ref(&said.message);
            let ((), decision) = session.turn(|turn| match conversation.is_peer(turn, &said.from) || !welcomes.is_empty() {
                true => conversation.peer(turn, &said.from, messages, welcomes),
                false => Err(not_a_peer()),
            })?;
            session.save(conversation, decision).await?;
            // A question may be asked again in the same words, and wants another answer.
            if !matches!(said.message, PeerMessage::WantTail | PeerMessage::WantGroupInfo) {
                let (source, digest) = (said.source.clone(), said.digest.clone());
                session.tx.insert_answer(&InboxRow { source, digest, answer: Vec::new(), received_at: now_ms() as i64 }).await?;
            }
            Ok(Fate::Translated)
        })
    })
    .await
}

fn not_a_peer() -> ConversationError {
    ConversationError::NotAllowed {
        rule: "DMLS-30",
        why: "the provider has no client in this room, and was not its hub".to_owned(),
    }
}

/// The room's conversation; a Welcome of one of our KeyPackages begins one.
async fn conversation(session: &mut Session<'_>, said: &Said) -> Result<Conversation, NodeError> {
    if let Some(known) = session.find(&Find::Mimi(said.room.to_string())).await? {
        return Ok(known);
    }
    match &said.message {
        PeerMessage::Welcome { welcome, .. } if !session.welcomed_by(welcome).await?.is_empty() => {
            Ok(Conversation::welcomed(&said.room, now_ms()))
        }
        _ => Err(NodeError::NoSuchRoom),
    }
}
