//! What homeservers send.

mod acl;
mod answers;
mod auth;
mod crowds;
mod events;
mod history;
mod keys;
mod membership;
mod peers_room;
mod requests;
