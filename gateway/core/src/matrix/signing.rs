//! The homeserver's own keys, and the signatures of others.

use std::collections::BTreeSet;

use ruma::canonical_json::{CanonicalJsonObject, CanonicalJsonValue};
use ruma::signatures::{Ed25519KeyPair, PublicKeyMap, Verified};
use ruma::{OwnedServerName, RoomVersionId};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::pdu::{PduError, rules};

/// The homeserver's signing key, with its name. A key keeps its id for ever: peers cache it by that.
pub struct SigningKeys {
    server_name: String,
    version: String,
    document: Zeroizing<Vec<u8>>,
    pair: Ed25519KeyPair,
}

/// Whether an event is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Signatures and content hash hold.
    All,
    /// Signatures hold, the content hash does not: only the redacted event may be used.
    Signatures,
}

impl SigningKeys {
    /// A new key for a homeserver; `version` is the part of the key id after `ed25519:`.
    ///
    /// # Errors
    /// If the generated document is unreadable.
    pub fn generate(server_name: &str, version: &str) -> Result<Self, PduError> {
        Self::from_document(server_name, version, &Ed25519KeyPair::generate())
    }

    /// From the PKCS#8 document that [`Self::document`] gave.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_document(server_name: &str, version: &str, document: &[u8]) -> Result<Self, PduError> {
        let pair =
            Ed25519KeyPair::from_der(document, version.to_owned()).map_err(|error| PduError::Signature(error.to_string()))?;
        Ok(Self {
            server_name: server_name.to_owned(),
            version: version.to_owned(),
            document: Zeroizing::new(document.to_vec()),
            pair,
        })
    }

    /// The key for sealing.
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// The homeserver.
    pub fn server_name(&self) -> &str {
        &self.server_name
    }

    /// `ed25519:…`
    pub fn key_id(&self) -> String {
        format!("ed25519:{}", self.version)
    }

    /// The public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.pair.public_key()
    }

    /// The key pair, for request signatures.
    pub fn pair(&self) -> &Ed25519KeyPair {
        &self.pair
    }

    /// Signs a JSON object.
    ///
    /// # Errors
    /// If it is no canonical JSON.
    pub fn sign_json(&self, object: &mut CanonicalJsonObject) -> Result<(), PduError> {
        ruma::signatures::sign_json(&self.server_name, &self.pair, object).map_err(|error| PduError::Signature(error.to_string()))
    }

    /// Adds content hash and signature to an event.
    ///
    /// # Errors
    /// If it is no canonical JSON.
    pub fn sign_event(&self, object: &mut CanonicalJsonObject, version: &RoomVersionId) -> Result<(), PduError> {
        let rules = rules(version)?;
        ruma::signatures::hash_and_sign_event(&self.server_name, &self.pair, object, &rules.redaction)
            .map_err(|error| PduError::Signature(error.to_string()))
    }

    /// Adds our signature to somebody else's event, without touching its hash.
    ///
    /// # Errors
    /// If it is no canonical JSON.
    pub fn co_sign_event(&self, object: &mut CanonicalJsonObject, version: &RoomVersionId) -> Result<(), PduError> {
        let rules = rules(version)?;
        ruma::signatures::sign_event(&self.server_name, &self.pair, object, &rules.redaction)
            .map_err(|error| PduError::Signature(error.to_string()))
    }

    /// The answer to `GET /_matrix/key/v2/server`.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn published(&self, valid_until_ms: u64) -> Result<Value, PduError> {
        let key = ruma::serde::Base64::<ruma::serde::base64::Standard>::new(self.public_key().to_vec()).encode();
        let answer = json!({
            "server_name": self.server_name,
            "valid_until_ts": valid_until_ms,
            "verify_keys": { self.key_id(): { "key": key } },
            "old_verify_keys": {},
        });
        let mut object = canonical(answer)?;
        self.sign_json(&mut object)?;
        Ok(CanonicalJsonValue::Object(object).into())
    }
}

/// A JSON value as canonical object.
pub(super) fn canonical(value: Value) -> Result<CanonicalJsonObject, PduError> {
    match CanonicalJsonValue::try_from(value) {
        Ok(CanonicalJsonValue::Object(object)) => Ok(object),
        Ok(_) => Err(PduError::Format("not an object".to_owned())),
        Err(error) => Err(PduError::Format(error.to_string())),
    }
}

/// The homeservers whose signatures an event needs.
///
/// # Errors
/// If it is no event.
pub fn required_servers(object: &CanonicalJsonObject, version: &RoomVersionId) -> Result<BTreeSet<OwnedServerName>, PduError> {
    ruma::signatures::required_server_signatures_to_verify_event(object, &rules(version)?.signatures)
        .map_err(|error| PduError::Signature(error.to_string()))
}

/// Verifies signatures and content hash; on a wrong hash the object is redacted, as the specification wants.
///
/// # Errors
/// If a signature is missing or wrong.
pub fn check_signatures(
    object: &mut CanonicalJsonObject,
    version: &RoomVersionId,
    keys: &PublicKeyMap,
) -> Result<Checked, PduError> {
    let rules = rules(version)?;
    let verified = ruma::signatures::verify_event(keys, object, &rules).map_err(|error| PduError::Signature(error.to_string()))?;
    match verified {
        Verified::All => Ok(Checked::All),
        Verified::Signatures => {
            ruma::canonical_json::redact_in_place(object, &rules.redaction, None)
                .map_err(|error| PduError::Format(error.to_string()))?;
            Ok(Checked::Signatures)
        }
    }
}
