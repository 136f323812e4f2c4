//! The component `roles_list` [mimi-room-policy-04 §3]. Its update is a full replacement.

use std::collections::BTreeSet;

use super::capability::Capability;
use crate::mimi_protocol_06::participant_list::ParticipantListData;
use crate::structure::{optional, structure};
use crate::text::Text;

/// Index of the role of those who are not in the participant list (§3).
pub const NO_ROLE: u32 = 0;
/// Index of the banned (§3).
pub const BANNED: u32 = 1;

/// From one role to which others a holder may move somebody (§3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleSourceRoleChangeTargets {
    /// The present role.
    pub from_role_index: u32,
    /// The allowed ones.
    pub target_role_indexes: Vec<u32>,
}

structure!(SingleSourceRoleChangeTargets { from_role_index, target_role_indexes[] });

impl SingleSourceRoleChangeTargets {
    /// From one role to others.
    pub fn new(from_role_index: u32, target_role_indexes: Vec<u32>) -> Self {
        Self { from_role_index, target_role_indexes }
    }
}

/// A role (§3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Unique; gaps are allowed.
    pub role_index: u32,
    /// Its name.
    pub role_name: Text,
    /// What it is for.
    pub role_description: Text,
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

structure!(Role {
    role_index,
    role_name,
    role_description,
    role_capabilities[],
    minimum_participants_constraint,
    maximum_participants_constraint[optional],
    minimum_active_participants_constraint,
    maximum_active_participants_constraint[optional],
    authorized_role_changes[],
});

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
            role_name: name.into(),
            role_description: Text::default(),
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

    /// Whether its minima are not above its maxima; an absent maximum is none, and 0 is 0.
    fn is_satisfiable(&self) -> bool {
        let fits = |minimum: u32, maximum: Option<u32>| maximum.is_none_or(|maximum| minimum <= maximum);
        fits(self.minimum_participants_constraint, self.maximum_participants_constraint)
            && fits(self.minimum_active_participants_constraint, self.maximum_active_participants_constraint)
    }

    /// Whether holders may move somebody from one role to another.
    pub fn may_change(&self, from: u32, to: u32) -> bool {
        self.authorized_role_changes.iter().any(|change| change.from_role_index == from && change.target_role_indexes.contains(&to))
    }
}

/// RoleData and RoleUpdate (§3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolesList {
    /// All roles.
    pub roles: Vec<Role>,
}

structure!(RolesList { roles[] });

/// RoleUpdate (§3).
pub type RoleUpdate = RolesList;

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
        // Role 0 means not being in the list, whether the room says more about it or not.
        let exists = |index: &u32| *index == NO_ROLE || indexes.contains(index);
        let mut changes = self.roles.iter().flat_map(|role| &role.authorized_role_changes);
        if !changes.all(|change| exists(&change.from_role_index) && change.target_role_indexes.iter().all(exists)) {
            return Err("R-007: a role change names a role that does not exist");
        }
        if !self.roles.iter().all(Role::is_satisfiable) {
            return Err("R-003: a role's minimum is above its maximum");
        }
        if self.roles.iter().any(|role| role.role_index != NO_ROLE && role.has(Capability::CAN_OPEN_JOIN)) {
            return Err("R-060: canOpenJoin on another role than 0");
        }
        Ok(())
    }

    /// Whether the participants fit the roles. Active participants are the group's business.
    ///
    /// # Errors
    /// The rule that they break.
    pub fn validate_participants(&self, list: &ParticipantListData) -> Result<(), &'static str> {
        if list.participants.iter().any(|participant| participant.role_index == NO_ROLE) {
            return Err("R-002: role 0 is never assigned to a list entry");
        }
        if list.participants.iter().any(|participant| self.role(participant.role_index).is_none()) {
            return Err("R-007: a participant has a role that does not exist");
        }
        for role in self.roles.iter().filter(|role| role.role_index != NO_ROLE) {
            let holders = list.participants.iter().filter(|participant| participant.role_index == role.role_index).count();
            let maximum = role.maximum_participants_constraint.map_or(usize::MAX, |maximum| maximum as usize);
            if !(role.minimum_participants_constraint as usize..=maximum).contains(&holders) {
                return Err("R-003: a role has fewer or more holders than it may");
            }
        }
        Ok(())
    }
}
