//! A homeserver's signing key, and what it publishes about it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use http::Request;
use ruma::OwnedServerName;
use ruma::RoomVersionId;
use ruma::api::federation::authentication::{XMatrix, XMatrixSigningInput};
use ruma::canonical_json::CanonicalJsonValue;
use ruma::serde::Base64;
use ruma::serde::base64::Standard;
use ruma::signatures::{Ed25519KeyPair, hash_and_sign_event, sign_event, sign_json};
use serde_json::{Value, json};

use super::event::{canonical, rules};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Now, in ms since the UNIX epoch.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// An Ed25519 key with its name.
pub struct SigningKey {
    server: String,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key of a server; `version` is the part of its id after `ed25519:`.
    ///
    /// # Errors
    /// If the key cannot be read back.
    pub fn generate(server: &str, version: &str) -> Result<Self> {
        let pair = Ed25519KeyPair::from_der(&Ed25519KeyPair::generate(), version.to_owned())?;
        Ok(Self { server: server.to_owned(), pair })
    }

    /// Its id.
    pub fn id(&self) -> String {
        format!("ed25519:{}", self.pair.version())
    }

    /// What verifies its signatures.
    pub fn public(&self) -> Base64<Standard, Vec<u8>> {
        Base64::new(self.pair.public_key().to_vec())
    }

    /// Hashes and signs an event.
    ///
    /// # Errors
    /// If it is no canonical JSON.
    pub fn sign_event(&self, event: &Value, version: &RoomVersionId) -> Result<Value> {
        let mut object = canonical(event)?;
        hash_and_sign_event(&self.server, &self.pair, &mut object, &rules(version)?.redaction)?;
        Ok(CanonicalJsonValue::Object(object).into())
    }

    /// Adds a signature, and leaves the hash as it is.
    ///
    /// # Errors
    /// If it is no canonical JSON.
    pub fn co_sign_event(&self, event: &Value, version: &RoomVersionId) -> Result<Value> {
        let mut object = canonical(event)?;
        sign_event(&self.server, &self.pair, &mut object, &rules(version)?.redaction)?;
        Ok(CanonicalJsonValue::Object(object).into())
    }

    /// Signs any JSON object.
    ///
    /// # Errors
    /// If it is no canonical JSON.
    pub fn sign_json(&self, value: &Value) -> Result<Value> {
        let mut object = canonical(value)?;
        sign_json(&self.server, &self.pair, &mut object)?;
        Ok(CanonicalJsonValue::Object(object).into())
    }

    /// The `Authorization` of a request from `origin` to `destination`.
    ///
    /// # Errors
    /// If a name or the body cannot be signed.
    pub fn authorization(&self, request: &Request<Vec<u8>>, (origin, destination): (&str, &str)) -> Result<String> {
        let (origin, destination) = (OwnedServerName::try_from(origin)?, OwnedServerName::try_from(destination)?);
        let input = XMatrixSigningInput::new(origin, destination, &self.pair);
        Ok(XMatrix::sign_http_request(request, input)?.to_string())
    }

    /// The answer to `GET /_matrix/key/v2/server`.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn published(&self) -> Result<Value> {
        self.sign_json(&json!({
            "server_name": self.server,
            "valid_until_ts": now() + DAY.as_millis() as u64,
            "verify_keys": { self.id(): { "key": self.public().encode() } },
            "old_verify_keys": {},
        }))
    }
}
