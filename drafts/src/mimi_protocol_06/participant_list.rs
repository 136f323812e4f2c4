//! The component `participant_list` [mimi-protocol-06 §7.5].

use std::collections::BTreeSet;

use crate::mimi_uri::UserUri;
use crate::structure::structure;

/// A participant with its role (§7.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRolePair {
    /// The user.
    pub user: UserUri,
    /// Index of its role in `roles_list`.
    pub role_index: u32,
}

/// A participant, by position in the list before the update, with its new role (§7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserindexRolePair {
    /// Position.
    pub user_index: u32,
    /// New role.
    pub role_index: u32,
}

/// ParticipantListData (§7.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantListData {
    /// In order.
    pub participants: Vec<UserRolePair>,
}

/// ParticipantListUpdate (§7.5). All indexes refer to the list before the update (P-120).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantListUpdate {
    /// Applied first.
    pub changed_role_participants: Vec<UserindexRolePair>,
    /// Applied second.
    pub removed_indices: Vec<u32>,
    /// Appended last.
    pub added_participants: Vec<UserRolePair>,
}

structure!(UserRolePair { user, role_index });
structure!(UserindexRolePair { user_index, role_index });
structure!(ParticipantListData { participants[] });
structure!(ParticipantListUpdate {
    changed_role_participants[] as "changedRoleParticipants",
    removed_indices[] as "removedIndices",
    added_participants[] as "addedParticipants",
});

/// Why an update does not apply (§7.5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParticipantListError {
    /// No such position.
    #[error("P-120: index {0} is outside the participant list")]
    Index(u32),
    /// One user touched twice.
    #[error("P-121: the update touches {0} twice")]
    TouchedTwice(UserUri),
    /// Added, but already there.
    #[error("P-121: {0} is a participant already")]
    AlreadyThere(UserUri),
    /// Role 0 means not being in the list.
    #[error("R-002: role 0 is never assigned to a list entry")]
    RoleZero,
}

impl ParticipantListData {
    /// The entry of a user.
    pub fn find(&self, user: &UserUri) -> Option<&UserRolePair> {
        self.participants.iter().find(|participant| participant.user == *user)
    }

    /// The position of a user.
    pub fn position(&self, user: &UserUri) -> Option<u32> {
        self.participants.iter().position(|participant| participant.user == *user).map(|position| position as u32)
    }

    /// The list after an update; the list itself stays as it is.
    ///
    /// # Errors
    /// If the update does not fit the list.
    pub fn apply(&self, update: &ParticipantListUpdate) -> Result<Self, ParticipantListError> {
        self.apply_touching(update, &mut BTreeSet::new())
    }

    /// The list after all updates of one commit, in its order: each works on the result of the one before (G-31), and
    /// no user is touched twice in any of them (P-121).
    ///
    /// # Errors
    /// If an update does not fit.
    pub fn apply_all<'a>(
        &self,
        updates: impl IntoIterator<Item = &'a ParticipantListUpdate>,
    ) -> Result<Self, ParticipantListError> {
        let mut touched = BTreeSet::new();
        updates.into_iter().try_fold(self.clone(), |list, update| list.apply_touching(update, &mut touched))
    }

    fn apply_touching(
        &self,
        update: &ParticipantListUpdate,
        touched: &mut BTreeSet<UserUri>,
    ) -> Result<Self, ParticipantListError> {
        let mut touch = |user: &UserUri| match touched.insert(user.clone()) {
            true => Ok(()),
            false => Err(ParticipantListError::TouchedTwice(user.clone())),
        };
        let mut participants: Vec<Option<UserRolePair>> = self.participants.iter().cloned().map(Some).collect();
        for change in &update.changed_role_participants {
            touch(&self.at(change.user_index)?.user)?;
            let role_index = check_role(change.role_index)?;
            participants[change.user_index as usize].iter_mut().for_each(|entry| entry.role_index = role_index);
        }
        for index in &update.removed_indices {
            touch(&self.at(*index)?.user)?;
            participants[*index as usize] = None;
        }
        for added in &update.added_participants {
            touch(&added.user)?;
            if self.find(&added.user).is_some() {
                return Err(ParticipantListError::AlreadyThere(added.user.clone()));
            }
            check_role(added.role_index)?;
            participants.push(Some(added.clone()));
        }
        Ok(Self { participants: participants.into_iter().flatten().collect() })
    }

    fn at(&self, index: u32) -> Result<&UserRolePair, ParticipantListError> {
        self.participants.get(index as usize).ok_or(ParticipantListError::Index(index))
    }
}

fn check_role(role_index: u32) -> Result<u32, ParticipantListError> {
    if role_index == 0 { Err(ParticipantListError::RoleZero) } else { Ok(role_index) }
}
