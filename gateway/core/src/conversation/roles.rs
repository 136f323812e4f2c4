//! Power levels as MIMI roles, and back [mimi-room-policy-04 §3].
//!
//! Power levels fall into three classes, by the thresholds that Matrix clients use: below 50, from 50, from 100
//! (a v12 creator is above all). What a class may do is computed from the room's own thresholds, at the class's
//! lowest level; the Matrix auth rules have the last word on each event.

use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{Role, RolesList, SingleSourceRoleChangeTargets};
use ruma::UserId;

use crate::matrix::Room;

/// Not (yet, any more) a participant.
pub const NO_ROLE: u32 = 0;
/// Banned.
pub const BANNED: u32 = 1;
/// Power level below 50.
pub const MEMBER: u32 = 2;
/// Power level 50 to 99.
pub const MODERATOR: u32 = 3;
/// Power level 100 and above.
pub const ADMIN: u32 = 4;
/// The gateway's own participant: the hub's arm, a bot that sends nothing but notices.
pub const GATEWAY: u32 = 5;

const CLASSES: [(u32, &str, i64); 3] = [(MEMBER, "member", 0), (MODERATOR, "moderator", 50), (ADMIN, "admin", 100)];

/// The role of a user of the Matrix room.
pub fn role_of(room: &Room, user: &UserId) -> u32 {
    match room.power_level(user) {
        level if level >= 100 => ADMIN,
        level if level >= 50 => MODERATOR,
        _ => MEMBER,
    }
}

/// The power level that a ghost or a Matrix user gets in a mirror room for its role.
pub fn power_level_of(roles: &RolesList, role_index: u32) -> i64 {
    let has = |capability| roles.role(role_index).is_some_and(|role| role.role_capabilities.contains(&capability));
    match () {
        () if has(Capability::CAN_CHANGE_USER_ROLE) => 100,
        () if has(Capability::CAN_REMOVE_PARTICIPANT) || has(Capability::CAN_BAN) => 50,
        () => 0,
    }
}

/// The roles of a room whose hub we are.
pub fn from_power_levels(room: &Room) -> RolesList {
    let mut roles = vec![role(NO_ROLE, "no_role", vec![], vec![]), role(BANNED, "banned", vec![], vec![])];
    for (index, name, level) in CLASSES {
        let level = match level {
            0 => room.default_power_level(),
            level => level,
        };
        roles.push(role(index, name, capabilities(room, level), role_changes(room, index, level)));
    }
    roles.push(role(GATEWAY, "gateway", gateway_capabilities(), gateway_role_changes()));
    RolesList { roles }
}

fn role(index: u32, name: &str, capabilities: Vec<Capability>, changes: Vec<SingleSourceRoleChangeTargets>) -> Role {
    Role::new(index, name, capabilities, changes)
}

fn capabilities(room: &Room, level: i64) -> Vec<Capability> {
    let mut capabilities = vec![
        Capability::CAN_RECEIVE_MESSAGE,
        Capability::CAN_ADD_OWN_CLIENT,
        Capability::CAN_REMOVE_OWN_CLIENT,
        Capability::CAN_REMOVE_SELF,
    ];
    let thresholds = room.thresholds();
    let mut allow = |threshold: i64, granted: &[Capability]| {
        if level >= threshold {
            capabilities.extend_from_slice(granted);
        }
    };
    allow(
        thresholds.message,
        &[
            Capability::CAN_SEND_MESSAGE,
            Capability::CAN_REPLY_TO_MESSAGE,
            Capability::CAN_REACT_TO_MESSAGE,
            Capability::CAN_EDIT_OWN_MESSAGE,
            Capability::CAN_DELETE_OWN_MESSAGE,
            Capability::CAN_DELETE_OWN_REACTION,
        ],
    );
    allow(thresholds.invite, &[Capability::CAN_ADD_PARTICIPANT]);
    allow(thresholds.kick, &[Capability::CAN_REMOVE_PARTICIPANT, Capability::CAN_KICK]);
    allow(thresholds.ban, &[Capability::CAN_BAN, Capability::CAN_UN_BAN]);
    allow(thresholds.redact, &[Capability::CAN_DELETE_OTHER_MESSAGE, Capability::CAN_DELETE_OTHER_REACTION]);
    allow(thresholds.state("m.room.name"), &[Capability::CAN_CHANGE_ROOM_NAME]);
    // Who decides what others may do also says who orders the room (DMLS-21).
    let decides = [Capability::CAN_CHANGE_USER_ROLE, Capability::CAN_SEND_MLS_REINIT_PROPOSAL];
    allow(thresholds.state("m.room.power_levels"), &decides);
    capabilities.sort_unstable();
    capabilities
}

/// Adding leads to `member`; removing and promoting reach only roles below one's own.
fn role_changes(room: &Room, index: u32, level: i64) -> Vec<SingleSourceRoleChangeTargets> {
    let thresholds = room.thresholds();
    let mut changes = Vec::new();
    if level >= thresholds.invite {
        changes.push(SingleSourceRoleChangeTargets::new(NO_ROLE, vec![MEMBER]));
    }
    for (lower, _, _) in CLASSES.into_iter().filter(|(lower, _, _)| *lower < index) {
        let mut targets = Vec::new();
        if level >= thresholds.kick {
            targets.push(NO_ROLE);
        }
        if level >= thresholds.ban {
            targets.push(BANNED);
        }
        if level >= thresholds.state("m.room.power_levels") {
            targets.extend(CLASSES.iter().map(|(target, _, _)| *target).filter(|target| *target <= index && *target != lower));
        }
        if !targets.is_empty() {
            targets.sort_unstable();
            changes.push(SingleSourceRoleChangeTargets::new(lower, targets));
        }
    }
    changes
}

fn gateway_capabilities() -> Vec<Capability> {
    let mut capabilities = vec![
        Capability::CAN_ADD_PARTICIPANT,
        Capability::CAN_REMOVE_PARTICIPANT,
        Capability::CAN_KICK,
        Capability::CAN_BAN,
        Capability::CAN_UN_BAN,
        Capability::CAN_ADD_OWN_CLIENT,
        Capability::CAN_REMOVE_OWN_CLIENT,
        Capability::CAN_REMOVE_SELF,
        Capability::CAN_CHANGE_USER_ROLE,
        Capability::CAN_CHANGE_ROOM_NAME,
        Capability::CAN_CHANGE_ROLE_DEFINITIONS,
        Capability::CAN_SEND_MESSAGE,
        Capability::CAN_RECEIVE_MESSAGE,
    ];
    capabilities.sort_unstable();
    capabilities
}

fn gateway_role_changes() -> Vec<SingleSourceRoleChangeTargets> {
    let all = [NO_ROLE, BANNED, MEMBER, MODERATOR, ADMIN];
    let targets = |from: u32| all.into_iter().filter(|target| *target != from).collect();
    all.into_iter().map(|from| SingleSourceRoleChangeTargets::new(from, targets(from))).collect()
}
