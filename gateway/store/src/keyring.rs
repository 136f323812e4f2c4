//! Sealing: what is secret in a row is encrypted under a key that is not in the database.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use rand::RngCore;
use zeroize::Zeroizing;

const NONCE: usize = 12;

/// Why something does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Another key, another place, or tampered with.
    #[error("a sealed value does not open: another master key, or a row that was moved or altered")]
    DoesNotOpen,
}

/// Where a sealed value stands. A value moved to another place does not open there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'a str,
    pub(crate) row: &'a [u8],
    pub(crate) column: &'a str,
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = format!("causeway/1 {}.{} ", self.table, self.column).into_bytes();
        data.extend_from_slice(self.row);
        data
    }
}

/// Holds the master key. AES-256-GCM, a random nonce before each ciphertext.
#[derive(Clone)]
pub struct Keyring {
    cipher: Aes256Gcm,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// From a master key.
    pub fn new(master: &Zeroizing<[u8; 32]>) -> Self {
        Self { cipher: Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(master.as_slice())) }
    }

    /// For readers: opens nothing.
    pub(crate) fn without_master_key() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(key.as_mut_slice());
        Self::new(&key)
    }

    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: &place.associated_data() };
        let sealed = self.cipher.encrypt(Nonce::from_slice(&nonce), payload).expect("AES-GCM seals any row-sized value");
        [nonce.as_slice(), &sealed].concat()
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(KeyringError::DoesNotOpen)?;
        let payload = Payload { msg: sealed, aad: &place.associated_data() };
        self.cipher.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| KeyringError::DoesNotOpen)
    }
}
