//! One key: AES-256-GCM under a key derived for each value.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Place;

const SALT: usize = 16;
const NONCE: usize = 12;

/// What a value is bound to: what stands before it, and its place.
type Bound<'a> = (&'a [u8], Place<'a>);

#[derive(Clone)]
pub(crate) struct SealingKey {
    master: Zeroizing<[u8; 32]>,
}

impl SealingKey {
    pub(crate) fn new(master: Zeroizing<[u8; 32]>) -> Self {
        Self { master }
    }

    pub(crate) fn master(&self) -> &Zeroizing<[u8; 32]> {
        &self.master
    }

    /// `salt ‖ nonce ‖ ciphertext ‖ tag`
    pub(crate) fn seal(&self, bound: Bound<'_>, plain: &[u8]) -> Vec<u8> {
        let mut random = [0; SALT + NONCE];
        rand::rng().fill_bytes(&mut random);
        let (salt, nonce) = random.split_at(SALT);
        let payload = Payload { msg: plain, aad: &associated_data(bound) };
        let sealed = self.derived(salt).encrypt(Nonce::from_slice(nonce), payload).expect("AES-GCM seals any row-sized value");
        [&random[..], &sealed].concat()
    }

    pub(crate) fn open(&self, bound: Bound<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_at_checked(SALT)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        let payload = Payload { msg: sealed, aad: &associated_data(bound) };
        self.derived(salt).decrypt(Nonce::from_slice(nonce), payload).ok()
    }

    /// `nonce ‖ ciphertext ‖ tag`, under the key itself.
    pub(crate) fn open_first_format(&self, place: Place<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let mut data = format!("causeway/1 {}.{} ", place.table, place.column).into_bytes();
        data.extend_from_slice(place.row);
        let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(self.master.as_slice()));
        cipher.decrypt(Nonce::from_slice(nonce), Payload { msg: sealed, aad: &data }).ok()
    }

    fn derived(&self, salt: &[u8]) -> Aes256Gcm {
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(self.master.as_slice()).expect("HMAC takes keys of any length");
        let key =
            Zeroizing::new(<[u8; 32]>::from(mac.chain_update(b"causeway/2 value key").chain_update(salt).finalize().into_bytes()));
        Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key.as_slice()))
    }
}

/// Tables and columns are words of ours; only the row, which ends it, is anybody's bytes.
fn associated_data((header, place): Bound<'_>) -> Vec<u8> {
    let mut data = header.to_vec();
    data.extend_from_slice(format!("causeway/2 {}.{} ", place.table, place.column).as_bytes());
    data.extend_from_slice(place.row);
    data
}
