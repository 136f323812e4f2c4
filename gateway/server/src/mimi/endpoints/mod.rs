//! The provider's endpoints [mimi-protocol-06 §5], one file each.

mod causeway_peer;
mod directory;
mod group_info;
mod key_material;
mod notify;
mod request_consent;
mod submit_message;
mod update;
mod update_consent;

#[cfg(test)]
pub(crate) use notify::receive_fanout;
pub(crate) use notify::replay as replay_fanout;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use causeway_core::code;
use causeway_core::conversation::{Conversation, ConversationError, Turn};
use causeway_core::records::InboxRow;
use causeway_drafts::encode;
use causeway_drafts::mimi_protocol_06::BODY_MEDIA_TYPE;
use causeway_drafts::mimi_protocol_06::directory::{WELL_KNOWN, uri_from_path};
use causeway_drafts::mimi_uri::{RoomUri, UriError};
use http::header::CONTENT_TYPE;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::error::MimiError;
use super::identity::FromProvider;
use crate::node::{Find, Node, NodeError, now_ms};
use crate::telemetry::{Direction, Fate, Intake, Side, observe};

/// All endpoints of the provider.
pub(crate) fn router(node: Arc<Node>) -> Router {
    let not_yet = || any(|| async { MimiError::new(code::NOT_IMPLEMENTED, "this endpoint is not supported yet") });
    let router = Router::new()
        .route(WELL_KNOWN, get(directory::handler))
        .route("/v1/keyMaterial/{*user}", post(key_material::handler))
        .route("/v1/update/{*room}", post(update::handler))
        .route("/v1/submitMessage/{*room}", post(submit_message::handler))
        .route("/v1/notify/{*room}", post(notify::handler))
        .route("/v1/groupInfo/{*room}", post(group_info::handler))
        .route("/v1/requestConsent/{*target}", post(request_consent::handler))
        .route("/v1/updateConsent/{*requester}", post(update_consent::handler))
        .route("/v1/causewayPeer/{*room}", post(causeway_peer::handler))
        .route("/v1/identifierQuery/{*domain}", not_yet())
        .route("/v1/reportAbuse/{*room}", not_yet())
        .route("/v1/proxyDownload/{*url}", not_yet())
        .fallback(|| async { MimiError::new(code::NO_SUCH_ENDPOINT, "no such endpoint") })
        .with_state(node);
    observe(router, Side::Mimi)
}

/// An encoded answer.
fn answer(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, BODY_MEDIA_TYPE)], body).into_response()
}

/// An encoded answer.
fn answer_with<T: tls_codec::Serialize>(value: &T) -> Response {
    answer(encode(value))
}

/// The URI in a path.
fn uri<T: std::str::FromStr<Err = UriError>>(path: &str) -> Result<T, MimiError> {
    uri_from_path(path).map_err(|error| MimiError::new(code::PATH_MALFORMED, format!("the path names nothing: {error}")))
}

/// The room in a path, which has to be one of ours.
fn our_room(node: &Node, path: &str) -> Result<RoomUri, MimiError> {
    let room: RoomUri = uri(path)?;
    match node.gateway.names.is_ours(&room.provider()) {
        true => Ok(room),
        false => Err(MimiError::new(code::NO_SUCH_ROOM, "no such room here")),
    }
}

/// One call of the core for a request about a room of ours, at most once: a peer that repeats a body exactly gets the
/// answer that it got before, and nothing happens again.
async fn once<F>(
    node: &Arc<Node>,
    (name, room): (&'static str, &RoomUri),
    request: &FromProvider,
    act: F,
) -> Result<Vec<u8>, NodeError>
where
    F: Fn(&mut Conversation, &mut Turn<'_>) -> Result<Vec<u8>, ConversationError> + Send + Sync + 'static,
{
    let received = (format!("mimi:{}", request.from), digest(name, &request.path, &request.body));
    let (find, received, act) = (Find::Mimi(room.to_string()), Arc::new(received), Arc::new(act));
    let intake = Intake::one(Direction::MimiToMatrix);
    let span = tracing::info_span!("room", %room);
    let running = node.transaction(name, move |session| {
        let (find, received, act) = (find.clone(), received.clone(), act.clone());
        Box::pin(async move {
            let mut conversation = session.conversation(&find).await?;
            // Under the conversation's lock, so that a repetition waits for the first to be done.
            if let Some(before) = session.tx.answer(&received.0, &received.1).await? {
                session.unchanged(conversation);
                return Ok((before, Fate::Duplicate));
            }
            let (answer, decision) = session.turn(|turn| act(&mut conversation, turn))?;
            session.save(conversation, decision).await?;
            let (source, digest) = (*received).clone();
            let row = InboxRow { source, digest, answer: answer.clone(), received_at: now_ms() as i64 };
            session.tx.insert_answer(&row).await?;
            Ok((answer, Fate::Translated))
        })
    });
    let done = running.instrument(span.clone()).await;
    let fate = done.as_ref().map_or_else(NodeError::fate, |(_, fate)| *fate);
    span.in_scope(|| tracing::debug!(outcome = fate.as_str(), "a request of a follower's came in"));
    intake.ends(fate);
    done.map(|(answer, _)| answer)
}

/// What names a body in the inbox: a peer that repeats it exactly gets the same answer (P-072, G-57).
pub(crate) fn digest(endpoint: &str, path: &str, body: &[u8]) -> String {
    let hash = Sha256::new().chain_update(endpoint).chain_update([0]).chain_update(path).chain_update([0]).chain_update(body);
    hex::encode(hash.finalize())
}
