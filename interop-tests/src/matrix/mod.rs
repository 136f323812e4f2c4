//! The Matrix side: homeservers, and what their users' clients do and see.

pub mod client;
pub mod peer;
pub mod synapse;
pub mod sync;
