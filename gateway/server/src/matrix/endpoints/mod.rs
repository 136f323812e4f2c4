//! The server-server API, one file per endpoint.

mod backfill;
mod event;
mod event_auth;
mod get_missing_events;
mod invite;
mod key_server;
mod keys;
mod make_join;
mod make_leave;
mod peers_room;
mod query;
mod send;
mod send_join;
mod send_leave;
mod state;
mod version;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};
use causeway_core::code;
use causeway_core::conversation::Conversation;
use causeway_core::matrix::Room;
use ruma::{RoomId, ServerName};

use super::error::MatrixError;
use crate::node::{Find, Node, NodeError, Session};
use crate::telemetry::{Side, observe};

/// All endpoints of the homeserver.
pub(crate) fn router(node: Arc<Node>) -> Router {
    let federation = Router::new()
        .route("/version", get(version::handler))
        .route("/send/{transaction_id}", put(send::handler))
        .route("/event/{event_id}", get(event::handler))
        .route("/state/{room_id}", get(state::handler))
        .route("/state_ids/{room_id}", get(state::ids_handler))
        .route("/event_auth/{room_id}/{event_id}", get(event_auth::handler))
        .route("/backfill/{room_id}", get(backfill::handler))
        .route("/get_missing_events/{room_id}", post(get_missing_events::handler))
        .route("/make_join/{room_id}/{user_id}", get(make_join::handler))
        .route("/make_leave/{room_id}/{user_id}", get(make_leave::handler))
        .route("/query/profile", get(query::profile))
        .route("/query/directory", get(query::directory))
        .route("/user/devices/{user_id}", get(keys::devices))
        .route("/user/keys/query", post(keys::query))
        .route("/user/keys/claim", post(keys::claim));
    let federation_v2 = Router::new()
        .route("/send_join/{room_id}/{event_id}", put(send_join::handler))
        .route("/send_leave/{room_id}/{event_id}", put(send_leave::handler))
        .route("/invite/{room_id}/{event_id}", put(invite::handler));
    let router = Router::new()
        .nest("/_matrix/federation/v1", federation)
        .nest("/_matrix/federation/v2", federation_v2)
        .route("/_matrix/key/v2/server", get(key_server::handler))
        .route("/_matrix/key/v2/server/{key_id}", get(key_server::handler))
        .route("/.well-known/matrix/server", get(well_known::handler))
        .fallback(|| async { MatrixError::new(code::NO_SUCH_ENDPOINT, "no such endpoint") })
        .method_not_allowed_fallback(|| async { MatrixError::new(code::WRONG_METHOD, "no such method here") })
        .with_state(node);
    observe(router, Side::Matrix)
}

/// The conversation of a room that the homeserver is in, and that its ACL does not deny.
async fn in_room(session: &mut Session<'_>, room_id: &RoomId, server: &ServerName) -> Result<Conversation, NodeError> {
    let conversation = session.conversation(&Find::Matrix(room_id.to_string())).await?;
    if let Some(room) = &conversation.room {
        admitted(room, server)?;
    }
    match conversation.room.as_ref().is_some_and(|room| room.has_server(server)) {
        true => Ok(conversation),
        false => Err(NodeError::Conversation(causeway_core::conversation::ConversationError::MatrixRefused(format!(
            "{server} is not in this room"
        )))),
    }
}

/// A room's server ACL does not deny the homeserver.
fn admitted(room: &Room, server: &ServerName) -> Result<(), NodeError> {
    if room.admits(server) { Ok(()) } else { Err(NodeError::ServerDenied(server.to_owned())) }
}

/// The room of a conversation that has one.
fn room_of(conversation: &Conversation) -> Result<&Room, NodeError> {
    conversation.room.as_ref().ok_or(NodeError::NoSuchRoom)
}
