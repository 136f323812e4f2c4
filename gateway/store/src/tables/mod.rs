//! One file per table.

mod anew;
mod audit;
mod clients;
mod consents;
mod conversations;
pub(crate) mod epoch_keys;
mod epochs;
mod events;
mod extremities;
mod graphs;
mod group_nodes;
mod group_values;
mod inbox;
mod key_packages;
mod losses;
mod messages;
pub(crate) mod outbox;
mod parked;
mod peer_paths;
mod pinned_roots;
mod profiles;
pub(crate) mod queue_commands;
mod retentions;
mod secrets;
mod server_keys;
mod state_maps;
