//! The core from outside: identities, translation, Matrix rooms, and whole conversations, without a network.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test that fails should say where")]

mod codes;
mod conversation_attacks;
mod conversation_bans;
mod conversation_changes;
mod conversation_consent;
mod conversation_crafted;
mod conversation_hardening;
mod conversation_hub_again;
mod conversation_late_peers;
mod conversation_leaderless;
mod conversation_life;
mod conversation_lost_answers;
mod conversation_lurkers;
mod conversation_matrix_order;
mod conversation_news;
mod conversation_peers_room;
mod conversation_plain;
mod conversation_races;
mod conversation_random;
mod conversation_recovery;
mod conversation_refusals;
mod conversation_resync;
mod conversation_retention;
mod hostile_html;
mod identity;
mod identity_properties;
mod markup;
mod matrix_to_mimi;
mod mimi_to_matrix;
mod peers_room_parts;
mod room_events;
mod room_forks;
mod room_joins;
mod room_signatures;
mod support;
