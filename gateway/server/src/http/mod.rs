//! HTTPS in both directions, the same for both federations.

mod body;
mod client;
mod crowd;
mod listener;
mod live;
mod metered;
mod outflow;
mod tls;

pub(crate) use body::{BodyError, read_body};
pub(crate) use client::{Endpoint, HttpError, Pool, Response};
pub(crate) use listener::{Connection, Listener, Serving};
pub(crate) use live::Live;
pub(crate) use tls::{Credentials, Roots, certified_domains, client_config, mutual_server_config, server_config};
