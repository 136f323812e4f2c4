//! Credentials: X.509 certificates that name a client and its user, issued by the provider's own authority (G-28).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use causeway_drafts::mimi_uri::{ClientUri, ProviderDomain, UserUri};
use openmls::prelude::{Credential, CredentialType};
use rustls_pki_types::{CertificateDer, UnixTime};
use tls_codec::{Deserialize, VLBytes};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring::ED25519};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::MlsError;

/// What is trusted: the pinned roots of the providers' credentials, several per provider while it rotates; and, where
/// somebody has said so, groups that are no rooms, and credentials that nobody has issued.
#[derive(Clone, Debug, Default)]
pub struct TrustRoots {
    roots: BTreeMap<String, Vec<Vec<u8>>>,
    out_of_reach: BTreeSet<String>,
    plain_groups: bool,
    basic_credentials: bool,
}

impl TrustRoots {
    /// From now on, groups without a room's components are entered, too (DMLS-33). Whoever serves rooms leaves it (G-66).
    pub fn admit_plain_groups(&mut self) {
        self.plain_groups = true;
    }

    /// From now on, whoever has a basic credential is believed to be who it says it is [RFC 9420 §5.3]. Its name stands
    /// under a domain that nobody can have, apart from all certified ones. Whoever serves rooms leaves it (G-28).
    pub fn admit_basic_credentials(&mut self) {
        self.basic_credentials = true;
    }

    pub(crate) fn admits_plain_groups(&self) -> bool {
        self.plain_groups
    }

    /// Pins a root, a certificate in DER.
    pub fn pin(&mut self, provider: &ProviderDomain, root: Vec<u8>) {
        self.expect_again(provider);
        let roots = self.roots.entry(provider.to_string()).or_default();
        if !roots.contains(&root) {
            roots.push(root);
        }
    }

    /// The roots of a provider have been asked for and cannot be had now: a commit in a graph that nobody orders waits for
    /// them from now on (DMLS-20), until one is [pinned](Self::pin). Everything else is refused as before.
    pub fn give_up_on(&mut self, provider: &ProviderDomain) {
        self.out_of_reach.insert(provider.to_string());
    }

    /// A provider is to be asked again.
    pub fn expect_again(&mut self, provider: &ProviderDomain) {
        self.out_of_reach.remove(provider.as_str());
    }

    /// Whether a provider has been given up on.
    pub fn is_out_of_reach(&self, provider: &ProviderDomain) -> bool {
        self.out_of_reach.contains(provider.as_str())
    }

    /// Whether any root of the provider is known.
    pub fn knows(&self, provider: &ProviderDomain) -> bool {
        self.roots.contains_key(provider.as_str())
    }

    fn of(&self, provider: &ProviderDomain) -> &[Vec<u8>] {
        self.roots.get(provider.as_str()).map_or(&[], Vec::as_slice)
    }
}

/// A client whose certificate has been checked. There is no other way to get one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedClient {
    client: ClientUri,
    user: UserUri,
}

impl CertifiedClient {
    /// The client.
    pub fn client(&self) -> &ClientUri {
        &self.client
    }

    /// Its user.
    pub fn user(&self) -> &UserUri {
        &self.user
    }
}

fn refused(why: impl Into<String>) -> MlsError {
    MlsError::CredentialRefused(why.into())
}

/// A credential from a certificate chain, leaf first [RFC 9420 §5.3].
pub(crate) fn from_chain(chain: &[Vec<u8>]) -> Credential {
    let content = chain.iter().flat_map(|certificate| causeway_drafts::encode(&VLBytes::new(certificate.clone()))).collect();
    Credential::new(CredentialType::X509, content)
}

/// The certificate chain in a credential.
fn chain_of(credential: &Credential) -> Result<Vec<Vec<u8>>, MlsError> {
    if credential.credential_type() != CredentialType::X509 {
        return Err(refused("G-28: only X.509 credentials are accepted"));
    }
    let mut rest = credential.serialized_content();
    let mut chain = Vec::new();
    while !rest.is_empty() {
        let certificate = VLBytes::tls_deserialize(&mut rest).map_err(|_| refused("RFC 9420 §5.3: not a certificate list"))?;
        chain.push(certificate.into());
    }
    if chain.is_empty() { Err(refused("RFC 9420 §5.3: an empty certificate list")) } else { Ok(chain) }
}

/// The provider of all basic credentials: a name that is reserved, so that it is nobody's [RFC 6761 §6.4].
const BASIC_PROVIDER: &str = "basic.invalid";

/// The name of whoever has a basic credential: the octets of its identity, one client of one user.
fn basic_client(identity: &[u8]) -> Result<(ClientUri, UserUri), MlsError> {
    let provider: ProviderDomain = BASIC_PROVIDER.parse().map_err(MlsError::stored)?;
    let nameless = |error| refused(format!("a basic credential without a usable identity: {error}"));
    let user = UserUri::checked(&provider, &hex::encode(identity)).map_err(nameless)?;
    let client = ClientUri::checked(&user, "basic").map_err(nameless)?;
    Ok((client, user))
}

