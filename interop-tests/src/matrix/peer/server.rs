//! What others ask of the peer: who asks is checked, all is noted, and it fails as planned.

use std::sync::{Arc, Weak};

use anyhow::{Context, Result};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use ruma::OwnedServerName;
use ruma::api::federation::authentication::XMatrix;
use ruma::signatures::PublicKeyMap;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Inner, Peer, Request};
use crate::faults::{Body, Fault, respond};

/// An answer that is no success.
pub(super) struct Refusal(StatusCode, &'static str, String);

/// The answer of an endpoint.
pub(super) type Reply = Result<Value, Refusal>;

/// A refusal.
pub(super) fn refuse<T>(status: StatusCode, code: &'static str, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(status, code, why.into()))
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self(StatusCode::BAD_REQUEST, "M_BAD_JSON", format!("{error:#}"))
    }
}

/// A request, taken apart.
pub(super) struct Asked {
    /// Who signed it.
    pub(super) origin: String,
    /// The path below `/_matrix/federation/`, decoded.
    pub(super) path: Vec<String>,
    /// The query, decoded.
    pub(super) query: Vec<(String, String)>,
    /// The body.
    pub(super) body: Value,
}

impl Asked {
    /// The values of a query parameter.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// A query parameter.
    pub(super) fn one(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }
}

/// Accepts connections as long as the peer lives.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, peer: Weak<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        let Some(inner) = peer.upgrade() else { return };
        let peer = Peer { inner };
        if peer.faults().is_down() {
            continue;
        }
        let Some(stream) = peer.faults().meets_half_closed(stream) else { continue };
        let connection = tokio::spawn(serve_connection(stream, tls.clone(), Arc::downgrade(&peer.inner)));
        peer.keep_until_dropped(connection.abort_handle());
    }
}

async fn serve_connection(stream: TcpStream, tls: Arc<ServerConfig>, peer: Weak<Inner>) {
    let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
    let service = service_fn(move |request| {
        let peer = peer.clone();
        async move {
            let inner = peer.upgrade().context("the peer is gone")?;
            handle(Peer { inner }, request).await
        }
    });
    // A connection that was planned to break is an error like any other.
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap_or_default();
}

/// An error closes the connection without an answer.
async fn handle(peer: Peer, request: http::Request<Incoming>) -> Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let request = http::Request::from_parts(parts, body.collect().await?.to_bytes().to_vec());
    let path = request.uri().path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let fault = if peer.faults().is_down() { Some(Fault::Ignore) } else { peer.faults().meet(&path) };
    if let Some(Fault::Slow(delay)) = &fault {
        tokio::time::sleep(*delay).await;
    }
    let (origin, mut status, mut answer) = match fault.as_ref().is_some_and(Fault::keeps_out) {
        false => answer(&peer, &request, &path).await,
        true => (String::new(), StatusCode::OK, Value::Null),
    };
    match &fault {
        Some(Fault::Refuse(planned, _)) => (status, answer) = (*planned, json!({ "errcode": "M_UNKNOWN", "error": "as planned" })),
        Some(Fault::Answer(planned, value)) => (status, answer) = (*planned, value.clone()),
        Some(Fault::Change(change)) => change(&mut answer),
        _ => {}
    }
    peer.with(|known| {
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        let status = (!fault.as_ref().is_some_and(Fault::is_silent)).then_some(status);
        known.requests.push(Request { method: request.method().to_string(), path, body, origin, status });
    });
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    respond((status, headers, Bytes::from(serde_json::to_vec(&answer)?)), fault.as_ref())
}

async fn answer(peer: &Peer, request: &http::Request<Vec<u8>>, path: &str) -> (String, StatusCode, Value) {
    let (origin, reply) = match path.strip_prefix("/_matrix/federation/") {
        Some(path) => match asked(peer, request, path).await {
            Ok(asked) => (asked.origin.clone(), route(peer, request.method(), &asked).await),
            Err(why) => (String::new(), refuse(StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED", format!("{why:#}"))),
        },
        None => (String::new(), key_server(peer, path)),
    };
    match reply {
        Ok(answer) => (origin, StatusCode::OK, answer),
        Err(Refusal(status, code, why)) => (origin, status, json!({ "errcode": code, "error": why })),
    }
}

fn key_server(peer: &Peer, path: &str) -> Reply {
    if !path.starts_with("/_matrix/key/v2/server") {
        return refuse(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "no such endpoint");
    }
    match peer.look(|known| known.published.clone()) {
        Some(document) => Ok(document),
        None => Ok(peer.key().published()?),
    }
}

/// Checks the signature, and takes the request apart.
async fn asked(peer: &Peer, request: &http::Request<Vec<u8>>, path: &str) -> Result<Asked> {
    let mut asked = Asked { origin: String::new(), path: Vec::new(), query: Vec::new(), body: Value::Null };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    asked.path = path.split('/').map(decoded).collect();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    asked.query = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
    if path == "v1/version" {
        return Ok(asked);
    }
    let authorization = XMatrix::extract_from_http_headers(request.headers())?;
    asked.origin = authorization.origin.to_string();
    let keys = PublicKeyMap::from([(asked.origin.clone(), peer.keys_of(&asked.origin).await?)]);
    authorization.verify_http_request(request, &OwnedServerName::try_from(peer.name())?, &keys)?;
    if !request.body().is_empty() {
        asked.body = serde_json::from_slice(request.body())?;
    }
    Ok(asked)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

async fn route(peer: &Peer, method: &Method, asked: &Asked) -> Reply {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match (method.as_str(), path.as_slice()) {
        ("GET", ["v1", "version"]) => Ok(json!({ "server": { "name": "light peer", "version": "1" } })),
        ("PUT", ["v1", "send", id]) => peer.take_transaction(asked, id).await,
        ("GET", ["v1", "make_join", room, user]) => peer.make_membership(asked, (room, user), "join"),
        ("GET", ["v1", "make_leave", room, user]) => peer.make_membership(asked, (room, user), "leave"),
        ("PUT", ["v2", "send_join", room, _]) => peer.take_join(asked, room).await,
        ("PUT", ["v2", "send_leave", room, _]) => peer.take_leave(asked, room).await,
        ("PUT", ["v2", "invite", room, _]) => peer.take_invite(asked, room).await,
        ("GET", ["v1", "event", id]) => peer.give_event(asked, id),
        ("GET", ["v1", "state", room]) => peer.give_state(asked, room),
        ("GET", ["v1", "state_ids", room]) => peer.give_state_ids(asked, room),
        ("GET", ["v1", "event_auth", room, id]) => peer.give_event_auth(asked, (room, id)),
        ("GET", ["v1", "backfill", room]) => peer.give_backfill(asked, room),
        ("POST", ["v1", "get_missing_events", room]) => peer.give_missing_events(asked, room),
        ("GET", ["v1", "query", "profile"]) => peer.give_profile(asked),
        ("GET", ["v1", "user", "devices", user]) => peer.give_devices(asked, user),
        ("POST", ["v1", "user", "keys", "query"]) => Ok(json!({ "device_keys": {} })),
        ("POST", ["v1", "user", "keys", "claim"]) => Ok(json!({ "one_time_keys": {} })),
        _ => refuse(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "no such endpoint"),
    }
}
