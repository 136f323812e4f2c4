//! What others want to know of a room's current state.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruma::events::room::server_acl::RoomServerAclEventContent;
use ruma::{OwnedServerName, OwnedUserId, ServerName, UserId};
use serde_json::Value;

use super::Room;
use crate::matrix::Pdu;

/// Creators of v12 rooms are above every level.
const CREATOR_LEVEL: i64 = i64::MAX;

/// The levels that a room demands.
#[derive(Clone, Debug)]
pub struct Thresholds {
    content: Value,
    /// To send a message.
    pub message: i64,
    /// To invite.
    pub invite: i64,
    /// To kick.
    pub kick: i64,
    /// To ban.
    pub ban: i64,
    /// To redact what others sent.
    pub redact: i64,
}

impl Thresholds {
    /// To send a state event of a type.
    pub fn state(&self, event_type: &str) -> i64 {
        let own = self.content.get("events").and_then(|events| events.get(event_type)).and_then(Value::as_i64);
        own.unwrap_or_else(|| self.content.get("state_default").and_then(Value::as_i64).unwrap_or(50))
    }
}

impl Room {
    /// The content of a state event.
    pub fn state_content(&self, event_type: &str, state_key: &str) -> Option<Value> {
        self.state_event(event_type, state_key).map(|event| event.content_value())
    }

    /// A user's membership.
    pub fn membership(&self, user: &UserId) -> Option<String> {
        self.state_event("m.room.member", user.as_str())?.content_str("membership")
    }

    /// A user's display name in this room.
    pub fn display_name(&self, user: &UserId) -> Option<String> {
        self.state_event("m.room.member", user.as_str())?.content_str("displayname")
    }

    /// Who sent a user's invitation: the sender of its membership while invited, or of the invite before its join.
    pub fn inviter_of(&self, user: &UserId) -> Option<OwnedUserId> {
        let mut event = self.state_event("m.room.member", user.as_str())?;
        loop {
            match event.content_str("membership").as_deref() {
                Some("invite") => return Some(event.sender().clone()),
                Some("join") => {}
                _ => return None,
            }
            // A new display name, and a join that was repeated because its answer was lost, rest upon the join before.
            let mut named = event.auth_events().iter().filter_map(|id| self.events.get(id));
            let is_before = |event: &&Arc<Pdu>| event.event_type() == "m.room.member" && event.state_key() == Some(user.as_str());
            event = named.find(is_before)?;
        }
    }

    /// All users that are in the room.
    pub fn joined_users(&self) -> BTreeSet<OwnedUserId> {
        let members = self.current.iter().filter(|((kind, _), _)| kind == "m.room.member");
        let joined = members
            .filter(|(_, id)| self.events.get(*id).and_then(|event| event.content_str("membership")).as_deref() == Some("join"));
        joined.filter_map(|((_, user), _)| UserId::parse(user).ok()).collect()
    }

    /// The homeservers of all users that are in the room.
    pub fn joined_servers(&self) -> BTreeSet<OwnedServerName> {
        self.joined_users().into_iter().map(|user| user.server_name().to_owned()).collect()
    }

    /// Whether a homeserver may read the room.
    pub fn has_server(&self, server: &ServerName) -> bool {
        self.joined_servers().iter().any(|joined| joined == server)
    }

    /// Whether the room's server ACL lets a homeserver take part [Matrix: server access control lists]. A room without
    /// one lets everybody; what in one is of another type than it has to be is as if it were not there.
    pub fn admits(&self, server: &ServerName) -> bool {
        let Some(acl) = self.state_content("m.room.server_acl", "") else { return true };
        let patterns = |key| acl.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let literals = acl.get("allow_ip_literals").and_then(Value::as_bool).unwrap_or(true);
        let [allow, deny] = ["allow", "deny"].map(|key| patterns(key).map(str::to_owned).collect());
        RoomServerAclEventContent::new(literals, allow, deny).is_allowed(server)
    }

    /// The room's name.
    pub fn name(&self) -> Option<String> {
        self.state_content("m.room.name", "")?.get("name")?.as_str().map(str::to_owned)
    }

    /// The join rule; `invite` where none is set.
    pub fn join_rule(&self) -> String {
        let content = self.state_content("m.room.join_rules", "");
        let rule = content.as_ref().and_then(|content| content.get("join_rule")).and_then(Value::as_str);
        rule.unwrap_or("invite").to_owned()
    }

    /// Whether the room is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.state_event("m.room.encryption", "").is_some()
    }

    /// Whether a user is above all power levels.
    pub fn is_creator(&self, user: &UserId) -> bool {
        let Some(create) = self.state_event("m.room.create", "") else { return false };
        if !self.rules.authorization.explicitly_privilege_room_creators {
            return false;
        }
        let content = create.content_value();
        let additional = content.get("additional_creators").and_then(Value::as_array);
        create.sender() == user || additional.is_some_and(|creators| creators.iter().any(|id| id.as_str() == Some(user.as_str())))
    }

    /// A user's power level.
    pub fn power_level(&self, user: &UserId) -> i64 {
        if self.is_creator(user) {
            return CREATOR_LEVEL;
        }
        match self.state_content("m.room.power_levels", "") {
            Some(content) => {
                let own = content.get("users").and_then(|users| users.get(user.as_str())).and_then(Value::as_i64);
                own.unwrap_or_else(|| self.default_power_level())
            }
            // Without power levels the creator has 100.
            None => match self.state_event("m.room.create", "") {
                Some(create) if create.sender() == user => 100,
                _ => 0,
            },
        }
    }

    /// The power level of users that have none of their own.
    pub fn default_power_level(&self) -> i64 {
        let content = self.state_content("m.room.power_levels", "");
        content.and_then(|content| content.get("users_default").and_then(Value::as_i64)).unwrap_or(0)
    }

    /// The levels that the room demands.
    pub fn thresholds(&self) -> Thresholds {
        let content = self.state_content("m.room.power_levels", "").unwrap_or_default();
        let level = |key: &str, default: i64| content.get(key).and_then(Value::as_i64).unwrap_or(default);
        let events = content.get("events").and_then(|events| events.get("m.room.message")).and_then(Value::as_i64);
        Thresholds {
            message: events.unwrap_or_else(|| level("events_default", 0)),
            invite: level("invite", 0),
            kick: level("kick", 50),
            ban: level("ban", 50),
            redact: level("redact", 50),
            content,
        }
    }

    /// Whether a user's level suffices for a state event.
    pub fn may_send_state(&self, user: &UserId, event_type: &str) -> bool {
        self.power_level(user) >= self.thresholds().state(event_type)
    }

    /// Whether a user's level suffices to invite.
    pub fn may_invite(&self, user: &UserId) -> bool {
        self.power_level(user) >= self.thresholds().invite
    }
}
