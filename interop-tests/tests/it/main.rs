//! Integration tests.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod provider;
