//! A ring that ends with the process: for tests, and for tools that open nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::ring::Ring;
use super::{Incarnation, SliceError, SliceId, SliceRing};
use crate::keyring::RingError;

/// A ring in memory.
#[derive(Default)]
pub struct MemoryRing(Mutex<Option<Ring>>);

impl MemoryRing {
    /// A copy of the keys as they are now: what an attacker has who was there.
    pub fn stolen(&self) -> Self {
        Self(Mutex::new(self.ring().clone()))
    }

    fn ring(&self) -> MutexGuard<'_, Option<Ring>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Ring) -> T) -> Result<T, RingError> {
        self.ring().as_mut().map(act).ok_or_else(|| RingError::Missing("the slice ring".into()))
    }
}

impl SliceRing for MemoryRing {
    fn found(&self, incarnation: Incarnation, first: SliceId) -> Result<Incarnation, RingError> {
        Ok(self.ring().get_or_insert_with(|| Ring::new(incarnation, first)).incarnation)
    }

    fn incarnation(&self) -> Result<Option<Incarnation>, RingError> {
        Ok(self.ring().as_ref().map(|ring| ring.incarnation))
    }

    fn rename(&self, incarnation: Incarnation) -> Result<(), RingError> {
        self.with(|ring| ring.incarnation = incarnation)
    }

    fn raise(&self, counter: u64) -> Result<(), RingError> {
        self.with(|ring| ring.incarnation.counter = ring.incarnation.counter.max(counter))
    }

    fn slices(&self) -> Result<Vec<SliceId>, RingError> {
        self.with(|ring| ring.ids())
    }

    fn add(&self) -> Result<SliceId, RingError> {
        self.with(Ring::add)
    }

    fn destroy(&self, slices: &[SliceId]) -> Result<(), RingError> {
        self.with(|ring| ring.destroy(slices))
    }

    fn wrap(&self, slice: SliceId, place: &[u8], key: &[u8]) -> Result<Vec<u8>, SliceError> {
        self.with(|ring| ring.wrap(slice, place, key))?
    }

    fn unwrap(&self, slice: SliceId, place: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SliceError> {
        self.with(|ring| ring.unwrap(slice, place, wrapped))?
    }
}
