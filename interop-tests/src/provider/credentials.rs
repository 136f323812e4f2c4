//! X.509 credentials: issued by the provider's own authority, checked against the pinned roots of others (G-28).

use std::collections::BTreeMap;
use std::time::Duration;

use causeway_drafts::encode;
use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, UserUri};
use openmls::prelude::{Credential, CredentialType, CredentialWithKey, SignatureScheme};
use openmls_basic_credential::SignatureKeyPair;
use openmls_traits::signatures::Signer;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519, PublicKeyData,
    SanType, SignatureAlgorithm,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use tls_codec::{Deserialize, VLBytes};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring::ED25519};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::crypto::{now_ms, verifies};
use super::error::{Error, Result};

/// The authority over a provider's credentials.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A signature key with its credential.
pub(crate) struct Identity {
    signer: SignatureKeyPair,
    credential: Credential,
}

struct Ed25519Key<'a>(&'a [u8]);

impl PublicKeyData for Ed25519Key<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl Authority {
    /// A new authority.
    ///
    /// # Errors
    /// If no key can be made.
    pub(crate) fn generate(domain: &ProviderDomain) -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_ED25519).map_err(Error::internal)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("Clients of {domain}").chars().take(64).collect::<String>());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, key).map_err(Error::internal)? })
    }

    /// The root for the directory, PEM.
    pub(crate) fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    /// The identity of a client: its certificate names the client and its user.
    ///
    /// # Errors
    /// If no key can be made.
    pub(crate) fn issue_client(&self, client: &ClientUri) -> Result<Identity> {
        let uri = |uri: &str| uri.try_into().map(SanType::URI).map_err(Error::internal);
        self.issue(vec![uri(client.as_str())?, uri(client.user_uri().as_str())?], client.as_str())
    }

    /// The hub's own identity: its certificate names the domain (G-26).
    ///
    /// # Errors
    /// If no key can be made.
    pub(crate) fn issue_hub(&self, domain: &ProviderDomain) -> Result<Identity> {
        let name = domain.as_str().try_into().map(SanType::DnsName).map_err(Error::internal)?;
        self.issue(vec![name], domain.as_str())
    }

    fn issue(&self, names: Vec<SanType>, common_name: &str) -> Result<Identity> {
        let signer = SignatureKeyPair::new(SignatureScheme::ED25519).map_err(Error::internal)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name.chars().take(64).collect::<String>());
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = params.signed_by(&Ed25519Key(signer.public()), &*self.issuer).map_err(Error::internal)?;
        let content = encode(&VLBytes::new(certificate.der().to_vec()));
        Ok(Identity { signer, credential: Credential::new(CredentialType::X509, content) })
    }
}

impl Identity {
    /// Signs a SignContent as it is.
    ///
    /// # Errors
    /// If the key is unusable.
    pub(crate) fn sign(&self, content: &[u8]) -> Result<Vec<u8>> {
        self.signer.sign(content).map_err(|_| Error::Internal("a signature key does not sign".to_owned()))
    }

    /// For openmls.
    pub(crate) fn signer(&self) -> &SignatureKeyPair {
        &self.signer
    }

    /// The public key.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.signer.public().to_vec()
    }

    /// The credential.
    pub(crate) fn credential(&self) -> Credential {
        self.credential.clone()
    }

    /// For openmls.
    pub(crate) fn credential_with_key(&self) -> CredentialWithKey {
        CredentialWithKey { credential: self.credential(), signature_key: self.signer.public().into() }
    }
}

