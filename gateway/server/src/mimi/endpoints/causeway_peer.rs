//! `causewayPeer` (SPEC §15.2): what another gateway says about a room without a hub. An extension of ours, named in the
//! directory; MIMI has no path between followers.

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use causeway_core::conversation::{Conversation, PeerMessage};
use http::StatusCode;
use tracing::Instrument;

use super::uri;
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, PeerSaid, Session, now_ms};
use crate::telemetry::{Direction, Fate, Intake};

/// 201 says that everything is stored.
pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<StatusCode, MimiError> {
    let said = PeerSaid::read(&request.from, &uri(&request.path)?, &request.body)
        .map_err(|error| MimiError::new(code::MESSAGE_MALFORMED, format!("SPEC §15.2: not a message of a peer: {error}")))?;
    let said = Arc::new(said);
    let intake = Intake::of(Direction::MimiToMatrix, 1);
    let span = tracing::info_span!("room", room = %said.room);
    let done = receive(&node, &said).instrument(span.clone()).await;
    let fate = done.as_ref().map_or_else(NodeError::fate, |fate| *fate);
    span.in_scope(|| tracing::debug!(outcome = fate.as_str(), kind = said.message.kind(), "a peer's message came in"));
    intake.ends(fate);
    done?;
    Ok(StatusCode::CREATED)
}

async fn receive(node: &Arc<Node>, said: &Arc<PeerSaid>) -> Result<Fate, NodeError> {
    let said = said.clone();
    node.transaction("causeway peer", move |session| {
        let said = said.clone();
        Box::pin(async move {
            let mut conversation = conversation(session, &said).await?;
            match session.hear_peer(&mut conversation, &said).await? {
                Some(decision) => session.save(conversation, decision).await.map(|_| Fate::Translated),
                None => {
                    session.unchanged(conversation);
                    Ok(Fate::Duplicate)
                }
            }
        })
    })
    .await
}

/// The room's conversation; a Welcome of one of our KeyPackages begins one.
async fn conversation(session: &mut Session<'_>, said: &PeerSaid) -> Result<Conversation, NodeError> {
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
