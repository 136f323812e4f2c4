//! Randomness that follows from a seed, so that a run of the simulation is the same each time.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey;
use openmls::prelude::Lifetime;
use openmls_rust_crypto::{RandError, RustCrypto};
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKeyPair, KemOutput,
    SignatureScheme,
};
use sha2::{Digest, Sha256};
use tls_codec::SecretVLBytes;

/// A KeyPackage of a seeded run begins and ends at a multiple of this, seconds, so that it is the same each time.
const PERIOD: u64 = 60 * 24 * 3600;
/// As long as openmls lets a leaf live.
const LONGEST: u64 = 84 * 24 * 3600;

thread_local! {
    static CHANCE: RefCell<Option<Chance>> = const { RefCell::new(None) };
}

/// Octets that follow from a seed: SHA-256 of it and a counter.
struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(32) {
            self.drawn += 1;
            let block = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.drawn.to_be_bytes()).finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// From now on, whatever MLS draws at random in this thread follows from a seed, or is random again.
pub fn seed(seed: Option<u64>) {
    CHANCE.set(seed.map(|seed| Chance { seed, drawn: 0 }));
}

/// So many octets, if a seed is set.
fn drawn<const N: usize>() -> Option<[u8; N]> {
    let mut octets = [0; N];
    CHANCE.with_borrow_mut(|chance| chance.as_mut().map(|chance| chance.fill(&mut octets)))?;
    Some(octets)
}

/// The lifetime of a leaf that is made now, and lives so many seconds; in a seeded run, as long as a leaf may.
pub(crate) fn lifetime(seconds: u64) -> Lifetime {
    let is_seeded = CHANCE.with_borrow(Option::is_some);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let begin = now - now % PERIOD;
    if is_seeded { Lifetime::init(begin, begin + LONGEST) } else { Lifetime::new(seconds) }
}

/// RustCrypto, but for what is random.
#[derive(Debug)]
pub struct Seeded {
    rust_crypto: RustCrypto,
    /// Ephemeral keys follow from it, since openmls seals in several threads at once.
    ephemeral: Option<[u8; 32]>,
}

impl Default for Seeded {
    fn default() -> Self {
        Self { rust_crypto: RustCrypto::default(), ephemeral: drawn() }
    }
}

impl Seeded {
    /// The ephemeral key that something is sealed with, if a seed was set.
    fn ephemeral(&self, receiver: &[u8], info: &[u8], plaintext: &[u8]) -> Option<[u8; 32]> {
        let hash = Sha256::new().chain_update(self.ephemeral?).chain_update(receiver).chain_update(info).chain_update(plaintext);
        Some(hash.finalize().into())
    }
}

impl OpenMlsRand for Seeded {
    type Error = RandError;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], RandError> {
        drawn().map_or_else(|| self.rust_crypto.random_array(), Ok)
    }

    fn random_vec(&self, length: usize) -> Result<Vec<u8>, RandError> {
        let mut octets = vec![0; length];
        let seeded = CHANCE.with_borrow_mut(|chance| chance.as_mut().map(|chance| chance.fill(&mut octets)));
        if seeded.is_some() { Ok(octets) } else { self.rust_crypto.random_vec(length) }
    }
}

/// HPKE in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM [RFC 9180 §5.1.1], with an ephemeral key
/// that is given.
struct Sender<'a> {
    crypto: &'a RustCrypto,
    kem_output: Vec<u8>,
    secret: SecretVLBytes,
    context: Vec<u8>,
}

const KEM: &[u8] = b"KEM\x00\x20";
const HPKE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x01";

impl<'a> Sender<'a> {
    fn new(crypto: &'a RustCrypto, ephemeral: [u8; 32], receiver: &[u8], info: &[u8]) -> Result<Self, CryptoError> {
        let receiver: [u8; 32] = receiver.try_into().map_err(|_| CryptoError::InvalidLength)?;
        let ephemeral = x25519_dalek::StaticSecret::from(ephemeral);
        let kem_output = x25519_dalek::PublicKey::from(&ephemeral).as_bytes().to_vec();
        let shared = ephemeral.diffie_hellman(&receiver.into());
        let extracted = extract(crypto, KEM, &[], b"eae_prk", shared.as_bytes())?;
        let kem_context = [kem_output.as_slice(), &receiver].concat();
        let shared = expand(crypto, KEM, extracted.as_slice(), b"shared_secret", &kem_context, 32)?;
        let no_psk = extract(crypto, HPKE, &[], b"psk_id_hash", &[])?;
        let info = extract(crypto, HPKE, &[], b"info_hash", info)?;
        let context = [&[0], no_psk.as_slice(), info.as_slice()].concat();
        let secret = extract(crypto, HPKE, shared.as_slice(), b"secret", &[])?;
        Ok(Self { crypto, kem_output, secret, context })
    }

