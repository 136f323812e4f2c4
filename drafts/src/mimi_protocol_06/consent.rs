//! `requestConsent` and `updateConsent` [mimi-protocol-06 §5.7].

use openmls::prelude::{AppDataDictionary, KeyPackageIn};
use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize};

use crate::mimi_uri::{RoomUri, UserUri};
use crate::{Verbatim, encode};

/// ConsentOperation (§5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
#[repr(u8)]
pub enum ConsentOperation {
    /// Takes an earlier request back.
    Cancel = 0,
    /// Asks.
    Request = 1,
    /// Consents.
    Grant = 2,
    /// Withdraws consent.
    Revoke = 3,
}

/// ConsentEntry (§5.7).
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentEntry {
    /// What it does.
    pub operation: ConsentOperation,
    /// Who asks or asked.
    pub requester_uri: UserUri,
    /// Who is asked.
    pub target_uri: UserUri,
    /// For one room only.
    pub room_id: Option<RoomUri>,
    /// Only in a grant; may be empty (P-088).
    pub client_key_packages: Vec<Verbatim<KeyPackageIn>>,
    /// Extension point.
    pub consent_extensions: AppDataDictionary,
}

impl ConsentEntry {
    /// An entry without KeyPackages and extensions.
    pub fn new(operation: ConsentOperation, requester_uri: UserUri, target_uri: UserUri, room_id: Option<RoomUri>) -> Self {
        Self {
            operation,
            requester_uri,
            target_uri,
            room_id,
            client_key_packages: Vec::new(),
            consent_extensions: AppDataDictionary::new(),
        }
    }

    /// What entries about the same question share [mimi-protocol-06 §5.7 ConsentScope].
    pub fn scope(&self) -> (&UserUri, &UserUri, Option<&RoomUri>) {
        (&self.requester_uri, &self.target_uri, self.room_id.as_ref())
    }

    /// The encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}

/// Only a grant has KeyPackages.
mod entry_codec {
    use std::io::{Read, Write};

    use tls_codec::{Deserialize, Error, Serialize, Size};

    use super::{ConsentEntry, ConsentOperation};
    use crate::decode::{field, vector, within};
    use crate::structure::optional;

    impl Size for ConsentEntry {
        fn tls_serialized_len(&self) -> usize {
            let key_packages = match self.operation {
                ConsentOperation::Grant => self.client_key_packages.tls_serialized_len(),
                _ => 0,
            };
            self.operation.tls_serialized_len()
                + self.requester_uri.tls_serialized_len()
                + self.target_uri.tls_serialized_len()
                + self.room_id.tls_serialized_len()
                + key_packages
                + self.consent_extensions.tls_serialized_len()
        }
    }

    impl Serialize for ConsentEntry {
        fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
            let mut written = self.operation.tls_serialize(writer)?
                + self.requester_uri.tls_serialize(writer)?
                + self.target_uri.tls_serialize(writer)?
                + self.room_id.tls_serialize(writer)?;
            if self.operation == ConsentOperation::Grant {
                written += self.client_key_packages.tls_serialize(writer)?;
            }
            Ok(written + self.consent_extensions.tls_serialize(writer)?)
        }
    }

    impl Deserialize for ConsentEntry {
        fn tls_deserialize<R: Read>(bytes: &mut R) -> Result<Self, Error> {
            let operation = field("consentOperation", bytes)?;
            Ok(Self {
                operation,
                requester_uri: field("requesterUri", bytes)?,
                target_uri: field("targetUri", bytes)?,
                room_id: within("roomId", optional::tls_deserialize(bytes))?,
                client_key_packages: match operation {
                    ConsentOperation::Grant => within("clientKeyPackages", vector(bytes))?,
                    _ => Vec::new(),
                },
                consent_extensions: field("consent_extensions", bytes)?,
            })
        }
    }
}