/// The pinned roots of all providers.
#[derive(Default)]
pub(crate) struct Trust(BTreeMap<ProviderDomain, Vec<CertificateDer<'static>>>);

impl Trust {
    /// Pins what a provider's directory lists.
    ///
    /// # Errors
    /// If a root is no certificate, or there is none.
    pub(crate) fn pin(&mut self, provider: &ProviderDomain, roots: &[String]) -> Result<()> {
        let unusable = || Error::Unreachable(format!("the directory of {provider} lists no usable mls_credential_roots"));
        let parsed = roots.iter().map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| unusable()));
        let parsed = parsed.collect::<Result<Vec<_>>>()?;
        if parsed.is_empty() {
            return Err(unusable());
        }
        self.0.insert(provider.clone(), parsed);
        Ok(())
    }

    /// Checks a client's credential: chain, validity, key, names.
    ///
    /// # Errors
    /// The check that fails, or [`Error::RootsNeeded`].
    pub(crate) fn certify(&self, credential: &Credential, key: &[u8]) -> Result<ClientUri> {
        let client = named_client(credential)?;
        self.verify(&client.provider(), credential, key)?;
        Ok(client)
    }

    /// Checks a hub's credential: as a client's, but it names the domain.
    ///
    /// # Errors
    /// The check that fails, or [`Error::RootsNeeded`].
    pub(crate) fn certify_hub(&self, hub: &ProviderDomain, credential: &Credential, key: &[u8]) -> Result<()> {
        let chain = chain_of(credential)?;
        let certificate = parse(&chain[0])?;
        let named =
            general_names(&certificate)?.iter().any(|name| matches!(name, GeneralName::DNSName(name) if *name == hub.as_str()));
        if !named {
            return Err(refused(format!("G-26: the certificate does not name {hub}")));
        }
        self.verify(hub, credential, key)
    }

    /// Checks a request that a client signed.
    ///
    /// # Errors
    /// If credential or signature do not hold.
    pub(crate) fn certify_signature(
        &self,
        (credential, key): (&Credential, &[u8]),
        content: &[u8],
        signature: &[u8],
    ) -> Result<ClientUri> {
        let client = self.certify(credential, key)?;
        if verifies(key, content, signature) { Ok(client) } else { Err(refused("the signature does not verify")) }
    }

    fn verify(&self, provider: &ProviderDomain, credential: &Credential, key: &[u8]) -> Result<()> {
        let roots = self.0.get(provider).ok_or_else(|| Error::RootsNeeded(provider.clone()))?;
        let anchors: Vec<_> = roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
        let chain: Vec<_> = chain_of(credential)?.into_iter().map(CertificateDer::from).collect();
        let time = UnixTime::since_unix_epoch(Duration::from_millis(now_ms()));
        EndEntityCert::try_from(&chain[0])
            .and_then(|leaf| {
                leaf.verify_for_usage(&[ED25519], &anchors, &chain[1..], time, KeyUsage::client_auth(), None, None).map(|_| ())
            })
            .map_err(|error| refused(error.to_string()))?;
        let certified = parse(&chain[0])?.public_key().subject_public_key.data == key;
        if certified { Ok(()) } else { Err(refused("the certificate's key is not the signature key")) }
    }
}

fn refused(why: impl Into<String>) -> Error {
    Error::NotAllowed(format!("credential refused: {}", why.into()))
}

/// The chain in an X.509 credential, leaf first; never empty [RFC 9420 §5.3].
fn chain_of(credential: &Credential) -> Result<Vec<Vec<u8>>> {
    if credential.credential_type() != CredentialType::X509 {
        return Err(refused("G-28: only X.509 credentials are accepted"));
    }
    let mut rest = credential.serialized_content();
    let mut chain: Vec<Vec<u8>> = Vec::new();
    while !rest.is_empty() {
        chain.push(VLBytes::tls_deserialize(&mut rest).map_err(|_| refused("not a certificate list"))?.into());
    }
    if chain.is_empty() { Err(refused("an empty certificate list")) } else { Ok(chain) }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>> {
    X509Certificate::from_der(der).map(|(_, certificate)| certificate).map_err(|_| refused("not a certificate"))
}

fn general_names<'a>(certificate: &'a X509Certificate<'_>) -> Result<Vec<&'a GeneralName<'a>>> {
    let names = certificate.subject_alternative_name().map_err(|_| refused("two lists of alternative names"))?;
    Ok(names.map(|names| names.value.general_names.iter().collect()).unwrap_or_default())
}

/// Which client a credential names. Whether it may is for [`Trust::certify`].
///
/// # Errors
/// If it does not name one client and its user.
pub(crate) fn named_client(credential: &Credential) -> Result<ClientUri> {
    let chain = chain_of(credential)?;
    let certificate = parse(&chain[0])?;
    let names = general_names(&certificate)?;
    let uris: Vec<&str> =
        names.iter().filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None }).collect();
    let clients: Vec<ClientUri> = uris.iter().filter_map(|uri| uri.parse().ok()).collect();
    let users: Vec<UserUri> = uris.iter().filter_map(|uri| uri.parse().ok()).collect();
    match (clients.as_slice(), users.as_slice()) {
        ([client], [user]) if client.user_uri() == *user => Ok(client.clone()),
        ([_], [_]) => Err(refused("G-28: the client URI is not one of the user URI's")),
        _ => Err(refused("G-28: the certificate does not name one client and its user")),
    }
}
