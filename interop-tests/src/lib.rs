//! Tests of the gateway against independent peers: the reference MIMI provider, scenarios, and what they need.

pub mod certificates;
pub mod provider;
