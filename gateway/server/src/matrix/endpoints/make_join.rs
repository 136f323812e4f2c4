//! `GET /_matrix/federation/v1/make_join/{roomId}/{userId}`

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use causeway_core::code;
use causeway_core::conversation::ConversationError;
use causeway_core::conversation::outgoing::lane;
use causeway_core::matrix::Room;
use ruma::api::federation::membership::prepare_join_event::v1::{Request, Response};
use ruma::{OwnedUserId, RoomId, RoomVersionId, UserId};
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::{admitted, room_of};
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::node::{Find, Node, NodeError, Session};

/// So often, and with so much time in between, an invite that is on its way is waited for.
const ATTEMPTS: usize = 50;
const INTERVAL: Duration = Duration::from_millis(100);

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    if request.user_id.server_name() != origin {
        return Err(MatrixError::new(code::SENDER_ELSEWHERE, "a homeserver may only ask for its own users"));
    }
    let (version, template) = join_template(&node, &request.room_id, request.user_id).await?;
    if !request.ver.contains(&version) {
        return Err(MatrixError::incompatible_room_version(&version));
    }
    let mut response = Response::new(to_raw_value(&template).map_err(MatrixError::internal)?);
    response.room_version = Some(version);
    Ok(Answer(response))
}

/// A join's template. The homeserver of an invited user has the invite before we have stored what it has signed, and its
/// user may be quick: while an invite is on its way there, a refusal would be too early.
async fn join_template(node: &Arc<Node>, room_id: &RoomId, user: OwnedUserId) -> Result<(RoomVersionId, Value), MatrixError> {
    let lane = lane::matrix(user.server_name().as_str(), room_id.as_str());
    for _ in 0..ATTEMPTS {
        let lane = lane.clone();
        let depth = node.store.transaction("lane depth", move |tx| {
            let lane = lane.clone();
            Box::pin(async move { tx.lane_depth(&lane).await })
        });
        let is_under_way = depth.await.map_err(NodeError::from)? > 0;
        match template(node, room_id, user.clone(), "join").await {
            Err(error) if is_under_way && error.is(code::MATRIX_REFUSED) => tokio::time::sleep(INTERVAL).await,
            made => return made,
        }
    }
    template(node, room_id, user, "join").await
}

/// The template of a membership event of the requesting homeserver's user, with the room's version.
pub(super) async fn template(
    node: &Arc<Node>,
    room_id: &RoomId,
    user: OwnedUserId,
    membership: &'static str,
) -> Result<(RoomVersionId, Value), MatrixError> {
    let find = Find::Matrix(room_id.to_string());
    let made = node.transaction("membership template", move |session| {
        let (find, user) = (find.clone(), user.clone());
        Box::pin(async move {
            let conversation = session.conversation(&find).await?;
            let room = room_of(&conversation)?;
            admitted(room, user.server_name())?;
            let authoriser = if membership == "join" { authoriser(session, room, &user).await? } else { None };
            let template = room.membership_template(&user, membership, authoriser.as_deref());
            let template = template.map_err(|refused| ConversationError::MatrixRefused(refused.to_string()))?;
            let version = room.version().clone();
            session.unchanged(conversation);
            Ok((version, template))
        })
    });
    Ok(made.await?)
}

/// For a restricted join: one of our users who may invite, if the joining user meets one of the room's conditions.
pub(super) async fn authoriser(session: &mut Session<'_>, room: &Room, user: &UserId) -> Result<Option<OwnedUserId>, NodeError> {
    if !room.join_rule().ends_with("restricted") || matches!(room.membership(user).as_deref(), Some("invite" | "join")) {
        return Ok(None);
    }
    let rules = room.state_content("m.room.join_rules", "").unwrap_or_default();
    let conditions = rules.get("allow").and_then(Value::as_array).cloned().unwrap_or_default();
    let rooms = conditions.iter().filter(|condition| condition.get("type").and_then(Value::as_str) == Some("m.room_membership"));
    for room_id in rooms.filter_map(|condition| condition.get("room_id").and_then(Value::as_str)) {
        let Some(other) = session.find(&Find::Matrix(room_id.to_owned())).await? else { continue };
        let is_member = other.room.as_ref().is_some_and(|other| other.membership(user).as_deref() == Some("join"));
        session.unchanged(other);
        if is_member {
            let ours = room
                .joined_users()
                .into_iter()
                .filter(|user| user.server_name().as_str() == session.node.gateway.names.server_name());
            return Ok(ours.into_iter().find(|user| room.may_invite(user)));
        }
    }
    Ok(None)
}
