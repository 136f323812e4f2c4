//! The homeserver: its endpoints, and its requests to others.

mod discovery;
mod endpoints;
mod error;
mod extract;
mod federation;
mod gap;
mod keys;
mod parked;
mod receive;
mod requests;
mod visibility;

pub(crate) use endpoints::router;
pub(crate) use federation::{Federation, FederationError};
pub(crate) use keys::ServerKeys;
pub(crate) use parked::{replay_effect, replay_event};
pub(crate) use requests::{decline, invite, invite_state, join};
#[cfg(test)]
pub(crate) use {
    gap::Fetched,
    receive::{Duty, Received, take},
};
