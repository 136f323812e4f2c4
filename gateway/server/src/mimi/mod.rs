//! The MIMI provider: its endpoints, and its requests to other providers.

mod endpoints;
mod error;
mod identity;
mod providers;

pub(crate) use endpoints::router;
pub(crate) use providers::{ProviderError, Providers, Target};
