//! A request as an endpoint sees it: authenticated, typed by ruma.

use std::sync::Arc;

use axum::RequestExt;
use axum::extract::{FromRequest, OriginalUri, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use causeway_core::code;
use http::Method;
use ruma::api::federation::authentication::XMatrix;
use ruma::api::{IncomingRequest, IncomingRequestExt, OutgoingResponse, OutgoingResponseExt};
use ruma::canonical_json::CanonicalJsonObject;
use ruma::{OwnedServerName, ServerName};

use super::error::MatrixError;
use crate::http::read_body;
use crate::node::Node;

/// The largest body that a homeserver may send: what Synapse accepts, too.
const BODY_LIMIT: usize = 13 * 1024 * 1024;

/// A request that its origin has signed.
pub(crate) struct Signed<R> {
    /// The homeserver that signed it.
    pub(crate) origin: OwnedServerName,
    /// The request.
    pub(crate) request: R,
}

impl<R: IncomingRequest> FromRequest<Arc<Node>> for Signed<R> {
    type Rejection = MatrixError;

    async fn from_request(mut request: Request, node: &Arc<Node>) -> Result<Self, MatrixError> {
        let path: RawPathParams =
            request.extract_parts().await.map_err(|_| MatrixError::new(code::PATH_MALFORMED, "not a valid path"))?;
        // What was signed is the path as it came, not what nested routers leave of it.
        let OriginalUri(uri) =
            request.extract_parts().await.map_err(|_| MatrixError::new(code::PATH_MALFORMED, "not a valid path"))?;
        let (mut parts, body) = request.into_parts();
        parts.uri = uri;
        let body = read_body(&parts.headers, body, BODY_LIMIT).await?;
        check_json(&body, !matches!(parts.method, Method::GET | Method::DELETE))?;
        let request = http::Request::from_parts(parts, body.as_ref());
        let origin = authenticate(node, &request).await?;
        let arguments: Vec<&str> = path.iter().map(|(_, value)| value).collect();
        let request = R::try_from_http_request(request, &arguments);
        let request = request.map_err(|error| MatrixError::new(code::REQUEST_MALFORMED, error.to_string()))?;
        Ok(Self { origin, request })
    }
}

/// A body has to be a JSON object in which numbers are integers; anything else could not even be signed.
fn check_json(body: &[u8], has_body: bool) -> Result<(), MatrixError> {
    if !has_body && body.is_empty() {
        return Ok(());
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        // Nested more deeply than anything is read.
        return match error.to_string().starts_with("recursion limit") {
            true => Err(MatrixError::new(code::REQUEST_MALFORMED, "too deeply nested")),
            false => Err(MatrixError::new(code::BODY_NOT_JSON, error.to_string())),
        };
    }
    match serde_json::from_slice::<CanonicalJsonObject>(body) {
        Ok(_) => Ok(()),
        Err(error) => Err(MatrixError::new(code::REQUEST_MALFORMED, error.to_string())),
    }
}

/// X-Matrix [Matrix: request authentication].
async fn authenticate(node: &Arc<Node>, request: &http::Request<&[u8]>) -> Result<OwnedServerName, MatrixError> {
    let unsigned = |why: String| MatrixError::new(code::REQUEST_NOT_SIGNED, why);
    let authorization = XMatrix::extract_from_http_headers(request.headers()).map_err(|error| unsigned(error.to_string()))?;
    let origin = authorization.origin.clone();
    if origin.as_str() == node.gateway.names.server_name() {
        return Err(MatrixError::new(code::OWN_NAME_CLAIMED, "this is our own name"));
    }
    let destination = <&ServerName>::try_from(node.gateway.names.server_name()).map_err(MatrixError::internal)?;
    let keys = node.request_keys(&origin, authorization.key.as_str()).await;
    authorization.verify_http_request(request, destination, &keys).map_err(|error| unsigned(error.to_string()))?;
    tracing::Span::current().record("peer", origin.as_str());
    node.outbox.heard_from(&crate::outbox::Peer::Homeserver(origin.clone()));
    Ok(origin)
}

/// An answer typed by ruma.
pub(crate) struct Answer<R>(pub(crate) R);

impl<R: OutgoingResponse> IntoResponse for Answer<R> {
    fn into_response(self) -> Response {
        match self.0.try_into_http_response::<Vec<u8>>() {
            Ok(response) => response.map(axum::body::Body::from),
            Err(error) => MatrixError::internal(error).into_response(),
        }
    }
}
