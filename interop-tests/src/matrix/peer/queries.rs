//! What is told of users.

use serde_json::json;

use super::Peer;
use super::server::{Asked, Reply};

impl Peer {
    /// Users are called as in their ids.
    pub(super) fn give_profile(&self, asked: &Asked) -> Reply {
        let user = asked.one("user_id");
        Ok(json!({ "displayname": user.trim_start_matches('@').split(':').next() }))
    }

    /// They have no devices.
    pub(super) fn give_devices(&self, _: &Asked, user: &str) -> Reply {
        Ok(json!({ "user_id": user, "stream_id": 1, "devices": [] }))
    }
}
