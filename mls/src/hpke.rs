//! EncryptWithLabel [RFC 9420 §5.1.3], for `groupInfo`.

use causeway_drafts::encode;
use openmls::prelude::{Ciphersuite, HpkeCiphertext};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use tls_codec::VLBytes;
use zeroize::Zeroizing;

use crate::MlsError;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// A key pair for one answer.
pub struct HpkeKeyPair {
    private: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
}

impl HpkeKeyPair {
    /// A fresh one.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn generate() -> Result<Self, MlsError> {
        let provider = OpenMlsRustCrypto::default();
        let seed = Zeroizing::new(provider.rand().random_vec(32).map_err(MlsError::stored)?);
        let pair = provider.crypto().derive_hpke_keypair(SUITE.hpke_config(), &seed).map_err(MlsError::stored)?;
        Ok(Self { private: Zeroizing::new(pair.private.to_vec()), public: pair.public })
    }

    /// The public key.
    pub fn public(&self) -> Vec<u8> {
        self.public.clone()
    }

    /// DecryptWithLabel.
    ///
    /// # Errors
    /// If the ciphertext was not made for this key, label and context.
    pub fn open(&self, (label, context): (&str, &[u8]), ciphertext: &HpkeCiphertext) -> Result<Vec<u8>, MlsError> {
        OpenMlsRustCrypto::default()
            .crypto()
            .hpke_open(SUITE.hpke_config(), ciphertext, &self.private, &info(label, context), &[])
            .map_err(MlsError::invalid)
    }
}

/// EncryptWithLabel.
///
/// # Errors
/// If `public` is no key.
pub fn seal_to(public: &[u8], (label, context): (&str, &[u8]), plaintext: &[u8]) -> Result<HpkeCiphertext, MlsError> {
    OpenMlsRustCrypto::default()
        .crypto()
        .hpke_seal(SUITE.hpke_config(), public, &info(label, context), &[], plaintext)
        .map_err(MlsError::invalid)
}

fn info(label: &str, context: &[u8]) -> Vec<u8> {
    let mut info = encode(&VLBytes::new(format!("MLS 1.0 {label}").into_bytes()));
    info.extend(encode(&VLBytes::new(context.to_vec())));
    info
}
