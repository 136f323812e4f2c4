//! Who takes part.

use crate::control::Control;
use crate::matrix::client::MatrixClient;

/// Somebody on Matrix.
pub struct Person {
    /// What the transcript calls them.
    pub name: &'static str,
    /// Their client.
    pub client: MatrixClient,
}

impl Person {
    /// Their Matrix user id.
    pub fn id(&self) -> &str {
        &self.client.user_id
    }
}

/// Somebody at a MIMI provider.
#[derive(Clone)]
pub struct MimiUser {
    /// What the transcript calls them.
    pub name: &'static str,
    /// Their name at the provider.
    pub user: String,
    /// Their URI.
    pub uri: String,
    /// Their Matrix user id.
    pub ghost: String,
    /// Their provider.
    pub control: Control,
}

/// A device of somebody at a MIMI provider.
#[derive(Clone)]
pub struct Device {
    /// What the transcript calls it.
    pub label: String,
    /// `<user>/<device>` at the provider.
    pub id: String,
    /// Whose it is.
    pub owner: MimiUser,
}

impl MimiUser {
    /// One of their devices.
    pub fn device(&self, device: &str) -> Device {
        Device { label: format!("{}/{device}", self.name), id: format!("{}/{device}", self.user), owner: self.clone() }
    }
}
