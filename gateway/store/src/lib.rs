#![doc = include_str!("../README.md")]

mod keyring;
mod migrate;
pub mod operator;
mod reseal;
mod sealed;
mod store;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

pub use keyring::{KeyId, Keyring, KeyringError, RingError};
pub use reseal::Resealed;
pub use store::{BoxFuture, Store, StoreError, Transience};
pub use tables::outbox::Lease;
pub use tables::queue_commands::Queued;
pub use tx::Tx;
