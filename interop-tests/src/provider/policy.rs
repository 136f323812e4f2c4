//! Who may do what in a room [mimi-room-policy-04 §8]: one judgement over all that a handshake does.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{BANNED, NO_ROLE};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_drafts::numbers;

use super::error::{Error, Result};
use super::room_state::RoomState;
use super::view::{ClientChange, Step, View};

fn refuse(why: impl Into<String>) -> Result<()> {
    Err(Error::NotAllowed(why.into()))
}

fn need(condition: bool, why: impl FnOnce() -> String) -> Result<()> {
    if condition { Ok(()) } else { Err(Error::NotAllowed(why())) }
}

/// Judges a commit.
///
/// # Errors
/// [`Error::NotAllowed`] with the rule that it breaks.
pub(crate) fn judge_commit(view: &View) -> Result<()> {
    let author = view.author.user_uri();
    need(!matches!(view.before.role_of(&author), NO_ROLE | BANNED), || format!("P-035: {author} is not a participant"))?;
    judge_changes(view)?;
    judge_outcome(view)
}

/// Judges proposals, together with those that wait already.
///
/// # Errors
/// [`Error::NotAllowed`] with the rule that they break.
pub(crate) fn judge_proposals(view: &View) -> Result<()> {
    judge_changes(view)?;
    covers(&view.after, view.remaining())
}

fn judge_changes(view: &View) -> Result<()> {
    let lists = view.steps.iter().filter_map(|step| step.participants.as_ref());
    view.before.participants.apply_all(lists).map_err(|error| Error::NotAllowed(error.to_string()))?;
    let updates = |component: u16| view.steps.iter().filter(|step| step.component == component).count();
    need(updates(numbers::COMPONENT_ROOM_METADATA) <= 1, || "P-123: two updates of the metadata".to_owned())?;
    let both = updates(numbers::COMPONENT_ROLES_LIST) > 0 && updates(numbers::COMPONENT_PARTICIPANT_LIST) > 0;
    need(!both, || "R-006: roles and participants change in one commit".to_owned())?;
    for step in &view.steps {
        if let Some(actor) = &step.actor {
            judge_step(step, actor)?;
        }
    }
    view.added.iter().try_for_each(|change| judge_added(view, change))?;
    view.removed.iter().try_for_each(|change| judge_removed(view, change))
}

/// P-122: each addition, removal and change of role is authorised separately.
fn judge_step(step: &Step, actor: &UserUri) -> Result<()> {
    let (before, after) = (&step.before, &step.after);
    for participant in &before.participants.participants {
        let now = after.role_of(&participant.user);
        if now != participant.role_index {
            judge_move(before, actor, &participant.user, (participant.role_index, now))?;
        }
    }
    for participant in &after.participants.participants {
        if before.participants.find(&participant.user).is_none() {
            judge_move(before, actor, &participant.user, (NO_ROLE, participant.role_index))?;
        }
    }
    judge_metadata(before, after, actor)?;
    if before.roles != after.roles {
        need_capability(before, actor, Capability::CAN_CHANGE_ROLE_DEFINITIONS, "R-075: canChangeRoleDefinitions")?;
    }
    if before.base_policy != after.base_policy {
        need_capability(before, actor, Capability::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE, "R-075: canChangeRoomMembershipStyle")?;
    }
    Ok(())
}

fn need_capability(state: &RoomState, actor: &UserUri, capability: Capability, rule: &str) -> Result<()> {
    need(state.has(actor, capability), || format!("{rule} is not among the capabilities of {actor}"))
}

fn judge_move(state: &RoomState, actor: &UserUri, user: &UserUri, (from, to): (u32, u32)) -> Result<()> {
    let (capability, rule) = match (from, to, actor == user) {
        (_, NO_ROLE, true) => return need_capability(state, actor, Capability::CAN_REMOVE_SELF, "R-065: canRemoveSelf"),
        (NO_ROLE, _, true) => return refuse("R-057: nobody adds itself by canAddParticipant"),
        (_, BANNED, _) => (Capability::CAN_BAN, "R-069: canBan"),
        (BANNED, _, _) => (Capability::CAN_UN_BAN, "R-070: canUnban"),
        (NO_ROLE, _, _) => (Capability::CAN_ADD_PARTICIPANT, "R-057: canAddParticipant"),
        (_, NO_ROLE, _) => (Capability::CAN_REMOVE_PARTICIPANT, "R-063: canRemoveParticipant"),
        (_, _, true) => (Capability::CAN_CHANGE_OWN_ROLE, "R-068: canChangeOwnRole"),
        (_, _, false) => (Capability::CAN_CHANGE_USER_ROLE, "R-067: canChangeUserRole"),
    };
    need_capability(state, actor, capability, rule)?;
    if from == BANNED || to == BANNED {
        let named = state.roles.role(BANNED).is_some_and(|role| role.role_name.as_str() == "banned");
        need(named, || "R-069, R-070: role 1 is not named `banned`".to_owned())?;
    }
    let may = state.roles.role(state.role_of(actor)).is_some_and(|role| role.may_change(from, to));
    need(may, || format!("{rule}: {actor} may not move anybody from role {from} to role {to}"))
}

