//! The component `participant_list` [mimi-protocol-06 §7.5].

use std::collections::BTreeSet;

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize};

use crate::mimi_uri::UserUri;

/// A participant with its role.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct UserRolePair {
    /// The user.
    pub user: UserUri,
    /// Index of its role in `roles_list`.
    pub role_index: u32,
}

/// A participant, by position in the list before the update, with its new role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct UserindexRolePair {
    /// Position.
    pub user_index: u32,
    /// New role.
    pub role_index: u32,
}

/// ParticipantListData.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct ParticipantListData {
    /// In order.
    pub participants: Vec<UserRolePair>,
}

/// ParticipantListUpdate. All indexes refer to the list before the update (P-120).
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct ParticipantListUpdate {
    /// Applied first.
    pub changed_role_participants: Vec<UserindexRolePair>,
    /// Applied second.
    pub removed_indices: Vec<u32>,
    /// Appended last.
    pub added_participants: Vec<UserRolePair>,
}

/// Why an update does not apply.
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
        let mut touched = BTreeSet::new();
        let mut touch = |user: &UserUri| match touched.insert(user.clone()) {
            true => Ok(()),
            false => Err(ParticipantListError::TouchedTwice(user.clone())),
        };
        let mut participants: Vec<Option<UserRolePair>> = self.participants.iter().cloned().map(Some).collect();
        for change in &update.changed_role_participants {
            let entry = participants.get_mut(change.user_index as usize).and_then(Option::as_mut);
            let entry = entry.ok_or(ParticipantListError::Index(change.user_index))?;
            touch(&entry.user)?;
            entry.role_index = check_role(change.role_index)?;
        }
        for index in &update.removed_indices {
            let slot = participants.get_mut(*index as usize).ok_or(ParticipantListError::Index(*index))?;
            match slot.take() {
                Some(removed) => touch(&removed.user)?,
                None => return Err(ParticipantListError::Index(*index)),
            }
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
}

fn check_role(role_index: u32) -> Result<u32, ParticipantListError> {
    if role_index == 0 { Err(ParticipantListError::RoleZero) } else { Ok(role_index) }
}
