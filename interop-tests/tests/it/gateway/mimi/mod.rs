//! What providers send.

mod bodies;
mod consent;
mod directory;
mod hub;
mod identity;
mod key_material;
mod peer;
mod replay;

use http::{Request, header};
use interop_tests::certificates::Issued;
use interop_tests::http_client::encode;
use interop_tests::https::{Answer, Https};
use interop_tests::light::{GATEWAY, Light};

/// The path of an endpoint for a room or user.
pub(crate) fn path(endpoint: &str, uri: &str) -> String {
    format!("/v1/{endpoint}/{}", encode(uri))
}

/// A request as anybody may make it.
pub(crate) struct Raw<'a> {
    pub(crate) identity: Option<Issued>,
    pub(crate) from: &'a [&'a str],
    pub(crate) host: &'a str,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Raw<'_> {
    /// An honest one of the provider's.
    pub(crate) fn honest(light: &Light, endpoint: &str, uri: &str, body: Vec<u8>) -> Raw<'static> {
        let identity = Some(light.authority.issue(&["a.test"]));
        Raw { identity, from: &["mimi@a.test"], host: GATEWAY, path: path(endpoint, uri), body }
    }

    pub(crate) async fn send(self, light: &Light) -> Answer {
        let client = Https::new(&light.authority.root_pem(), self.identity.as_ref()).unwrap();
        let mut request = Request::post(self.path).header(header::HOST, self.host);
        for from in self.from {
            request = request.header(header::FROM, *from);
        }
        client.send(light.mimi_port, GATEWAY, request.body(self.body).unwrap()).await.unwrap()
    }
}

/// The answer has this status, and its text begins with this.
#[track_caller]
pub(crate) fn told(answer: &Answer, status: u16, text: &str) {
    // The words stand behind the stable code.
    let said = answer.text();
    let (code, words) = said.split_once(' ').unwrap_or_default();
    assert!(code.starts_with("CW-"), "{said}");
    assert_eq!((answer.status.as_u16(), words.starts_with(text)), (status, true), "{status} {text}: {said}");
}
