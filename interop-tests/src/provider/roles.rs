//! The roles of rooms that are created here [mimi-room-policy-04 §3]: banned, member, moderator, admin.

use causeway_drafts::mimi_room_policy_04::capability::Capability;
use causeway_drafts::mimi_room_policy_04::roles_list::{BANNED, NO_ROLE, Role, RolesList, SingleSourceRoleChangeTargets};

/// An ordinary participant.
pub(crate) const MEMBER: u32 = 2;
/// May also add and remove members.
pub(crate) const MODERATOR: u32 = 3;
/// May also change the room.
pub(crate) const ADMIN: u32 = 4;

const MEMBERS: [Capability; 11] = [
    Capability::CAN_ADD_OWN_CLIENT,
    Capability::CAN_REMOVE_OWN_CLIENT,
    Capability::CAN_REMOVE_SELF,
    Capability::CAN_SEND_MESSAGE,
    Capability::CAN_RECEIVE_MESSAGE,
    Capability::CAN_REPLY_TO_MESSAGE,
    Capability::CAN_REACT_TO_MESSAGE,
    Capability::CAN_EDIT_REACTION,
    Capability::CAN_DELETE_OWN_REACTION,
    Capability::CAN_EDIT_OWN_MESSAGE,
    Capability::CAN_DELETE_OWN_MESSAGE,
];
const MODERATORS: [Capability; 5] = [
    Capability::CAN_ADD_PARTICIPANT,
    Capability::CAN_REMOVE_PARTICIPANT,
    Capability::CAN_KICK,
    Capability::CAN_DELETE_OTHER_REACTION,
    Capability::CAN_DELETE_OTHER_MESSAGE,
];
const ADMINS: [Capability; 10] = [
    Capability::CAN_BAN,
    Capability::CAN_UN_BAN,
    Capability::CAN_CHANGE_USER_ROLE,
    Capability::CAN_CHANGE_ROOM_NAME,
    Capability::CAN_CHANGE_ROOM_DESCRIPTION,
    Capability::CAN_CHANGE_ROOM_AVATAR,
    Capability::CAN_CHANGE_ROOM_SUBJECT,
    Capability::CAN_CHANGE_ROOM_MOOD,
    Capability::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    Capability::CAN_CHANGE_ROLE_DEFINITIONS,
];

/// The roles list of a new room.
pub(crate) fn of_new_rooms() -> RolesList {
    let moderators = [&MEMBERS[..], &MODERATORS].concat();
    let admins = [&MEMBERS[..], &MODERATORS, &ADMINS].concat();
    let change = SingleSourceRoleChangeTargets::new;
    let roles = vec![
        Role::new(NO_ROLE, "no_role", vec![], vec![]),
        Role::new(BANNED, "banned", vec![], vec![]),
        Role::new(MEMBER, "member", MEMBERS.to_vec(), vec![]),
        Role::new(MODERATOR, "moderator", moderators, vec![change(NO_ROLE, vec![MEMBER]), change(MEMBER, vec![NO_ROLE])]),
        Role::new(
            ADMIN,
            "admin",
            admins,
            vec![
                change(NO_ROLE, vec![BANNED, MEMBER, MODERATOR, ADMIN]),
                change(BANNED, vec![NO_ROLE, MEMBER]),
                change(MEMBER, vec![NO_ROLE, BANNED, MODERATOR, ADMIN]),
                change(MODERATOR, vec![NO_ROLE, BANNED, MEMBER, ADMIN]),
                change(ADMIN, vec![NO_ROLE, MEMBER, MODERATOR]),
            ],
        ),
    ];
    RolesList { roles }
}
