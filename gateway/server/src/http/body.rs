//! Reading the body of a request: all of it, soon, and as it was written.

use std::time::Duration;

use axum::body::Body;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;

/// Whoever sends more slowly than this sends nothing.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is compressed: nothing that may be a thousand times larger than it looks is unpacked.
    Encoded,
    /// It is larger than the limit.
    TooLarge,
    /// It has not arrived in time.
    TooSlow,
    /// It ended before its end.
    CutOff,
}

/// Reads a body of at most `limit` octets.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, BodyError> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        return Err(BodyError::Encoded);
    }
    match tokio::time::timeout(READ_LIMIT, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::CutOff),
        Err(_) => Err(BodyError::TooSlow),
    }
}
