//! The provider's own credential authority, and the identities that it issues.

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, UserUri};
use openmls::prelude::{Credential, CredentialWithKey, SignatureScheme};
use openmls_basic_credential::SignatureKeyPair;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::signatures::Signer;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519,
    PublicKeyData, SanType, SignatureAlgorithm,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::storage::Provider;
use crate::{MlsError, credential};

/// Issues the certificates of one provider's clients.
pub struct CredentialAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A signature key with the certificate chain that says whose it is.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct CertifiedKey {
    private: Vec<u8>,
    #[zeroize(skip)]
    public: Vec<u8>,
    #[zeroize(skip)]
    chain: Vec<Vec<u8>>,
}

/// An own MLS client.
#[derive(Clone, Serialize, Deserialize)]
pub struct ClientIdentity {
    /// The client.
    pub client_uri: ClientUri,
    /// Its user.
    pub user_uri: UserUri,
    key: CertifiedKey,
}

/// The hub's own key: it signs franks and GroupInfo answers, and is the group's external sender.
#[derive(Clone, Serialize, Deserialize)]
pub struct HubIdentity {
    /// The hub.
    pub domain: String,
    key: CertifiedKey,
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientIdentity({})", self.client_uri)
    }
}

/// The subject key of a certificate.
struct Ed25519Public(Vec<u8>);

impl PublicKeyData for Ed25519Public {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

#[derive(Serialize, Deserialize)]
struct StoredAuthority {
    provider: String,
    key: Vec<u8>,
    not_before: i64,
    serial: u64,
}

impl CredentialAuthority {
    /// A new authority for a provider.
    ///
    /// # Errors
    /// If no key can be made.
    pub fn generate(provider: &ProviderDomain) -> Result<(Self, Zeroizing<Vec<u8>>), MlsError> {
        let key = KeyPair::generate_for(&PKCS_ED25519).map_err(MlsError::stored)?;
        let stored = StoredAuthority { provider: provider.to_string(), key: key.serialize_der(), not_before: 2024, serial: 1 };
        let bytes = Zeroizing::new(rmp_serde::to_vec_named(&stored).map_err(MlsError::stored)?);
        Ok((Self::from_bytes(&bytes)?, bytes))
    }

    /// The authority that was generated before. Its certificate is the same each time: Ed25519 is deterministic.
    ///
    /// # Errors
    /// If the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MlsError> {
        let stored: StoredAuthority = rmp_serde::from_slice(bytes).map_err(MlsError::stored)?;
        let key = KeyPair::try_from(stored.key.as_slice()).map_err(MlsError::stored)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&format!("{} MLS credentials", stored.provider));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.serial_number = Some(stored.serial.into());
        params.not_before = rcgen::date_time_ymd(2024, 1, 1);
        params.not_after = rcgen::date_time_ymd(2044, 1, 1);
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(MlsError::stored)?;
        Ok(Self { issuer })
    }

    /// The root certificate, DER.
    pub fn root_der(&self) -> Vec<u8> {
        self.issuer.der().to_vec()
    }

    /// The root certificate, PEM, for the directory.
    pub fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    /// A new client's identity.
    ///
    /// # Errors
    /// If no key can be made.
    pub fn issue_client(&self, client: &ClientUri, user: &UserUri) -> Result<ClientIdentity, MlsError> {
        let uri = |uri: &str| uri.try_into().map(SanType::URI).map_err(MlsError::stored);
        let key = self.issue(vec![uri(client.as_str())?, uri(user.as_str())?], client.as_str())?;
        Ok(ClientIdentity { client_uri: client.clone(), user_uri: user.clone(), key })
    }

    /// A key of the hub's own.
    ///
    /// # Errors
    /// If no key can be made.
    pub fn issue_hub(&self, domain: &ProviderDomain) -> Result<HubIdentity, MlsError> {
        let dns_name = domain.as_str().try_into().map(SanType::DnsName).map_err(MlsError::stored)?;
        Ok(HubIdentity { domain: domain.to_string(), key: self.issue(vec![dns_name], domain.as_str())? })
    }

    fn issue(&self, names: Vec<SanType>, common_name: &str) -> Result<CertifiedKey, MlsError> {
        let crypto = Provider::default();
        let (private, public) = crypto.crypto().signature_key_gen(SignatureScheme::ED25519).map_err(MlsError::stored)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(common_name);
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.not_before = rcgen::date_time_ymd(2024, 1, 1);
        params.not_after = rcgen::date_time_ymd(2034, 1, 1);
        let certificate = params.signed_by(&Ed25519Public(public.clone()), &*self.issuer).map_err(MlsError::stored)?;
        Ok(CertifiedKey { private, public, chain: vec![certificate.der().to_vec()] })
    }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    // X.520 allows 64 characters; the subject alternative names carry what counts.
    let short: String = common_name.chars().take(64).collect();
    name.push(DnType::CommonName, short);
    name
}

impl CertifiedKey {
    fn signer(&self) -> SignatureKeyPair {
        SignatureKeyPair::from_raw(SignatureScheme::ED25519, self.private.clone(), self.public.clone())
    }

    fn sign(&self, content: &[u8]) -> Result<Vec<u8>, MlsError> {
        self.signer().sign(content).map_err(|_| MlsError::Stored("the signature key does not sign".to_owned()))
    }
}

macro_rules! certified_identity {
    ($name:ident) => {
        impl $name {
            /// Signs bytes as they are.
            ///
            /// # Errors
            /// If the key is unusable.
            pub fn sign(&self, content: &[u8]) -> Result<Vec<u8>, MlsError> {
                self.key.sign(content)
            }

            /// The public key.
            pub fn signature_public_key(&self) -> Vec<u8> {
                self.key.public.clone()
            }

            /// The X.509 credential.
            pub fn credential(&self) -> Credential {
                credential::from_chain(&self.key.chain)
            }

            /// For sealing by the store.
            pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
                Zeroizing::new(rmp_serde::to_vec_named(self).expect("an identity has no value that MessagePack cannot carry"))
            }

            /// From what [`Self::to_bytes`] gave.
            ///
            /// # Errors
            /// If the bytes are something else.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, MlsError> {
                rmp_serde::from_slice(bytes).map_err(MlsError::stored)
            }
        }
    };
}

certified_identity!(ClientIdentity);
certified_identity!(HubIdentity);

impl ClientIdentity {
    pub(crate) fn signer(&self) -> SignatureKeyPair {
        self.key.signer()
    }

    pub(crate) fn credential_with_key(&self) -> CredentialWithKey {
        CredentialWithKey { credential: self.credential(), signature_key: self.key.public.as_slice().into() }
    }
}
