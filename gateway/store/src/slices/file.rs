//! A ring in a file beside the database, which no backup of the database has in it.
//!
//! A file is never changed in place: a new one is written beside it and renamed. What was in the old one is overwritten
//! then, as well as the file system lets one: on one that copies on write, or on flash, old bytes live on for a while.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

use super::ring::Ring;
use super::{Incarnation, SliceError, SliceId, SliceRing};
use crate::keyring::RingError;
use crate::ring_file::{self, Residue};

const NOTE: &str = "# Causeway's slice keys, which are destroyed one after the other. Keep no copy: that is what they are for.\n";

/// A ring in a file. What is read once is kept, and read again where a slice is missing.
pub struct FileRing {
    path: PathBuf,
    kept: RwLock<Option<Ring>>,
}

impl FileRing {
    /// A ring in a file that is there, or will be made.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), kept: RwLock::new(None) }
    }

    /// Processes with data directories of their own may share a ring by links.
    fn place(&self) -> PathBuf {
        self.path.canonicalize().unwrap_or_else(|_| self.path.clone())
    }

    fn read(&self) -> Result<Option<Ring>, RingError> {
        let _lock = ring_file::lock_shared(&self.place());
        let ring = self.parse()?;
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = ring.clone();
        Ok(ring)
    }

    fn parse(&self) -> Result<Option<Ring>, RingError> {
        let Some(text) = ring_file::read(&self.path)? else { return Ok(None) };
        let malformed = |(line, why)| RingError::Malformed { path: self.path.clone(), line, why };
        Ring::parse(&text).map(Some).map_err(malformed)
    }

    fn missing(&self) -> RingError {
        RingError::Missing(self.path.clone())
    }

    /// Under the lock: what is there, changed, and written unless it is the same.
    fn change<T>(&self, change: impl FnOnce(&mut Ring) -> T) -> Result<T, RingError> {
        let _lock = ring_file::lock(&self.place())?;
        let mut ring = self.parse()?.ok_or_else(|| self.missing())?;
        let before = ring.render();
        let value = change(&mut ring);
        if *ring.render() != *before {
            self.write(&ring)?;
        }
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(ring);
        Ok(value)
    }

    fn write(&self, ring: &Ring) -> Result<(), RingError> {
        let mut text = Zeroizing::new(NOTE.to_owned());
        text.push_str(&ring.render());
        ring_file::replace(&self.place(), &text, Residue::Overwritten)
    }

    /// With what is kept; with what the file has now, if a slice is missing.
    fn with<T>(&self, act: impl Fn(&Ring) -> Result<T, SliceError>) -> Result<T, SliceError> {
        if let Some(ring) = &*self.kept.read().unwrap_or_else(PoisonError::into_inner) {
            match act(ring) {
                Err(SliceError::Unknown(_)) => {}
                done => return done,
            }
        }
        act(&self.read()?.ok_or_else(|| self.missing())?)
    }
}

impl SliceRing for FileRing {
    fn found(&self, incarnation: Incarnation, first: SliceId) -> Result<Incarnation, RingError> {
        let _lock = ring_file::lock(&self.place())?;
        let ring = match self.parse()? {
            Some(ring) => ring,
            None => {
                let ring = Ring::new(incarnation, first);
                self.write(&ring)?;
                ring
            }
        };
        let incarnation = ring.incarnation;
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(ring);
        Ok(incarnation)
    }

    fn incarnation(&self) -> Result<Option<Incarnation>, RingError> {
        Ok(self.read()?.map(|ring| ring.incarnation))
    }

    fn rename(&self, incarnation: Incarnation) -> Result<(), RingError> {
        self.change(|ring| ring.incarnation = incarnation)
    }

    fn raise(&self, counter: u64) -> Result<(), RingError> {
        self.change(|ring| ring.incarnation.counter = ring.incarnation.counter.max(counter))
    }

    fn slices(&self) -> Result<Vec<SliceId>, RingError> {
        Ok(self.read()?.ok_or_else(|| self.missing())?.ids())
    }

    fn add(&self) -> Result<SliceId, RingError> {
        self.change(Ring::add)
    }

    fn destroy(&self, slices: &[SliceId]) -> Result<(), RingError> {
        self.change(|ring| ring.destroy(slices))
    }

    fn wrap(&self, slice: SliceId, place: &[u8], key: &[u8]) -> Result<Vec<u8>, SliceError> {
        self.with(|ring| ring.wrap(slice, place, key))
    }

    fn unwrap(&self, slice: SliceId, place: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SliceError> {
        self.with(|ring| ring.unwrap(slice, place, wrapped))
    }
}
