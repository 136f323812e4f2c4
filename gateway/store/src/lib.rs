#![doc = include_str!("../README.md")]

mod keyring;
mod migrate;
pub mod operator;
mod store;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

pub use keyring::{Keyring, KeyringError};
pub use store::{BoxFuture, Store, StoreError, Transience};
pub use tables::outbox::Lease;
pub use tables::queue_commands::Queued;
pub use tx::Tx;
