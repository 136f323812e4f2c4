//! The component `roles_list` [mimi-room-policy-04 §3]. Its update is a full replacement.

use std::collections::BTreeSet;

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize};

use super::capability::Capability;
use crate::mimi_protocol_06::room_metadata::Utf8;

/// Index of the role of those who are not in the participant list.
pub const NO_ROLE: u32 = 0;
/// Index of the banned.
pub const BANNED: u32 = 1;

/// From one role to which others a holder may move somebody.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct SingleSourceRoleChangeTargets {
    /// The present role.
    pub from_role_index: u32,
    /// The allowed ones.
    pub target_role_indexes: Vec<u32>,
}

impl SingleSourceRoleChangeTargets {
    /// From one role to others.
    pub fn new(from_role_index: u32, target_role_indexes: Vec<u32>) -> Self {
        Self { from_role_index, target_role_indexes }
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct Role {
    /// Unique; gaps are allowed.
    pub role_index: u32,
    /// Its name.
    pub role_name: Utf8,
    /// What it is for.
    pub role_description: Utf8,
    /// What its holders may do.
    pub role_capabilities: Vec<Capability>,
    /// 0 for none.
    pub minimum_participants_constraint: u32,
    /// Absent for none.
    pub maximum_participants_constraint: Option<u32>,
    /// 0 for none.
    pub minimum_active_participants_constraint: u32,
    /// 0: no client of a holder may be in the group.
    pub maximum_active_participants_constraint: Option<u32>,
    /// Whom its holders may move where.
    pub authorized_role_changes: Vec<SingleSourceRoleChangeTargets>,
}

impl Role {
    /// A role without constraints. The banned may have no clients.
    pub fn new(
        role_index: u32,
        name: &str,
        role_capabilities: Vec<Capability>,
        authorized_role_changes: Vec<SingleSourceRoleChangeTargets>,
    ) -> Self {
        Self {
            role_index,
            role_name: Utf8(name.to_owned()),
            role_description: Utf8::default(),
            role_capabilities,
            minimum_participants_constraint: 0,
            maximum_participants_constraint: None,
            minimum_active_participants_constraint: 0,
            maximum_active_participants_constraint: (role_index == BANNED).then_some(0),
            authorized_role_changes,
        }
    }

    /// Whether holders have the capability.
    pub fn has(&self, capability: Capability) -> bool {
        self.role_capabilities.contains(&capability)
    }

    /// Whether holders may move somebody from one role to another.
    pub fn may_change(&self, from: u32, to: u32) -> bool {
        self.authorized_role_changes
            .iter()
            .any(|change| change.from_role_index == from && change.target_role_indexes.contains(&to))
    }
}

/// RoleData and RoleUpdate.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct RolesList {
    /// All roles.
    pub roles: Vec<Role>,
}

impl RolesList {
    /// A role by its index.
    pub fn role(&self, role_index: u32) -> Option<&Role> {
        self.roles.iter().find(|role| role.role_index == role_index)
    }

    /// Whether a role's holders have the capability.
    pub fn has(&self, role_index: u32, capability: Capability) -> bool {
        self.role(role_index).is_some_and(|role| role.has(capability))
    }

    /// Whether the list can stand.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn validate(&self) -> Result<(), &'static str> {
        let indexes: BTreeSet<u32> = self.roles.iter().map(|role| role.role_index).collect();
        if indexes.len() != self.roles.len() {
            return Err("R-001: a role_index stands twice");
        }
        let targets_exist = self.roles.iter().flat_map(|role| &role.authorized_role_changes).all(|change| {
            indexes.contains(&change.from_role_index) && change.target_role_indexes.iter().all(|to| indexes.contains(to))
        });
        if targets_exist { Ok(()) } else { Err("R-007: a role change names a role that does not exist") }
    }
}
