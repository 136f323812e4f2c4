//! Franking [mimi-protocol-06 §5.4.1]: pure functions and structures.

use hmac::{Hmac, Mac};
use openmls::prelude::Credential;
use sha2::Sha256;
use tls_codec::VLBytes;

use crate::mimi_uri::{RoomUri, UserUri};
use crate::structure::structure;
use crate::{DecodeError, decode_exact, encode};

/// The signature scheme of franking is the group's ciphersuite's (§5.4.1, P-049).
pub const FRANKING_LABEL: &str = "FrankingIntegrityTBS";

/// What the hub adds to an accepted message (§5.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frank {
    /// HMAC under the hub's secret key.
    pub server_frank: [u8; 32],
    /// The group's ciphersuite.
    pub franking_signature_ciphersuite: u16,
    /// The hub's signature, which receivers verify.
    pub franking_integrity_signature: VLBytes,
}

/// What the server frank is about (§5.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFrankingContext {
    /// The sender.
    pub sender_uri: UserUri,
    /// The room.
    pub room_uri: RoomUri,
    /// When the hub accepted it, ms.
    pub accepted_timestamp: u64,
}

struct FrankingIntegrityTbs {
    server_frank: [u8; 32],
    ciphersuite: u16,
    context: ServerFrankingContext,
}

/// The component `frank_aad`, an item of the SafeAAD of an application message (§5.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrankAad {
    /// The sender's commitment, see [`franking_tag`].
    pub franking_tag: [u8; 32],
}

/// The component `franking_agent` (§5.4.1, G-32).
#[derive(Clone, Debug, PartialEq)]
pub struct FrankingAgent {
    /// Verifies integrity signatures.
    pub franking_signature_key: VLBytes,
    /// Whose key it is: the hub's (its domain).
    pub credential: Credential,
}

structure!(Frank { server_frank, franking_signature_ciphersuite, franking_integrity_signature });
structure!(ServerFrankingContext { sender_uri, room_uri, accepted_timestamp });
structure!(FrankingIntegrityTbs { server_frank, ciphersuite as "franking_signature_ciphersuite", context });
structure!(FrankAad { franking_tag });
structure!(FrankingAgent { franking_signature_key, credential });

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// The sender's commitment to the application_data (§5.4.1, P-053).
pub fn franking_tag(salt: &[u8; 16], application_data: &[u8]) -> [u8; 32] {
    hmac(salt, &[application_data])
}

/// The hub's frank (§5.4.1, P-056).
pub fn server_frank(hub_key: &[u8; 32], franking_tag: &[u8; 32], context: &ServerFrankingContext) -> [u8; 32] {
    hmac(hub_key, &[franking_tag, &encode(context)])
}

impl Frank {
    /// Completes a server frank with the integrity signature (P-057). `sign` signs a SignContent as it is.
    ///
    /// # Errors
    /// Whatever `sign` fails with.
    pub fn sign<E>(
        server_frank: [u8; 32],
        ciphersuite: u16,
        context: &ServerFrankingContext,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let signature = sign(&integrity_content(server_frank, ciphersuite, context))?;
        Ok(Self { server_frank, franking_signature_ciphersuite: ciphersuite, franking_integrity_signature: signature.into() })
    }

    /// The SignContent that the integrity signature is over.
    pub fn signed_content(&self, context: &ServerFrankingContext) -> Vec<u8> {
        integrity_content(self.server_frank, self.franking_signature_ciphersuite, context)
    }

    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_exact(bytes)
    }
}

fn integrity_content(server_frank: [u8; 32], ciphersuite: u16, context: &ServerFrankingContext) -> Vec<u8> {
    let tbs = FrankingIntegrityTbs { server_frank, ciphersuite, context: context.clone() };
    sign_content(FRANKING_LABEL, &encode(&tbs))
}

/// SignContent [RFC 9420 §5.1.2], the input of SignWithLabel's signature.
pub fn sign_content(label: &str, content: &[u8]) -> Vec<u8> {
    let mut signed = encode(&VLBytes::new(format!("MLS 1.0 {label}").into_bytes()));
    signed.extend_from_slice(&encode(&VLBytes::new(content.to_vec())));
    signed
}
