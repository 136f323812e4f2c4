//! What homeservers send.

mod answers;
mod auth;
mod events;
mod history;
mod keys;
mod membership;
mod requests;
