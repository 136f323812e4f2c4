//! The wire types from outside: vectors, round trips, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that fails should say where")]

mod arbitrary;
mod arbitrary_bodies;
mod content_decoding;
mod content_extensions;
mod content_parts;
mod content_vectors;
mod corpus;
mod directory;
mod documented;
mod franking;
mod message_status;
mod numbers;
mod participants;
mod policy_components;
mod protocol_refusals;
mod protocol_round_trips;
mod queries_and_reports;
mod room_policy;
mod samples;
mod schema_cross_check;
mod strictness;
mod support;
mod uris;
mod vectors;
