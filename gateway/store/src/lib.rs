#![doc = include_str!("../README.md")]

mod batches;
mod early_values;
mod forgetting;
mod incarnation;
mod keyring;
mod migrate;
pub mod operator;
mod reseal;
mod ring_file;
mod sealed;
mod slices;
mod store;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

pub use forgetting::Rewrapped;
pub use keyring::{KeyId, Keyring, KeyringError, RingError};
pub use reseal::Resealed;
pub use slices::{FileRing, Incarnation, MemoryRing, SliceError, SliceId, SliceRing};
pub use store::{BoxFuture, Keys, Store, StoreError, Transience};
pub use tables::outbox::Lease;
pub use tables::queue_commands::Queued;
pub use tx::Tx;
