//! Failures that the simulation has found, as few steps as they take, and a few seeds of each kind.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod graph;
mod openmls;
mod room;
/// Those of the core's tests.
#[path = "../../../../gateway/core/tests/it/support/rooms.rs"]
#[allow(dead_code, reason = "what only those need")]
mod servers;
