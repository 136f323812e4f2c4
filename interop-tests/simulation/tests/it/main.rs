//! Failures that the simulation has found, as few steps as they take, and a few seeds of each kind.
#![allow(missing_docs, clippy::panic, reason = "a test that fails should say where")]

mod graph;
mod openmls;
