//! `GET /.well-known/mimi-protocol-directory` [mimi-protocol-06 §5.1]

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use causeway_drafts::mimi_protocol_06::directory::Directory;

use crate::mimi::error::MimiError;
use crate::mimi::identity::target;
use crate::node::Node;

pub(super) async fn handler(State(node): State<Arc<Node>>, request: Request) -> Result<Json<Directory>, MimiError> {
    let (parts, _) = request.into_parts();
    let domain = target(&node, &parts)?;
    let base = format!("https://{domain}");
    let directory = Directory::at(&base, vec![node.gateway.authority.root_pem()]);
    let causeway_peer = Some(format!("{base}/v1/causewayPeer/{{roomId}}"));
    let causeway_matrix = node.gateway.peers_room.then(|| node.gateway.names.gateway_user().to_string());
    Ok(Json(Directory { causeway_peer, causeway_matrix, ..directory }))
}
