//! Slices: keys that are there to be destroyed.
//!
//! Deleting a row erases nothing: its bytes stay in pages, logs, replicas and backups. So the secrets of an epoch are
//! sealed under a key of that epoch, which stands in the database wrapped under a *slice key*, which does not. Each
//! period the keys of the epochs that are kept are wrapped anew under a new slice, and the old slice is destroyed: what
//! was not carried over opens nowhere any more, whoever has kept what.
//!
//! A ring also has an incarnation: a name that its database has, too, and a counter that both raise. A database whose
//! counter is behind its ring's is a restored one.

mod file;
mod memory;
mod ring;

use std::fmt;

use zeroize::Zeroizing;

use crate::keyring::RingError;

pub use file::FileRing;
pub use memory::MemoryRing;

/// Names a slice. Numbers grow, and are not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SliceId(pub u32);

impl fmt::Display for SliceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a ring and its database have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incarnation {
    /// Random.
    pub name: [u8; 16],
    /// Goes up at each start and with each slice.
    pub counter: u64,
}

/// Why a wrapped key is not had.
#[derive(Debug, thiserror::Error)]
pub enum SliceError {
    /// The ring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The slice has been destroyed, or is of another ring.
    #[error("slice {0} is not in the slice ring")]
    Unknown(SliceId),
    /// Another key, another place, or tampered with.
    #[error("a key under slice {0} does not open")]
    DoesNotOpen(SliceId),
}

/// Where slice keys live: a file, memory, or a service that does not give them away. All processes of a deployment
/// share one.
pub trait SliceRing: Send + Sync {
    /// Makes a ring of one slice, unless there is one already; gives the incarnation of what is there.
    ///
    /// # Errors
    /// If the ring cannot be read and written.
    fn found(&self, incarnation: Incarnation, first: SliceId) -> Result<Incarnation, RingError>;

    /// The incarnation as it is now, past all caches; none if there is no ring.
    ///
    /// # Errors
    /// If the ring cannot be read.
    fn incarnation(&self) -> Result<Option<Incarnation>, RingError>;

    /// Gives the ring another incarnation.
    ///
    /// # Errors
    /// If the ring cannot be read and written.
    fn rename(&self, incarnation: Incarnation) -> Result<(), RingError>;

    /// Raises the counter, unless it is higher already.
    ///
    /// # Errors
    /// If the ring cannot be read and written.
    fn raise(&self, counter: u64) -> Result<(), RingError>;

    /// The slices as they are now, oldest first. Those that others have destroyed are forgotten here, too.
    ///
    /// # Errors
    /// If the ring cannot be read.
    fn slices(&self) -> Result<Vec<SliceId>, RingError>;

    /// Adds a slice.
    ///
    /// # Errors
    /// If the ring cannot be read and written.
    fn add(&self) -> Result<SliceId, RingError>;

    /// Destroys slices for good; those that are not there are destroyed. The newest one stays, whoever names it.
    ///
    /// # Errors
    /// If the ring cannot be read and written.
    fn destroy(&self, slices: &[SliceId]) -> Result<(), RingError>;

    /// Wraps a key that stands in `place`.
    ///
    /// # Errors
    /// If the slice is not there.
    fn wrap(&self, slice: SliceId, place: &[u8], key: &[u8]) -> Result<Vec<u8>, SliceError>;

    /// Unwraps a key.
    ///
    /// # Errors
    /// If the slice is not there, or the key does not open.
    fn unwrap(&self, slice: SliceId, place: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SliceError>;
}