    fn derive(&self, label: &[u8], length: usize) -> Result<SecretVLBytes, CryptoError> {
        expand(self.crypto, HPKE, self.secret.as_slice(), label, &self.context, length)
    }

    fn seal(self, aad: &[u8], plaintext: &[u8]) -> Result<HpkeCiphertext, CryptoError> {
        let (key, nonce) = (self.derive(b"key", 16)?, self.derive(b"base_nonce", 12)?);
        let sealed = self.crypto.aead_encrypt(AeadType::Aes128Gcm, key.as_slice(), plaintext, nonce.as_slice(), aad)?;
        Ok(HpkeCiphertext { kem_output: self.kem_output.into(), ciphertext: sealed.into() })
    }

    fn export(self, context: &[u8], length: usize) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let exporter = self.derive(b"exp", 32)?;
        let exported = expand(self.crypto, HPKE, exporter.as_slice(), b"sec", context, length)?;
        Ok((self.kem_output, exported.as_slice().to_vec().into()))
    }
}

fn extract(crypto: &RustCrypto, suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
    crypto.hkdf_extract(HashType::Sha2_256, salt, &[b"HPKE-v1", suite, label, ikm].concat())
}

fn expand(
    crypto: &RustCrypto,
    suite: &[u8],
    secret: &[u8],
    label: &[u8],
    info: &[u8],
    length: usize,
) -> Result<SecretVLBytes, CryptoError> {
    let octets = (length as u16).to_be_bytes();
    crypto.hkdf_expand(HashType::Sha2_256, secret, &[&octets, &b"HPKE-v1"[..], suite, label, info].concat(), length)
}

impl OpenMlsCrypto for Seeded {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        self.rust_crypto.supports(ciphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.rust_crypto.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash_type: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.rust_crypto.hkdf_extract(hash_type, salt, ikm)
    }

    fn hmac(&self, hash_type: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.rust_crypto.hmac(hash_type, key, message)
    }

    fn hkdf_expand(&self, hash_type: HashType, prk: &[u8], info: &[u8], len: usize) -> Result<SecretVLBytes, CryptoError> {
        self.rust_crypto.hkdf_expand(hash_type, prk, info, len)
    }

    fn hash(&self, hash_type: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.rust_crypto.hash(hash_type, data)
    }

    fn aead_encrypt(&self, alg: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.rust_crypto.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(&self, alg: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.rust_crypto.aead_decrypt(alg, key, data, nonce, aad)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        match drawn::<32>() {
            Some(private) if alg == SignatureScheme::ED25519 => {
                let key = SigningKey::from_bytes(&private);
                Ok((private.to_vec(), key.verifying_key().to_bytes().to_vec()))
            }
            _ => self.rust_crypto.signature_key_gen(alg),
        }
    }

    fn verify_signature(&self, alg: SignatureScheme, data: &[u8], key: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        self.rust_crypto.verify_signature(alg, data, key, signature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.rust_crypto.sign(alg, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        receiver: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        match self.ephemeral(receiver, info, plaintext) {
            Some(ephemeral) => Sender::new(&self.rust_crypto, ephemeral, receiver, info)?.seal(aad, plaintext),
            None => self.rust_crypto.hpke_seal(config, receiver, info, aad, plaintext),
        }
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.rust_crypto.hpke_open(config, input, key, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        receiver: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        match self.ephemeral(receiver, info, context) {
            Some(ephemeral) => Sender::new(&self.rust_crypto, ephemeral, receiver, info)?.export(context, length),
            None => self.rust_crypto.hpke_setup_sender_and_export(config, receiver, info, context, length),
        }
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        encapsulated: &[u8],
        key: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        self.rust_crypto.hpke_setup_receiver_and_export(config, encapsulated, key, info, context, length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        self.rust_crypto.derive_hpke_keypair(config, ikm)
    }
}
