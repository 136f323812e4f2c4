//! Cryptography that MIMI adds to MLS: labelled signatures and encryption [RFC 9420 §5.1].

use causeway_drafts::encode;
use openmls::prelude::{Ciphersuite, HpkeCiphertext, SignatureScheme};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use tls_codec::VLBytes;

use super::error::{Error, Result};

/// The ciphersuite of every room here (G-67).
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// Its number.
pub(crate) const SUITE_NUMBER: u16 = 0x0001;

/// A key pair for one answer to `groupInfo`.
pub(crate) struct AnswerKey {
    private: Vec<u8>,
    /// The public half.
    pub(crate) public: Vec<u8>,
}

impl AnswerKey {
    /// A fresh one.
    ///
    /// # Errors
    /// If there is no randomness.
    pub(crate) fn generate() -> Result<Self> {
        let provider = OpenMlsRustCrypto::default();
        let seed = provider.rand().random_vec(32).map_err(Error::internal)?;
        let pair = provider.crypto().derive_hpke_keypair(SUITE.hpke_config(), &seed).map_err(Error::internal)?;
        Ok(Self { private: pair.private.to_vec(), public: pair.public })
    }

    /// DecryptWithLabel.
    ///
    /// # Errors
    /// If the ciphertext was made for another key, label or context.
    pub(crate) fn open(&self, label: &str, context: &[u8], ciphertext: &HpkeCiphertext) -> Result<Vec<u8>> {
        OpenMlsRustCrypto::default()
            .crypto()
            .hpke_open(SUITE.hpke_config(), ciphertext, &self.private, &labelled(label, context), &[])
            .map_err(|error| Error::Unreachable(format!("P-077: the answer does not decrypt: {error}")))
    }
}

/// EncryptWithLabel.
///
/// # Errors
/// If `public` is no key.
pub(crate) fn encrypt_with_label(public: &[u8], label: &str, context: &[u8], plaintext: &[u8]) -> Result<HpkeCiphertext> {
    OpenMlsRustCrypto::default()
        .crypto()
        .hpke_seal(SUITE.hpke_config(), public, &labelled(label, context), &[], plaintext)
        .map_err(Error::malformed)
}

fn labelled(label: &str, context: &[u8]) -> Vec<u8> {
    let mut info = encode(&VLBytes::new(format!("MLS 1.0 {label}").into_bytes()));
    info.extend(encode(&VLBytes::new(context.to_vec())));
    info
}

/// Whether an Ed25519 signature over a SignContent verifies.
pub(crate) fn verifies(key: &[u8], content: &[u8], signature: &[u8]) -> bool {
    OpenMlsRustCrypto::default().crypto().verify_signature(SignatureScheme::ED25519, content, key, signature).is_ok()
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}
