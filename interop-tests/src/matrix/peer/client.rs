//! Requests to other homeservers, signed well or badly.

use anyhow::{Context, Result, bail};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::signatures::{PublicKeyMap, PublicKeySet, verify_json};
use serde_json::Value;

use super::{Peer, SigningKey};
use crate::http_client::encode;
use crate::https::{Answer, Line};

/// What of a request's signature is not true.
#[derive(Default)]
pub struct Forgery<'a> {
    /// Another origin.
    pub origin: Option<&'a str>,
    /// Another destination.
    pub destination: Option<&'a str>,
    /// Another key.
    pub key: Option<&'a SigningKey>,
    /// What is signed instead of the body.
    pub signed_body: Option<Vec<u8>>,
    /// What is signed instead of the path.
    pub signed_path: Option<&'a str>,
    /// What is signed instead of the method.
    pub signed_method: Option<Method>,
}

/// Where a server of a test is: all have their port in their name.
pub(super) fn port_of(server: &str) -> Result<u16> {
    server.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).with_context(|| format!("{server} names no port"))
}

impl Peer {
    /// A signed request; without body if that is null.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn request(&self, to: &str, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        self.forged(to, (method, path, body), Forgery::default()).await
    }

    /// A request with any body, whose signature may be wrong in any way.
    ///
    /// # Errors
    /// If there is no answer, or what is to be signed is not JSON.
    pub async fn forged(&self, to: &str, asked: (Method, &str, Vec<u8>), forgery: Forgery<'_>) -> Result<Answer> {
        self.inner.https.send(port_of(to)?, "localhost", self.signed(to, asked, forgery)?).await
    }

    fn signed(&self, to: &str, (method, path, body): (Method, &str, Vec<u8>), forgery: Forgery<'_>) -> Result<Request<Vec<u8>>> {
        let signed = Request::builder()
            .method(forgery.signed_method.unwrap_or_else(|| method.clone()))
            .uri(forgery.signed_path.unwrap_or(path))
            .body(forgery.signed_body.unwrap_or_else(|| body.clone()))?;
        let names = (forgery.origin.unwrap_or(self.name()), forgery.destination.unwrap_or(to));
        let authorization = forgery.key.unwrap_or(self.key()).authorization(&signed, names)?;
        let request = Request::builder().method(method).uri(path).header(HOST, to).header(AUTHORIZATION, authorization);
        Ok(request.header(CONTENT_TYPE, "application/json").body(body)?)
    }

    /// A request that nobody has signed.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn unsigned(&self, to: &str, method: Method, path: &str, body: Vec<u8>) -> Result<Answer> {
        let request = Request::builder().method(method).uri(path).header(HOST, to).body(body)?;
        self.inner.https.send(port_of(to)?, "localhost", request).await
    }

    /// A successful request.
    pub(super) async fn ask(&self, to: &str, method: Method, path: &str, body: &Value) -> Result<Value> {
        let answer = self.request(to, method, path, body).await?;
        if !answer.status.is_success() {
            bail!("{to}{path}: {} {}", answer.status, answer.text());
        }
        Ok(answer.json())
    }

    /// One transaction with these events, as they are.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn transaction(&self, to: &str, id: &str, pdus: &[Value]) -> Result<Answer> {
        self.inner.https.send(port_of(to)?, "localhost", self.transaction_request(to, id, pdus)?).await
    }

    /// The request that [`Self::transaction`] sends.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn transaction_request(&self, to: &str, id: &str, pdus: &[Value]) -> Result<Request<Vec<u8>>> {
        let body = serde_json::json!({ "origin": self.name(), "origin_server_ts": super::keys::now(), "pdus": pdus, "edus": [] });
        let path = format!("/_matrix/federation/v1/send/{}", encode(id));
        self.signed(to, (Method::PUT, &path, serde_json::to_vec(&body)?), Forgery::default())
    }

    /// A connection that stays open.
    ///
    /// # Errors
    /// If there is none.
    pub async fn line(&self, to: &str) -> Result<Line> {
        self.inner.https.line(port_of(to)?, "localhost").await
    }

    /// The keys of a server, asked once.
    pub(super) async fn keys_of(&self, server: &str) -> Result<PublicKeySet> {
        if server == self.name() {
            return Ok(PublicKeySet::from([(self.key().id(), self.key().public())]));
        }
        if let Some(keys) = self.look(|known| known.keys.get(server).cloned()) {
            return Ok(keys);
        }
        let answer = self.unsigned(server, Method::GET, "/_matrix/key/v2/server", Vec::new()).await?;
        let document = answer.json();
        let mut keys = PublicKeySet::new();
        for (id, key) in document["verify_keys"].as_object().with_context(|| format!("the keys of {server}"))? {
            keys.insert(id.clone(), Base64::parse(key["key"].as_str().unwrap_or_default())?);
        }
        let object: CanonicalJsonObject = serde_json::from_slice(&answer.body)?;
        verify_json(&PublicKeyMap::from([(server.to_owned(), keys.clone())]), &object)?;
        self.with(|known| known.keys.insert(server.to_owned(), keys.clone()));
        Ok(keys)
    }
}
