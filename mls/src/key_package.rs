//! KeyPackages: made for own clients, checked for others'.

use causeway_drafts::mimi_uri::UserUri;
use causeway_drafts::{Verbatim, encode};
use openmls::prelude::{Ciphersuite, KeyPackage, KeyPackageIn, ProtocolVersion, Welcome};
use openmls_traits::OpenMlsProvider;

use crate::credential::{CertifiedClient, TrustRoots, certify};
use crate::group::capabilities;
use crate::hardening::{can_puncture, leaf_extensions};
use crate::provider::lifetime;
use crate::rows::Rows;
use crate::storage::Provider;
use crate::{ClientIdentity, MlsError, weak_key};

pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// Lifetime of our KeyPackages, seconds: 30 days.
const LIFETIME: u64 = 30 * 24 * 3600;

/// A KeyPackage of ours with its secrets.
#[derive(Clone)]
pub struct KeyPackageBundle {
    /// KeyPackageRef [RFC 9420 §5.2].
    pub reference: Vec<u8>,
    /// The KeyPackage.
    pub key_package: Vec<u8>,
    /// Its secrets, as rows.
    pub private: Rows,
    /// End of its lifetime, ms.
    pub not_after: u64,
}

/// A KeyPackage that may be added.
pub struct VerifiedKeyPackage {
    /// Whose it is.
    pub client: CertifiedClient,
    /// Whether it may be added to a hardened group (DMLS-34).
    pub can_be_hardened: bool,
}

/// Makes a KeyPackage for an own client.
///
/// # Errors
/// If no key can be made.
pub fn new_key_package(identity: &ClientIdentity, now_ms: u64) -> Result<KeyPackageBundle, MlsError> {
    let provider = Provider::default();
    let bundle = KeyPackage::builder()
        .leaf_node_capabilities(capabilities())
        .leaf_node_extensions(leaf_extensions()?)
        .key_package_lifetime(lifetime(LIFETIME))
        .build(SUITE, &provider, &identity.signer(), identity.credential_with_key())
        .map_err(MlsError::stored)?;
    let key_package = bundle.key_package();
    Ok(KeyPackageBundle {
        reference: key_package.hash_ref(provider.crypto()).map_err(MlsError::stored)?.as_slice().to_vec(),
        key_package: encode(key_package),
        private: provider.whole(),
        not_after: now_ms + LIFETIME * 1000,
    })
}

/// Checks a KeyPackage of somebody else's client: signature, lifetime, credential, and that it is the user's (G-15).
///
/// # Errors
/// If any of it does not hold.
pub fn verify_key_package(bytes: &[u8], roots: &TrustRoots, user: &UserUri, now_ms: u64) -> Result<VerifiedKeyPackage, MlsError> {
    let key_package = parse(bytes)?;
    let leaf = key_package.leaf_node();
    weak_key::check(key_package.hpke_init_key().as_slice())?;
    weak_key::check(&encode(leaf.encryption_key()).split_off(1))?;
    let client = certify(leaf.credential(), leaf.signature_key().as_slice(), roots, now_ms)?;
    match client.user() == user {
        true => Ok(VerifiedKeyPackage { client, can_be_hardened: can_puncture(leaf) }),
        false => Err(MlsError::CredentialRefused(format!("G-15: the KeyPackage is {}'s", client.user()))),
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<KeyPackage, MlsError> {
    let key_package: Verbatim<KeyPackageIn> = Verbatim::from_bytes(bytes).map_err(MlsError::malformed)?;
    key_package.into_value().validate(Provider::default().crypto(), ProtocolVersion::Mls10).map_err(MlsError::invalid)
}

/// Whether a KeyPackage's client can take part in a hardened group.
pub(crate) fn can_be_hardened(bytes: &[u8]) -> bool {
    parse(bytes).is_ok_and(|key_package| can_puncture(key_package.leaf_node()))
}

/// The KeyPackageRefs that a bare Welcome names.
///
/// # Errors
/// If it is no Welcome.
pub fn welcome_references(welcome: &[u8]) -> Result<Vec<Vec<u8>>, MlsError> {
    let welcome: Verbatim<Welcome> = Verbatim::from_bytes(welcome).map_err(MlsError::malformed)?;
    Ok(welcome.value().secrets().iter().map(|secret| secret.new_member().as_slice().to_vec()).collect())
}