/// Who a credential says it is, without checking that it may.
pub(crate) fn named_client(credential: &Credential) -> Result<(ClientUri, UserUri), MlsError> {
    if credential.credential_type() == CredentialType::Basic {
        return basic_client(credential.serialized_content());
    }
    let chain = chain_of(credential)?;
    let certificate = parse(&chain[0])?;
    let mut client = None;
    let mut user = None;
    for uri in subject_uris(&certificate)? {
        if let Ok(uri) = uri.parse::<ClientUri>() {
            client = Some(uri);
        } else if let Ok(uri) = uri.parse::<UserUri>() {
            user = Some(uri);
        }
    }
    match (client, user) {
        (Some(client), Some(user)) if client.user_uri() == user => Ok((client, user)),
        (Some(_), Some(_)) => Err(refused("G-28: the client URI is not one of the user URI's")),
        _ => Err(refused("G-28: the certificate does not name a client and its user")),
    }
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, MlsError> {
    X509Certificate::from_der(der).map(|(_, certificate)| certificate).map_err(|_| refused("not a certificate"))
}

fn subject_uris<'a>(certificate: &'a X509Certificate<'_>) -> Result<Vec<&'a str>, MlsError> {
    let names = certificate.subject_alternative_name().map_err(|_| refused("two subject alternative names"))?;
    let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    Ok(names.iter().filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None }).collect())
}

/// Checks a credential: chain, validity, key, names; and that its provider is one whose roots are pinned.
///
/// # Errors
/// [`MlsError::CredentialRefused`] with the reason.
pub fn certify(
    credential: &Credential,
    signature_key: &[u8],
    roots: &TrustRoots,
    now_ms: u64,
) -> Result<CertifiedClient, MlsError> {
    if credential.credential_type() == CredentialType::Basic && !roots.basic_credentials {
        return Err(refused("G-28: only X.509 credentials are accepted"));
    }
    let (client, user) = named_client(credential)?;
    if credential.credential_type() == CredentialType::Basic {
        return Ok(CertifiedClient { client, user });
    }
    let chain = chain_of(credential)?;
    verify_chain(&chain, (&user.provider(), roots), now_ms)?;
    check_key(&chain[0], signature_key)?;
    Ok(CertifiedClient { client, user })
}

/// Checks a provider's own credential (a hub's): chain, validity, key, and that it names the provider's domain.
pub(crate) fn certify_provider(
    credential: &Credential,
    signature_key: &[u8],
    (provider, roots): (&ProviderDomain, &TrustRoots),
    now_ms: u64,
) -> Result<(), MlsError> {
    let chain = chain_of(credential)?;
    verify_chain(&chain, (provider, roots), now_ms)?;
    check_key(&chain[0], signature_key)?;
    let certificate = parse(&chain[0])?;
    let names = certificate.subject_alternative_name().map_err(|_| refused("two subject alternative names"))?;
    let named = names.is_some_and(|names| {
        names.value.general_names.iter().any(|name| matches!(name, GeneralName::DNSName(name) if *name == provider.as_str()))
    });
    if named { Ok(()) } else { Err(refused(format!("G-26: the certificate does not name {provider}"))) }
}

fn check_key(certificate: &[u8], signature_key: &[u8]) -> Result<(), MlsError> {
    let certificate = parse(certificate)?;
    let key = certificate.public_key().subject_public_key.data.as_ref();
    if key == signature_key { Ok(()) } else { Err(refused("the certificate's key is not the leaf's signature key")) }
}

fn verify_chain(chain: &[Vec<u8>], (provider, roots): (&ProviderDomain, &TrustRoots), now_ms: u64) -> Result<(), MlsError> {
    let roots = roots.of(provider);
    if roots.is_empty() {
        return Err(MlsError::UnknownProvider(provider.clone()));
    }
    let roots: Vec<CertificateDer<'_>> = roots.iter().map(|root| CertificateDer::from(root.as_slice())).collect();
    let anchors: Vec<_> = roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
    let leaf = CertificateDer::from(chain[0].as_slice());
    let intermediates: Vec<CertificateDer<'_>> = chain[1..].iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let time = UnixTime::since_unix_epoch(Duration::from_millis(now_ms));
    let certificate = EndEntityCert::try_from(&leaf).map_err(|error| refused(error.to_string()))?;
    certificate
        .verify_for_usage(&[ED25519], &anchors, &intermediates, time, KeyUsage::client_auth(), None, None)
        .map(|_| ())
        .map_err(|error| refused(error.to_string()))
}

/// Checks the signature of a request whose signer names itself by a credential.
///
/// # Errors
/// If the credential or the signature does not hold.
pub fn certify_signature(
    (credential, signature_key): (&Credential, &[u8]),
    (content, signature): (&[u8], &[u8]),
    roots: &TrustRoots,
    now_ms: u64,
) -> Result<CertifiedClient, MlsError> {
    let client = certify(credential, signature_key, roots, now_ms)?;
    verify_signature(signature_key, content, signature)?;
    Ok(client)
}

/// Checks a signature of a provider itself, as its hub makes them (P-078).
///
/// # Errors
/// If the credential is not the provider's, or the signature does not hold.
pub fn certify_hub_signature(
    (credential, signature_key): (&Credential, &[u8]),
    (content, signature): (&[u8], &[u8]),
    (provider, roots): (&ProviderDomain, &TrustRoots),
    now_ms: u64,
) -> Result<(), MlsError> {
    certify_provider(credential, signature_key, (provider, roots), now_ms)?;
    verify_signature(signature_key, content, signature)
}

/// Verifies an Ed25519 signature.
pub(crate) fn verify_signature(key: &[u8], content: &[u8], signature: &[u8]) -> Result<(), MlsError> {
    use openmls_traits::OpenMlsProvider;
    use openmls_traits::crypto::OpenMlsCrypto;
    openmls_rust_crypto::OpenMlsRustCrypto::default()
        .crypto()
        .verify_signature(openmls::prelude::SignatureScheme::ED25519, content, key, signature)
        .map_err(|_| refused("the signature does not verify"))
}
