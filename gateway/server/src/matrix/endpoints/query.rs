//! `GET /_matrix/federation/v1/query/profile` and `/query/directory`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::code;
use causeway_core::conversation::ghost_display_name;
use ruma::api::federation::query::{get_profile_information, get_room_information};
use ruma::profile::ProfileFieldName;
use serde_json::{Value, json};

use crate::matrix::error::MatrixError;
use crate::matrix::extract::Signed;
use crate::node::Node;

/// Ghosts are called as in rooms; they have no avatar.
pub(super) async fn profile(
    State(node): State<Arc<Node>>,
    signed: Signed<get_profile_information::v1::Request>,
) -> Result<Json<Value>, MatrixError> {
    let names = &node.gateway.names;
    let user = &signed.request.user_id;
    let name = match names.ghost_to_mimi(user) {
        Some(mimi) => ghost_display_name(&mimi),
        None if *user == names.gateway_user() => format!("Causeway ({})", names.provider()),
        None => return Err(MatrixError::new(code::NO_SUCH_USER, "no such user here")),
    };
    match &signed.request.field {
        None | Some(ProfileFieldName::DisplayName) => Ok(Json(json!({ "displayname": name }))),
        Some(_) => Ok(Json(json!({}))),
    }
}

/// The gateway's rooms have no aliases.
pub(super) async fn directory(_: State<Arc<Node>>, _: Signed<get_room_information::v1::Request>) -> MatrixError {
    MatrixError::new(code::NO_SUCH_ALIAS, "no such alias here")
}
