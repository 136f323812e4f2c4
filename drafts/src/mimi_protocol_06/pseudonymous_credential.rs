//! Credentials of minimal-metadata rooms [mimi-protocol-06 §6.1]. The draft leaves their keys open, so there is nothing but
//! the encoding (G-68).

use openmls::prelude::Credential;
use tls_codec::VLBytes;

use super::franking::sign_content;
use crate::encode;
use crate::mimi_uri::IdentifierUri;
use crate::structure::structure;

/// The label of the signature that links a pseudonym to a client (§6.1).
pub const LABEL: &str = "PseudonymousCredentialTBS";

/// PseudonymousCredential (§6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PseudonymousCredential {
    /// The client's name in the group.
    pub client_pseudonym: IdentifierUri,
    /// Its user's, the same as in the participant list.
    pub user_pseudonym: IdentifierUri,
    /// Verifies MLS messages. Written `opaque` without a size: a vector, as every SignaturePublicKey (G-68).
    pub signature_public_key: VLBytes,
    /// An encrypted [`IdentityLinkTbe`]; the draft does not say by which scheme.
    pub identity_link_ciphertext: VLBytes,
}

/// PseudonymousCredentialTBS (§6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PseudonymousCredentialTbs {
    /// The client's name in the group.
    pub client_pseudonym: IdentifierUri,
    /// Its user's.
    pub user_pseudonym: IdentifierUri,
    /// Verifies MLS messages (G-68).
    pub signature_public_key: VLBytes,
}

/// IdentityLinkTBE (§6.1).
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityLinkTbe {
    /// SignWithLabel(., "PseudonymousCredentialTBS", PseudonymousCredentialTBS), by the client's real key.
    pub pseudonymous_credential_signature: VLBytes,
    /// The client's real credential.
    pub client_credential: Credential,
}

structure!(PseudonymousCredential { client_pseudonym, user_pseudonym, signature_public_key, identity_link_ciphertext });
structure!(PseudonymousCredentialTbs { client_pseudonym, user_pseudonym, signature_public_key });
structure!(IdentityLinkTbe { pseudonymous_credential_signature, client_credential });

impl PseudonymousCredential {
    /// What the real key signs.
    pub fn tbs(&self) -> PseudonymousCredentialTbs {
        PseudonymousCredentialTbs {
            client_pseudonym: self.client_pseudonym.clone(),
            user_pseudonym: self.user_pseudonym.clone(),
            signature_public_key: self.signature_public_key.clone(),
        }
    }
}

impl PseudonymousCredentialTbs {
    /// The SignContent that the signature is over.
    pub fn signed_content(&self) -> Vec<u8> {
        sign_content(LABEL, &encode(self))
    }
}
