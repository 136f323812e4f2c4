//! `keyMaterial` [mimi-protocol-06 §5.2].

use openmls::prelude::{Capabilities, Credential, KeyPackageIn, RequiredCapabilitiesExtension};
use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize, VLBytes};

use super::Protocol;
use super::franking::sign_content;
use crate::mimi_uri::{ClientUri, RoomUri, UserUri};
use crate::{Verbatim, encode};

/// The label of the request's signature.
pub const LABEL: &str = "KeyMaterialRequestTBS";

/// KeyMaterialRequestTBS: the request without its signature.
#[derive(Clone, Debug, PartialEq, TlsSize, TlsSerialize, TlsDeserialize)]
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
    #[tls_codec(with = "at_least_one")]
    pub acceptable_ciphersuites: Vec<u16>,
    /// What the room requires.
    pub required_capabilities: RequiredCapabilitiesExtension,
    /// Verifies the request.
    pub requester_signature_key: VLBytes,
    /// Whose key it is.
    pub requester_credential: Credential,
}

/// KeyMaterialRequest.
#[derive(Clone, Debug, PartialEq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct KeyMaterialRequest {
    /// What is signed.
    pub tbs: KeyMaterialRequestTbs,
    /// SignWithLabel(., "KeyMaterialRequestTBS", tbs) with the scheme of the first ciphersuite (G-13).
    pub key_material_request_signature: VLBytes,
}

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

/// KeyMaterialUserCode.
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

/// KeyMaterialClientCode with what depends on it.
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

/// ClientKeyMaterial.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientKeyMaterial {
    /// The client.
    pub client_uri: ClientUri,
    /// What there is of it.
    pub status: ClientKeyMaterialStatus,
}

/// KeyMaterialResponse; unsigned (G-15).
#[derive(Clone, Debug, PartialEq, TlsSize, TlsSerialize, TlsDeserialize)]
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

mod at_least_one {
    //! P-021: no ciphersuite is no request.
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize, Size};

    pub(super) fn tls_serialized_len(suites: &Vec<u16>) -> usize {
        suites.tls_serialized_len()
    }

    pub(super) fn tls_serialize<W: Write>(suites: &Vec<u16>, writer: &mut W) -> Result<usize, Error> {
        suites.tls_serialize(writer)
    }

    pub(super) fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Vec<u16>, Error> {
        match Vec::tls_deserialize(bytes)? {
            suites if suites.is_empty() => Err(Error::DecodingError("P-021: no acceptable ciphersuite".to_owned())),
            suites => Ok(suites),
        }
    }
}

mod client_codec {
    //! `clientStatus` precedes the URI, and what depends on it follows: the layout is written out.
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize, Size};

    use super::{ClientKeyMaterial, ClientKeyMaterialStatus as Status};

    impl Size for ClientKeyMaterial {
        fn tls_serialized_len(&self) -> usize {
            1 + self.client_uri.tls_serialized_len()
                + match &self.status {
                    Status::Success(key_package) => key_package.tls_serialized_len(),
                    Status::KeyMaterialExhausted => 0,
                    Status::NothingCompatible(capabilities) => capabilities.tls_serialized_len(),
                }
        }
    }

    impl Serialize for ClientKeyMaterial {
        fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
            let code: u8 = match &self.status {
                Status::Success(_) => 0,
                Status::KeyMaterialExhausted => 1,
                Status::NothingCompatible(_) => 2,
            };
            let written = code.tls_serialize(writer)? + self.client_uri.tls_serialize(writer)?;
            Ok(written
                + match &self.status {
                    Status::Success(key_package) => key_package.tls_serialize(writer)?,
                    Status::KeyMaterialExhausted => 0,
                    Status::NothingCompatible(capabilities) => capabilities.tls_serialize(writer)?,
                })
        }
    }

    impl Deserialize for ClientKeyMaterial {
        fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
            let code = u8::tls_deserialize(bytes)?;
            let client_uri = Deserialize::tls_deserialize(bytes)?;
            let status = match code {
                0 => Status::Success(Deserialize::tls_deserialize(bytes)?),
                1 => Status::KeyMaterialExhausted,
                2 => Status::NothingCompatible(Deserialize::tls_deserialize(bytes)?),
                other => return Err(Error::UnknownValue(other.into())),
            };
            Ok(Self { client_uri, status })
        }
    }
}
