//! Sealing: what is secret in a row is encrypted under a key that is not in the database.
//!
//! A sealed value is `magic ‖ key id ‖ salt ‖ nonce ‖ ciphertext ‖ tag`. Each value has a key of its own, derived from the
//! ring's key and the salt, so that no number of values wears a key out. What is authenticated beside the ciphertext:
//! the key id, and the value's place (table, row, column).
//!
//! A ring holds several keys: the newest seals, the others only open what has not been sealed anew yet. Values of the
//! first format, from before there were rings, are `nonce ‖ ciphertext ‖ tag` under key 1; the tag tells them apart from
//! the others even where a nonce happens to begin like the magic.

mod file;
mod key;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

pub use file::RingError;
pub(crate) use file::new_key;
pub(crate) use key::SealingKey;

/// What values begin with, in all formats but the first.
pub(crate) const MAGIC: [u8; 4] = *b"cws\x02";
/// What values under an epoch's key begin with; which epoch, their row says.
pub(crate) const EPOCH_MAGIC: [u8; 4] = *b"cwe\x01";
/// Magic and key id.
pub(crate) const HEADER: usize = MAGIC.len() + 4;

/// Names a key of the ring. The first one is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

impl KeyId {
    /// The first key, under which values of the first format are.
    pub const FIRST: Self = Self(1);
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Why something does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Another key, another place, or tampered with.
    #[error("a sealed value does not open: another master key, or a row that was moved or altered")]
    DoesNotOpen,
    /// A key that the ring has not got.
    #[error("a sealed value is under key {0}, which is not in the key ring")]
    UnknownKey(KeyId),
}

/// Where a sealed value stands. A value moved to another place does not open there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'a str,
    pub(crate) row: &'a [u8],
    pub(crate) column: &'a str,
}

type Keys = BTreeMap<KeyId, SealingKey>;

/// Holds the keys. Clones share them.
#[derive(Clone)]
pub struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    keys: RwLock<Arc<Keys>>,
    /// Where the ring is read from again.
    file: RwLock<Option<PathBuf>>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// A ring of one key, in memory only.
    pub fn new(master: &Zeroizing<[u8; 32]>) -> Self {
        Self::of(BTreeMap::from([(KeyId::FIRST, SealingKey::new(master.clone()))]), None)
    }

    /// A ring of one new key, in memory until [`Self::persist`].
    pub fn generate() -> Self {
        Self::new(&file::new_key())
    }

    /// For readers: opens nothing.
    pub(crate) fn without_master_key() -> Self {
        Self::generate()
    }

    /// Reads a ring. None if there is no such file.
    ///
    /// # Errors
    /// If the file is unreadable, no ring, or open to others.
    pub fn read(path: &Path) -> Result<Option<Self>, RingError> {
        Ok(file::read(path)?.map(|keys| Self::of(sealing_keys(keys), Some(path.to_owned()))))
    }

    /// Writes a ring of one new key to its file. If another process was quicker, its ring becomes this one, so nothing
    /// may have been sealed before.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn persist(&self, path: &Path) -> Result<(), RingError> {
        let keys = self.keys();
        let keys = keys.iter().map(|(id, key)| (*id, key.master().clone())).collect();
        let kept = file::create(path, keys)?;
        self.replace(sealing_keys(kept));
        *self.shared.file.write().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
        Ok(())
    }

    /// Appends a new key to a ring's file; gives its id. Processes that run notice by themselves.
    ///
    /// # Errors
    /// If the file cannot be read and written.
    pub fn rotate(path: &Path) -> Result<KeyId, RingError> {
        file::append(path)
    }

    /// Reads the ring's file again; whether it has changed. A ring without a file never does.
    ///
    /// # Errors
    /// If the file is unreadable: the ring stays as it was.
    pub fn refresh(&self) -> Result<bool, RingError> {
        let path = self.shared.file.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(path) = path else { return Ok(false) };
        let Some(keys) = file::read(&path)? else { return Err(RingError::Missing(path)) };
        let known: Vec<KeyId> = self.keys().keys().copied().collect();
        if known.iter().eq(keys.keys()) {
            return Ok(false);
        }
        self.replace(sealing_keys(keys));
        Ok(true)
    }

    /// The key that seals.
    pub fn active(&self) -> KeyId {
        self.keys().last_key_value().map_or(KeyId::FIRST, |(id, _)| *id)
    }

    /// All keys of the ring, oldest first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys().keys().copied().collect()
    }

    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let keys = self.keys();
        match keys.last_key_value() {
            Some((id, key)) => [&header(*id)[..], &key.seal((&header(*id), place), plain)].concat(),
            // A ring is never empty: it is made with a key, and its file is not read without one.
            None => Vec::new(),
        }
    }

    /// Opens a value. Where a value of the first format was bound to another row, that is `first_row`.
    pub(crate) fn open(&self, place: Place<'_>, first_row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let opened = self.open_with_ring(place, first_row, sealed);
        match opened {
            // Another process may have rotated: then the file has the key by now.
            Err(KeyringError::UnknownKey(_)) if self.refresh().unwrap_or(false) => self.open_with_ring(place, first_row, sealed),
            other => other,
        }
    }

    fn open_with_ring(&self, place: Place<'_>, first_row: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyringError> {
        let keys = self.keys();
        let named = key_id(sealed);
        let opened = named.and_then(|id| keys.get(&id)?.open((&header(id), place), &sealed[HEADER..]));
        let first = || keys.get(&KeyId::FIRST)?.open_first_format(Place { row: first_row, ..place }, sealed);
        let unknown = named.filter(|id| !keys.contains_key(id)).map(KeyringError::UnknownKey);
        opened.or_else(first).ok_or(unknown.unwrap_or(KeyringError::DoesNotOpen))
    }

    fn of(keys: Keys, file: Option<PathBuf>) -> Self {
        Self { shared: Arc::new(Shared { keys: RwLock::new(Arc::new(keys)), file: RwLock::new(file) }) }
    }

    fn keys(&self) -> Arc<Keys> {
        self.shared.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, keys: Keys) {
        *self.shared.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

fn sealing_keys(keys: file::RingKeys) -> Keys {
    keys.into_iter().map(|(id, key)| (id, SealingKey::new(key))).collect()
}

/// What values under a key begin with.
pub(crate) fn header(id: KeyId) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..MAGIC.len()].copy_from_slice(&MAGIC);
    header[MAGIC.len()..].copy_from_slice(&id.0.to_be_bytes());
    header
}

/// The key that a value names; none for the first format.
fn key_id(sealed: &[u8]) -> Option<KeyId> {
    let id = sealed.strip_prefix(&MAGIC)?.first_chunk()?;
    Some(KeyId(u32::from_be_bytes(*id)))
}