/// each field needs its own capability.
fn judge_metadata(before: &RoomState, after: &RoomState, actor: &UserUri) -> Result<()> {
    let (old, new) = (&before.metadata, &after.metadata);
    need(old.room_uri == new.room_uri, || "R-071: a room's URI does not change".to_owned())?;
    let fields = [
        (old.room_name != new.room_name, Capability::CAN_CHANGE_ROOM_NAME, "R-071: canChangeRoomName"),
        (
            old.room_descriptions != new.room_descriptions,
            Capability::CAN_CHANGE_ROOM_DESCRIPTION,
            "R-071: canChangeRoomDescription",
        ),
        (old.room_avatar != new.room_avatar, Capability::CAN_CHANGE_ROOM_AVATAR, "R-071: canChangeRoomAvatar"),
        (old.room_subject != new.room_subject, Capability::CAN_CHANGE_ROOM_SUBJECT, "R-071: canChangeRoomSubject"),
        (old.room_mood != new.room_mood, Capability::CAN_CHANGE_ROOM_MOOD, "R-071: canChangeRoomMood"),
    ];
    let changed = fields.into_iter().filter(|(changed, _, _)| *changed);
    changed.into_iter().try_for_each(|(_, capability, rule)| need_capability(before, actor, capability, rule))
}

fn judge_added(view: &View, change: &ClientChange) -> Result<()> {
    let user = change.client.user_uri();
    let there = view.members.iter().any(|member| member.client == change.client);
    let goes = view.removed.iter().any(|removed| removed.client == change.client);
    need(!there || goes, || format!("{} is in the group already", change.client))?;
    need(view.after.role_of(&user) != NO_ROLE, || format!("P-032: {user} is not a participant, so its clients cannot be added"))?;
    match &change.actor {
        None => Ok(()),
        Some(actor) if *actor == user => {
            need_capability(&view.after, actor, Capability::CAN_ADD_OWN_CLIENT, "R-058: canAddOwnClient")
        }
        Some(actor) => need_capability(&view.before, actor, Capability::CAN_ADD_PARTICIPANT, "R-057: canAddParticipant"),
    }
}

fn judge_removed(view: &View, change: &ClientChange) -> Result<()> {
    let user = change.client.user_uri();
    // Whoever leaves the list, or is banned, goes with all its clients: the list's rules have been applied to that.
    if matches!(view.after.role_of(&user), NO_ROLE | BANNED) {
        return Ok(());
    }
    match &change.actor {
        None => Ok(()),
        // Replacing the own leaf is adding it anew.
        Some(actor) if *actor == user && view.external => Ok(()),
        Some(actor) if *actor == user => {
            need_capability(&view.before, actor, Capability::CAN_REMOVE_OWN_CLIENT, "R-064: canRemoveOwnClient")
        }
        Some(actor) => need_capability(&view.before, actor, Capability::CAN_KICK, "R-066: canKick"),
    }
}

/// After a commit, no client of a non-participant is left (P-033, R-063).
fn covers<'a>(state: &RoomState, clients: impl Iterator<Item = &'a ClientUri>) -> Result<()> {
    for user in clients.map(ClientUri::user_uri) {
        let role = state.role_of(&user);
        need(!matches!(role, NO_ROLE | BANNED), || format!("P-033: clients of {user} remain, which is no participant any more"))?;
    }
    Ok(())
}

fn judge_outcome(view: &View) -> Result<()> {
    let after = &view.after;
    covers(after, view.remaining())?;
    after.roles.validate_participants(&after.participants).map_err(|rule| Error::NotAllowed(rule.to_owned()))?;
    let clients: Vec<&ClientUri> = view.remaining().collect();
    let mut per_user: BTreeMap<UserUri, usize> = BTreeMap::new();
    clients.iter().for_each(|client| *per_user.entry(client.user_uri()).or_default() += 1);
    let policy = &after.base_policy;
    need(policy.multi_device || per_user.values().all(|count| *count == 1), || "R-020: a user has several clients".to_owned())?;
    let within = |maximum: Option<u32>, count: usize| maximum.is_none_or(|maximum| count <= maximum as usize);
    need(within(policy.max_clients, clients.len()), || "R-021: more clients than max_clients".to_owned())?;
    let users = after.participants.participants.iter().filter(|participant| participant.role_index != BANNED).count();
    need(within(policy.max_users, users), || "R-022: more users than max_users".to_owned())?;
    let fixed = policy.fixed_membership && view.before.participants.participants.len() < after.participants.participants.len();
    need(!fixed, || "R-013: the membership is fixed".to_owned())?;
    judge_active(after, &per_user.into_keys().collect())
}

/// how many active participants a role has.
fn judge_active(state: &RoomState, active: &BTreeSet<UserUri>) -> Result<()> {
    for role in &state.roles.roles {
        let holders = active.iter().filter(|user| state.role_of(user) == role.role_index).count();
        let maximum = role.maximum_active_participants_constraint.map_or(usize::MAX, |maximum| maximum as usize);
        let fits = (role.minimum_active_participants_constraint as usize..=maximum).contains(&holders);
        need(fits || role.role_index == NO_ROLE, || format!("R-003: role {} has {holders} active participants", role.role_index))?;
    }
    Ok(())
}
