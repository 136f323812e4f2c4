//! A value that is replaced while it is used: whoever holds the old one keeps it.

use std::sync::{Arc, PoisonError, RwLock};

/// The value as it is now.
pub(crate) struct Live<T>(RwLock<Arc<T>>);

impl<T> Live<T> {
    /// The first value.
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(RwLock::new(value))
    }

    /// As it is now.
    pub(crate) fn current(&self) -> Arc<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on another.
    pub(crate) fn replace(&self, value: Arc<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value;
    }
}
