//! `keyMaterial` [mimi-protocol-06 §5.2].

use openmls::prelude::{Capabilities, Credential, KeyPackageIn, RequiredCapabilitiesExtension};
use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

use super::Protocol;
use super::franking::sign_content;
use crate::mimi_uri::{ClientUri, RoomUri, UserUri};
use crate::structure::{at_least_one, choice, optional, structure};
use crate::{Verbatim, encode};

/// The label of the request's signature (§5.2).
pub const LABEL: &str = "KeyMaterialRequestTBS";

/// KeyMaterialRequestTBS (§5.2): the request without its signature.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyMaterialRequestTbs {
    /// MLS 1.0
    pub protocol: Protocol,
    /// On whose behalf.
    pub requesting_user: UserUri,
    /// Whose clients.
    pub target_user: UserUri,
    /// For which room (P-020).
    pub room_id: RoomUri,
    /// In order of preference, never empty (P-021).
    pub acceptable_ciphersuites: Vec<u16>,
    /// What the room requires.
    pub required_capabilities: RequiredCapabilitiesExtension,
    /// Verifies the request.
    pub requester_signature_key: VLBytes,
    /// Whose key it is.
    pub requester_credential: Credential,
}

/// KeyMaterialRequest (§5.2).
#[derive(Clone, Debug, PartialEq)]
pub struct KeyMaterialRequest {
    /// What is signed.
    pub tbs: KeyMaterialRequestTbs,
    /// SignWithLabel(., "KeyMaterialRequestTBS", tbs) with the scheme of the first ciphersuite (G-13).
    pub key_material_request_signature: VLBytes,
}

structure!(KeyMaterialRequestTbs {
    protocol,
    requesting_user as "requestingUser",
    target_user as "targetUser",
    room_id as "roomId",
    acceptable_ciphersuites[at_least_one] as "acceptableCiphersuites",
    required_capabilities as "requiredCapabilities",
    requester_signature_key as "requesterSignatureKey",
    requester_credential as "requesterCredential",
});
structure!(KeyMaterialRequest { tbs[flat], key_material_request_signature });

impl KeyMaterialRequestTbs {
    /// The SignContent that the signature is over.
    pub fn signed_content(&self) -> Vec<u8> {
        sign_content(LABEL, &encode(self))
    }

    /// Signs; `sign` signs a SignContent as it is.
    ///
    /// # Errors
    /// Whatever `sign` fails with.
    pub fn sign<E>(self, sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<KeyMaterialRequest, E> {
        let signature = sign(&self.signed_content())?;
        Ok(KeyMaterialRequest { tbs: self, key_material_request_signature: signature.into() })
    }
}

/// KeyMaterialUserCode (§5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum KeyMaterialUserCode {
    /// All clients' material.
    Success = 0,
    /// At least one client's.
    PartialSuccess = 1,
    /// The user does not speak the protocol.
    IncompatibleProtocol = 2,
    /// No client fits.
    NoCompatibleMaterial = 3,
    /// No such user.
    UserUnknown = 4,
    /// No consent; also masks the codes around it (P-028).
    NoConsent = 5,
    /// No consent for this room.
    NoConsentForThisRoom = 6,
    /// The user is gone.
    UserDeleted = 7,
}

/// KeyMaterialClientCode with what depends on it (§5.2).
#[allow(clippy::large_enum_variant, reason = "success is the rule, and a response has a handful of them")]
#[derive(Clone, Debug, PartialEq)]
pub enum ClientKeyMaterialStatus {
    /// A KeyPackage.
    Success(Verbatim<KeyPackageIn>),
    /// None left.
    KeyMaterialExhausted,
    /// None that fits; what the client can do.
    NothingCompatible(Option<Capabilities>),
}

/// ClientKeyMaterial (§5.2).
#[derive(Clone, Debug, PartialEq)]
pub struct ClientKeyMaterial {
    /// The client.
    pub client_uri: ClientUri,
    /// What there is of it.
    pub status: ClientKeyMaterialStatus,
}

/// KeyMaterialResponse (§5.2); unsigned (G-15).
#[derive(Clone, Debug, PartialEq)]
pub struct KeyMaterialResponse {
    /// MLS 1.0
    pub protocol: Protocol,
    /// The outcome.
    pub user_status: KeyMaterialUserCode,
    /// The user.
    pub user_uri: UserUri,
    /// Its clients; empty for failures but noCompatibleMaterial (P-023).
    pub clients: Vec<ClientKeyMaterial>,
}

choice!(ClientKeyMaterialStatus as "clientStatus" {
    0 => Success(key_package as "keyPackage"),
    1 => KeyMaterialExhausted,
    2 => NothingCompatible(client_capabilities[optional] as "clientCapabilities"),
});
structure!(KeyMaterialResponse { protocol, user_status as "userStatus", user_uri as "userUri", clients[] });

impl KeyMaterialResponse {
    /// A refusal.
    pub fn failure(user_status: KeyMaterialUserCode, user_uri: UserUri) -> Self {
        Self { protocol: Protocol::Mls10, user_status, user_uri, clients: Vec::new() }
    }

    /// Whether the clients fit the code (P-023, P-027).
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self) -> Result<(), &'static str> {
        use KeyMaterialUserCode as Code;
        let supplied = |client: &ClientKeyMaterial| matches!(client.status, ClientKeyMaterialStatus::Success(_));
        match self.user_status {
            Code::Success if !self.clients.iter().all(supplied) => Err("P-027: success, but a client has no KeyPackage"),
            Code::PartialSuccess if !self.clients.iter().any(supplied) => {
                Err("P-027: partialSuccess, but no client has a KeyPackage")
            }
            Code::NoCompatibleMaterial if self.clients.iter().any(supplied) => {
                Err("P-027: noCompatibleMaterial, but a client has a KeyPackage")
            }
            Code::Success | Code::PartialSuccess | Code::NoCompatibleMaterial => Ok(()),
            _ if self.clients.is_empty() => Ok(()),
            _ => Err("P-023: clients in a failure"),
        }
    }
}

mod client_codec {
    //! `clientStatus` precedes the URI, and what depends on it follows: the layout is written out.
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize, Size};

    use super::{ClientKeyMaterial, ClientKeyMaterialStatus as Status};
    use crate::decode::field;

    impl Size for ClientKeyMaterial {
        fn tls_serialized_len(&self) -> usize {
            1 + self.client_uri.tls_serialized_len() + self.status.case_len()
        }
    }

    impl Serialize for ClientKeyMaterial {
        fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
            let written = self.status.code().tls_serialize(writer)? + self.client_uri.tls_serialize(writer)?;
            Ok(written + self.status.write_case(writer)?)
        }
    }

    impl Deserialize for ClientKeyMaterial {
        fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
            let code = Status::read_code(bytes)?;
            Ok(Self { client_uri: field("clientUri", bytes)?, status: Status::read_case(code, bytes)? })
        }
    }
}
