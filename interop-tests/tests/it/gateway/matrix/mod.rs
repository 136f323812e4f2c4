//! What homeservers send.

mod acl;
mod auth;
mod crowds;
mod events;
mod history;
mod keys;
mod membership;
mod requests;
