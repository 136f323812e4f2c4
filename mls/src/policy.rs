//! Who may change what [mimi-room-policy-04 §8], judged at a commit's parent by anybody who sees the commit.

use std::collections::HashMap;

use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{BANNED, NO_ROLE, Role};
use causeway_drafts::mimi_uri::UserUri;

use crate::RoomState;

/// A refusal, with the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {why}")]
pub struct NotAllowed {
    /// The rule's id.
    pub rule: &'static str,
    /// In words.
    pub why: String,
}

fn refuse(rule: &'static str, why: impl Into<String>) -> Result<(), NotAllowed> {
    Err(NotAllowed { rule, why: why.into() })
}

/// Whether a role is one of those who take part: another than that of who is not in the list, or is banned.
pub(crate) fn takes_part(role_index: u32) -> bool {
    !matches!(role_index, NO_ROLE | BANNED)
}

/// A change of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientChange {
    /// A client of the user is added.
    Added(UserUri),
    /// A client of the user is removed.
    Removed(UserUri),
}

impl RoomState {
    /// The role index of a user; role 0 for whoever is not in the list.
    pub fn role_of(&self, user: &UserUri) -> u32 {
        self.participants.find(user).map_or(NO_ROLE, |participant| participant.role_index)
    }

    /// The role indices of all who are in the list, to look many of them up.
    pub(crate) fn roles_by_user(&self) -> HashMap<&UserUri, u32> {
        self.participants.participants.iter().map(|participant| (&participant.user, participant.role_index)).collect()
    }

    /// Whether a user takes part: is in the list, and not as banned.
    pub fn is_present(&self, user: &UserUri) -> bool {
        takes_part(self.role_of(user))
    }

    /// Whether a user is in the list as banned.
    pub fn is_banned(&self, user: &UserUri) -> bool {
        self.role_of(user) == BANNED
    }

    /// Whether a user may say who orders the group's commits, or where it goes on (DMLS-21): whoever may have the group
    /// made anew, elsewhere, by ReInit.
    ///
    /// # Errors
    /// The rule against it.
    pub fn may_open_term(&self, user: &UserUri) -> Result<(), NotAllowed> {
        self.need(user, Capability::CAN_SEND_MLS_REINIT_PROPOSAL, "DMLS-21", "canSendMLSReinitProposal")
    }

    /// Whether a user has less in `after`: it does not take part any more, or its role lacks a capability that its role
    /// had.
    pub fn is_lessened_by(&self, after: &Self, user: &UserUri) -> bool {
        let loses =
            || self.role(user).is_some_and(|role| role.role_capabilities.iter().any(|capability| !after.has(user, *capability)));
        self.is_present(user) && (!after.is_present(user) || loses())
    }

    fn has(&self, user: &UserUri, capability: Capability) -> bool {
        self.roles.has(self.role_of(user), capability)
    }

    fn role(&self, user: &UserUri) -> Option<&Role> {
        self.roles.role(self.role_of(user))
    }

    /// Whether a user may send application messages.
    ///
    /// # Errors
    /// The rule against it.
    pub fn may_send(&self, user: &UserUri) -> Result<(), NotAllowed> {
        match self.has(user, Capability::CAN_SEND_MESSAGE) {
            true => Ok(()),
            false => refuse("R-072", format!("{user} lacks canSendMessage")),
        }
    }

    /// What a whole commit may not do, whoever makes it.
    ///
    /// # Errors
    /// The rule against it.
    pub fn may_follow(&self, after: &Self) -> Result<(), NotAllowed> {
        if self.roles != after.roles && self.participants != after.participants {
            return refuse("R-006", "roles and participants cannot change in one commit");
        }
        let broken = after.roles.validate_participants(&after.participants).err();
        let broken = broken.or_else(|| (self.metadata != after.metadata).then(|| after.metadata.validate().err()).flatten());
        match broken.or_else(|| (self.base_policy != after.base_policy).then(|| after.base_policy.validate().err()).flatten()) {
            // The drafts' crate says `<rule>: <why>`.
            Some(text) => match text.split_once(": ") {
                Some((rule, why)) => refuse(rule, why),
                None => refuse("R-001", text),
            },
            None => Ok(()),
        }
    }

    /// Whether `actor` may turn this state into `after`.
    ///
    /// # Errors
    /// The first rule against it.
    pub fn may_become(&self, after: &Self, actor: &UserUri) -> Result<(), NotAllowed> {
        self.may_change_participants(after, actor)?;
        self.may_change_metadata(after, actor)?;
        if self.roles != after.roles {
            self.need(actor, Capability::CAN_CHANGE_ROLE_DEFINITIONS, "R-075", "canChangeRoleDefinitions")?;
        }
        if self.base_policy != after.base_policy {
            self.need(actor, Capability::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE, "R-075", "canChangeRoomMembershipStyle")?;
        }
        // Who may have the group made anew with other parameters may change this one where it is.
        if self.hardening != after.hardening {
            self.need(actor, Capability::CAN_SEND_MLS_REINIT_PROPOSAL, "DMLS-34", "canSendMLSReinitProposal")?;
        }
        Ok(())
    }

    fn need(&self, actor: &UserUri, capability: Capability, rule: &'static str, name: &str) -> Result<(), NotAllowed> {
        if self.has(actor, capability) { Ok(()) } else { refuse(rule, format!("{actor} lacks {name}")) }
    }

