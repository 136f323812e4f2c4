//! `GET /_matrix/federation/v1/version`

use ruma::api::federation::discovery::get_server_version::v1;

use crate::matrix::extract::Answer;

pub(super) async fn handler() -> Answer<v1::Response> {
    let mut server = v1::Server::new();
    server.name = Some("Causeway".to_owned());
    server.version = Some(env!("CARGO_PKG_VERSION").to_owned());
    let mut response = v1::Response::new();
    response.server = Some(server);
    Answer(response)
}
