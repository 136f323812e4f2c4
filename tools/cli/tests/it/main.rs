//! `causewayctl` as operators run it: the program itself, on databases that the store filled.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that fails should say where")]

mod admin;
mod commands;
mod configuration;
mod decode;
mod doctor;
mod escape;
mod failures;
mod forked;
mod forks;
mod output;
mod peer;
mod probe;
mod seed;
mod setup;
mod support;
mod verify;