    fn may_change_participants(&self, after: &Self, actor: &UserUri) -> Result<(), NotAllowed> {
        if self.participants == after.participants && self.roles == after.roles {
            return Ok(());
        }
        let (before, roles) = (self.roles_by_user(), after.roles_by_user());
        for participant in &self.participants.participants {
            let now = roles.get(&participant.user).copied().unwrap_or(NO_ROLE);
            if now != participant.role_index {
                self.may_move(actor, &participant.user, participant.role_index, now)?;
            }
        }
        for participant in &after.participants.participants {
            if !before.contains_key(&participant.user) {
                self.may_move(actor, &participant.user, NO_ROLE, participant.role_index)?;
            }
            // a role that exists.
            if after.roles.role(participant.role_index).is_none() {
                return refuse("R-007", format!("role {} does not exist", participant.role_index));
            }
        }
        Ok(())
    }

    /// P-122: each addition, removal and change of role is authorised separately.
    fn may_move(&self, actor: &UserUri, user: &UserUri, from: u32, to: u32) -> Result<(), NotAllowed> {
        let (capability, rule, name) = match (from, to, actor == user) {
            (_, NO_ROLE, true) => return self.need(actor, Capability::CAN_REMOVE_SELF, "R-065", "canRemoveSelf"),
            (NO_ROLE, _, _) => (Capability::CAN_ADD_PARTICIPANT, "R-057", "canAddParticipant"),
            (_, NO_ROLE, _) => (Capability::CAN_REMOVE_PARTICIPANT, "R-063", "canRemoveParticipant"),
            (_, BANNED, _) => (Capability::CAN_BAN, "R-069", "canBan"),
            (BANNED, _, _) => (Capability::CAN_UN_BAN, "R-070", "canUnban"),
            (_, _, true) => (Capability::CAN_CHANGE_OWN_ROLE, "R-068", "canChangeOwnRole"),
            (_, _, false) => (Capability::CAN_CHANGE_USER_ROLE, "R-067", "canChangeUserRole"),
        };
        self.need(actor, capability, rule, name)?;
        match self.role(actor).is_some_and(|role| role.may_change(from, to)) {
            true => Ok(()),
            false => refuse(rule, format!("{actor} may not move anybody from role {from} to role {to}")),
        }
    }

    /// each field needs its own capability.
    fn may_change_metadata(&self, after: &Self, actor: &UserUri) -> Result<(), NotAllowed> {
        let (old, new) = (&self.metadata, &after.metadata);
        if old.room_uri != new.room_uri {
            return refuse("R-071", "the room's URI does not change");
        }
        let fields = [
            (old.room_name != new.room_name, Capability::CAN_CHANGE_ROOM_NAME, "canChangeRoomName"),
            (old.room_descriptions != new.room_descriptions, Capability::CAN_CHANGE_ROOM_DESCRIPTION, "canChangeRoomDescription"),
            (old.room_avatar != new.room_avatar, Capability::CAN_CHANGE_ROOM_AVATAR, "canChangeRoomAvatar"),
            (old.room_subject != new.room_subject, Capability::CAN_CHANGE_ROOM_SUBJECT, "canChangeRoomSubject"),
            (old.room_mood != new.room_mood, Capability::CAN_CHANGE_ROOM_MOOD, "canChangeRoomMood"),
        ];
        fields
            .into_iter()
            .filter(|(changed, _, _)| *changed)
            .try_for_each(|(_, capability, name)| self.need(actor, capability, "R-071", name))
    }

    /// Whether `actor` may add or remove clients, given the state after the commit.
    ///
    /// # Errors
    /// The rule against it.
    pub fn may_change_client(&self, after: &Self, actor: &UserUri, change: &ClientChange) -> Result<(), NotAllowed> {
        match change {
            ClientChange::Added(user) => {
                let Some(role) = after.role(user).filter(|_| after.role_of(user) != NO_ROLE) else {
                    return refuse("P-032", format!("{user} is not a participant, so no client of it can be added"));
                };
                if role.maximum_active_participants_constraint == Some(0) {
                    return refuse("R-004", format!("role {} has no active participants", role.role_index));
                }
                let capability = match actor == user {
                    true => (Capability::CAN_ADD_OWN_CLIENT, "R-058", "canAddOwnClient"),
                    false => (Capability::CAN_ADD_PARTICIPANT, "R-057", "canAddParticipant"),
                };
                self.need(actor, capability.0, capability.1, capability.2)
            }
            ClientChange::Removed(user) if after.role_of(user) == NO_ROLE => Ok(()),
            ClientChange::Removed(user) if actor == user => {
                self.need(actor, Capability::CAN_REMOVE_OWN_CLIENT, "R-064", "canRemoveOwnClient")
            }
            ClientChange::Removed(_) => self.need(actor, Capability::CAN_KICK, "R-066", "canKick"),
        }
    }

    /// After a commit, no client of a non-participant may remain (P-033).
    ///
    /// # Errors
    /// If one does.
    pub fn covers<'a>(&self, users: impl IntoIterator<Item = &'a UserUri>) -> Result<(), NotAllowed> {
        let roles = self.roles_by_user();
        match users.into_iter().find(|user| !roles.get(user).is_some_and(|role| takes_part(*role))) {
            Some(user) => refuse("P-033", format!("clients of {user} remain, which is no participant any more")),
            None => Ok(()),
        }
    }
}
