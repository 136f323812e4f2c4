//! The engine from outside: groups of real clients, every state stored and loaded on the way.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that fails should say where")]

mod bad_input;
mod crowd;
mod early;
mod epochs;
mod forkable;
mod graph;
#[cfg(feature = "planted-bugs")]
mod kept;
mod lifecycle;
mod mls_rs;
mod nodes;
mod plain;
mod refusals;
mod replay;
mod rfc9420;
mod support;
mod wire;
mod written;
