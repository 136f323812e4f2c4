//! What homeservers send.

mod auth;
mod events;
mod history;
mod keys;
mod membership;
mod requests;
