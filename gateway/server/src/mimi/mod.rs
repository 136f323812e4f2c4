//! The MIMI provider: its endpoints, and its requests to other providers.

mod endpoints;
mod error;
mod identity;
mod providers;

#[cfg(test)]
pub(crate) use endpoints::receive_fanout;
pub(crate) use endpoints::{digest, replay_fanout, router};
pub(crate) use providers::{ProviderError, Providers, Target};
