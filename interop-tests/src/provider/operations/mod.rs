//! What users do: each operation returns when the hub has accepted it, or its refusal.

mod commit;
mod consent;
mod membership;
mod messages;
mod rooms;

use std::time::Duration;

use causeway_drafts::mimi_uri::{ClientUri, UriError, UserUri};

use super::Provider;
use super::device::Device;
use super::error::{Error, Result};

/// So often an operation is tried again when the hub has moved on.
const ATTEMPTS: usize = 8;
/// So long a device waits for what the hub fans out.
const PATIENCE: Duration = Duration::from_secs(3);
/// So long proposals wait for the hub's own client to commit them.
const COMMIT_PATIENCE: Duration = Duration::from_millis(1500);

impl Provider {
    /// A new user, or more devices of one.
    ///
    /// # Errors
    /// If a name is unusable.
    pub(crate) fn add_devices(&self, user: &str, devices: &[String]) -> Result<(UserUri, Vec<ClientUri>)> {
        let unusable = |error: UriError| Error::BadRequest(error.to_string());
        let user = UserUri::checked(&self.domain, user).map_err(unusable)?;
        let names = devices.iter().map(|device| ClientUri::checked(&user, device).map_err(unusable));
        let clients = names.collect::<Result<Vec<_>>>()?;
        self.with(|state| {
            for client in &clients {
                if !state.devices.contains_key(client) {
                    let identity = state.authority.issue_client(client)?;
                    state.devices.insert(client.clone(), Device::new(client.clone(), identity));
                }
            }
            state.users.entry(user.clone()).or_default().extend(clients.iter().cloned());
            Ok((user, clients))
        })
    }
}
