//! The store from outside, every test on both databases.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that fails should say where")]

mod audit;
mod conversations;
mod epochs;
mod forgetting;
mod group_values;
mod inbox;
mod incarnation;
mod key_packages;
mod operator;
mod outbox;
mod parked;
mod recovery;
mod rooms;
mod rotation;
mod schema;
mod sealing;
mod small_tables;
mod support;
mod transactions;
