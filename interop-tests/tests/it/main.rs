//! Tests against real software.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod bench;
mod crash;
mod database;
mod fork;
mod gateway;
mod homeservers;
mod postgres;
mod provider;
mod providers;
mod scenarios;
mod secrecy;
mod support;
