//! The component `chat_history_policy` [mimi-room-policy-04 §6.6]: what those who come later may be given.

use super::roles_list::{BANNED, NO_ROLE, RolesList};
use crate::structure::{choice, octet, structure};

/// HistoryPolicy (§6.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryPolicy {
    /// As the client likes.
    Optional(HistorySharing),
    /// Always.
    Required(HistorySharing),
    /// Never.
    Forbidden,
}

/// Who may share how much (§6.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistorySharing {
    /// Roles whose holders may.
    pub roles_that_can_share: Vec<u32>,
    /// Without anybody asking for it.
    pub automatically_share: bool,
    /// The last so many seconds.
    pub max_time_period: u32,
}

/// HistoryPolicyUpdate (§6.6).
pub type HistoryPolicyUpdate = HistoryPolicy;

choice!(HistoryPolicy as "history_sharing" { 0 => Optional(sharing[flat]), 1 => Required(sharing[flat]), 2 => Forbidden });
structure!(HistorySharing { roles_that_can_share[], automatically_share[octet], max_time_period });

impl HistoryPolicy {
    /// Whether the policy can stand beside the roles.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self, roles: &RolesList) -> Result<(), &'static str> {
        let (Self::Optional(sharing) | Self::Required(sharing)) = self else { return Ok(()) };
        let may_be_active = |index: &u32| {
            !matches!(*index, NO_ROLE | BANNED)
                && roles.role(*index).is_none_or(|role| role.maximum_active_participants_constraint != Some(0))
        };
        match sharing.roles_that_can_share.iter().all(may_be_active) {
            true => Ok(()),
            false => Err("R-047: history is shared by a role that cannot have clients"),
        }
    }
}
