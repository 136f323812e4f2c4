//! `GET /_matrix/federation/v1/make_leave/{roomId}/{userId}`

use std::sync::Arc;

use axum::extract::State;
use causeway_core::conversation::ConversationError;
use ruma::api::federation::membership::prepare_leave_event::v1::{Request, Response};
use serde_json::value::to_raw_value;

use super::room_of;
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::node::{Find, Node};

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    if request.user_id.server_name() != origin {
        return Err(MatrixError::forbidden("a homeserver may only ask for its own users"));
    }
    let (find, user) = (Find::Matrix(request.room_id.to_string()), request.user_id);
    let (version, template) = node
        .transaction("make leave", move |session| {
            let (find, user) = (find.clone(), user.clone());
            Box::pin(async move {
                let conversation = session.conversation(&find).await?;
                let room = room_of(&conversation)?;
                let template = room
                    .membership_template(&user, "leave", None)
                    .map_err(|refused| ConversationError::MatrixRefused(refused.to_string()))?;
                let version = room.version().clone();
                session.unchanged(conversation);
                Ok((version, template))
            })
        })
        .await?;
    Ok(Answer(Response::new(Some(version), to_raw_value(&template).map_err(MatrixError::internal)?)))
}
