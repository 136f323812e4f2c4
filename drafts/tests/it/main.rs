//! The wire types from outside: vectors, round trips, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that fails should say where")]

mod content_decoding;
mod content_extensions;
mod content_parts;
mod content_vectors;
mod corpus;
mod directory;
mod franking;
mod message_status;
mod participants;
mod protocol_refusals;
mod protocol_round_trips;
mod room_policy;
mod schema_cross_check;
mod support;
mod uris;
