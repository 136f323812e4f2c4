//! The program as its operator meets it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot unwrap has failed")]

mod admin;
mod configuration;
mod operations;
mod process;
mod reload;
mod stop;
mod support;
mod tls;
