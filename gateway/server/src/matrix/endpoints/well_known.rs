//! `GET /.well-known/matrix/server`

use std::sync::Arc;

use axum::extract::State;
use ruma::OwnedServerName;
use ruma::api::federation::discovery::discover_homeserver::Response;

use crate::matrix::error::MatrixError;
use crate::matrix::extract::Answer;
use crate::node::Node;

pub(super) async fn handler(State(node): State<Arc<Node>>) -> Result<Answer<Response>, MatrixError> {
    let server = OwnedServerName::try_from(node.gateway.names.server_name()).map_err(MatrixError::internal)?;
    // Without a port in its name, whoever reads this has found us on 443.
    let delegated = match server.port() {
        Some(_) => server,
        None => OwnedServerName::try_from(format!("{server}:443")).map_err(MatrixError::internal)?,
    };
    Ok(Answer(Response::new(delegated)))
}
