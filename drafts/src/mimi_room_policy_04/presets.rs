//! The four example role sets [mimi-room-policy-04 Appendix A, §3], as they stand there.
//!
//! Where the examples do not fit the rest of the draft (G-63): `canRevokeVoice` and `canGrantVoice` have no value and are left
//! out; "all the capabilities of a speaker" among a speaker's own means an attendee's; "of an ordinary_user" among a
//! moderator's, where there is none, means a speaker's. A room with A.1 to A.3 needs a holder of `policy_enforcer` and an
//! administrator from its first epoch, or it breaks its own minima.

use super::capability::Capability as C;
use super::roles_list::{BANNED, NO_ROLE, Role, RolesList, SingleSourceRoleChangeTargets};

/// Who may be moved where: `(from, [to])`.
type Changes<'a> = &'a [(u32, &'a [u32])];

/// A role with no other constraint than the ban's.
fn role(index: u32, name: &str, capabilities: &[C], changes: Changes<'_>) -> Role {
    let changes = changes.iter().map(|(from, to)| SingleSourceRoleChangeTargets::new(*from, to.to_vec())).collect();
    Role::new(index, name, capabilities.to_vec(), changes)
}

fn no_role(capabilities: &[C], changes: Changes<'_>) -> Role {
    Role { maximum_active_participants_constraint: Some(0), ..role(NO_ROLE, "no_role", capabilities, changes) }
}

fn banned() -> Role {
    role(BANNED, "banned", &[], &[])
}

/// At least one, as every room needs somebody who can repair it.
fn needed(role: Role) -> Role {
    Role { minimum_participants_constraint: 1, ..role }
}

/// Administrators of one organisation among others: one to three, at least one of them active.
fn org_admins(role: Role) -> Role {
    Role {
        minimum_participants_constraint: 1,
        maximum_participants_constraint: Some(3),
        minimum_active_participants_constraint: 1,
        ..role
    }
}

/// The hub's own role: a participant without clients.
fn policy_enforcer(index: u32, changes: Changes<'_>) -> Role {
    const CAPABILITIES: [C; 9] = [
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_BAN,
        C::CAN_UN_BAN,
        C::CAN_CHANGE_ROLE_DEFINITIONS,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
        C::CAN_DESTROY_ROOM,
        C::CAN_SEND_MLS_REINIT_PROPOSAL,
    ];
    Role {
        minimum_participants_constraint: 1,
        maximum_participants_constraint: Some(2),
        maximum_active_participants_constraint: Some(0),
        ..role(index, "policy_enforcer", &CAPABILITIES, changes)
    }
}

/// §A.1, for friends and families: participants add and remove each other.
pub fn cooperatively_administered() -> RolesList {
    let ordinary_user = [
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_REMOVE_SELF,
        C::CAN_SEND_MESSAGE,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REPLY_TO_MESSAGE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_DELETE_OWN_MESSAGE,
        C::CAN_START_TOPIC,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_EDIT_OWN_TOPIC,
        C::CAN_UPLOAD_IMAGE,
        C::CAN_UPLOAD_VIDEO,
        C::CAN_UPLOAD_AUDIO,
        C::CAN_UPLOAD_ATTACHMENT,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_SEND_LINK,
        C::CAN_SEND_LINK_PREVIEW,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_CHANGE_ROOM_NAME,
        C::CAN_CHANGE_ROOM_AVATAR,
        C::CAN_CHANGE_ROOM_SUBJECT,
        C::CAN_CHANGE_ROOM_MOOD,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_MOOD,
        C::CAN_CHANGE_OWN_AVATAR,
    ];
    let group_admin = [
        ordinary_user.as_slice(),
        &[
            C::CAN_BAN,
            C::CAN_UN_BAN,
            C::CAN_KICK,
            C::CAN_CHANGE_USER_ROLE,
            C::CAN_DELETE_OTHER_MESSAGE,
            C::CAN_EDIT_OTHER_TOPIC,
            C::CAN_CHANGE_ROOM_DESCRIPTION,
        ],
    ]
    .concat();
    let super_admin = [
        group_admin.as_slice(),
        &[C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE, C::CAN_CHANGE_PREAUTHORIZED_USER_LIST, C::CAN_DESTROY_ROOM],
    ]
    .concat();
    RolesList {
        roles: vec![
            no_role(&[], &[]),
            banned(),
            role(2, "ordinary_user", &ordinary_user, &[(0, &[2]), (2, &[0])]),
            needed(role(3, "group_admin", &group_admin, GROUP_ADMIN_CHANGES)),
            role(4, "super_admin", &super_admin, SUPER_ADMIN_CHANGES),
            policy_enforcer(5, ENFORCER_CHANGES),
        ],
    }
}

const GROUP_ADMIN_CHANGES: Changes<'_> = &[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3]), (3, &[0, 1, 2])];
const SUPER_ADMIN_CHANGES: Changes<'_> =
    &[(0, &[1, 2, 3, 4]), (1, &[0, 2, 3, 4]), (2, &[0, 1, 3, 4]), (3, &[0, 1, 2, 4]), (4, &[0, 1, 2, 3])];
const ENFORCER_CHANGES: Changes<'_> = &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1])];

/// §A.2: administrators add, others come by join code or preauthorisation.
pub fn strictly_administered() -> RolesList {
    let ordinary_user = [
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_REMOVE_SELF,
        C::CAN_CHANGE_OWN_ROLE,
        C::CAN_SEND_MESSAGE,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_DELETE_OWN_MESSAGE,
        C::CAN_START_TOPIC,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_UPLOAD_IMAGE,
        C::CAN_UPLOAD_VIDEO,
        C::CAN_UPLOAD_AUDIO,
        C::CAN_UPLOAD_ATTACHMENT,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_SEND_LINK,
        C::CAN_SEND_LINK_PREVIEW,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_MOOD,
        C::CAN_CHANGE_OWN_AVATAR,
    ];
    let group_admin = [
        ordinary_user.as_slice(),
        &[
            C::CAN_ADD_PARTICIPANT,
            C::CAN_REMOVE_PARTICIPANT,
            C::CAN_BAN,
            C::CAN_UN_BAN,
            C::CAN_KICK,
            C::CAN_CHANGE_USER_ROLE,
            C::CAN_CREATE_JOIN_CODE,
            C::CAN_DELETE_JOIN_CODE,
            C::CAN_DELETE_OTHER_REACTION,
            C::CAN_DELETE_OTHER_MESSAGE,
            C::CAN_EDIT_OWN_TOPIC,
            C::CAN_EDIT_OTHER_TOPIC,
            C::CAN_CHANGE_ROOM_DESCRIPTION,
            C::CAN_CHANGE_ROOM_NAME,
            C::CAN_CHANGE_ROOM_AVATAR,
            C::CAN_CHANGE_ROOM_SUBJECT,
            C::CAN_CHANGE_ROOM_MOOD,
        ],
    ]
    .concat();
    let super_admin = [
        group_admin.as_slice(),
        &[
            C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
            C::CAN_CHANGE_ROLE_DEFINITIONS,
            C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
            C::CAN_DESTROY_ROOM,
            C::CAN_SEND_MLS_REINIT_PROPOSAL,
        ],
    ]
    .concat();
    RolesList {
        roles: vec![
            no_role(&[C::CAN_USE_JOIN_CODE], &[(0, &[2])]),
            banned(),
            role(2, "ordinary_user", &ordinary_user, &[(0, &[2]), (2, &[0])]),
            needed(role(3, "group_admin", &group_admin, GROUP_ADMIN_CHANGES)),
            role(4, "super_admin", &super_admin, SUPER_ADMIN_CHANGES),
            policy_enforcer(5, ENFORCER_CHANGES),
        ],
    }
}

/// §A.3: guests and attendees listen, speakers speak.
pub fn moderated() -> RolesList {
    let guest = [
        C::CAN_REMOVE_SELF,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
    ];
    let attendee = [
        guest.as_slice(),
        &[
            C::CAN_ADD_OWN_CLIENT,
            C::CAN_JOIN_IF_PREAUTHORIZED,
            C::CAN_REMOVE_OWN_CLIENT,
            C::CAN_CHANGE_OWN_ROLE,
            C::CAN_REPORT_ABUSE,
            C::CAN_REPLY_IN_TOPIC,
            C::CAN_DOWNLOAD_ATTACHMENT,
            C::CAN_CHANGE_OWN_NAME,
            C::CAN_CHANGE_OWN_PRESENCE,
            C::CAN_CHANGE_OWN_AVATAR,
        ],
    ]
    .concat();
    let speaker = [
        attendee.as_slice(),
        &[
            C::CAN_SEND_MESSAGE,
            C::CAN_EDIT_OWN_MESSAGE,
            C::CAN_DELETE_OWN_MESSAGE,
            C::CAN_START_TOPIC,
            C::CAN_UPLOAD_IMAGE,
            C::CAN_UPLOAD_VIDEO,
            C::CAN_UPLOAD_AUDIO,
            C::CAN_UPLOAD_ATTACHMENT,
            C::CAN_SEND_LINK,
            C::CAN_SEND_LINK_PREVIEW,
        ],
    ]
    .concat();
    let moderator = [
        speaker.as_slice(),
        &[
            C::CAN_ADD_PARTICIPANT,
            C::CAN_REMOVE_PARTICIPANT,
            C::CAN_BAN,
            C::CAN_UN_BAN,
            C::CAN_KICK,
            C::CAN_CHANGE_USER_ROLE,
            C::CAN_CREATE_JOIN_CODE,
            C::CAN_DELETE_JOIN_CODE,
            C::CAN_DELETE_OTHER_REACTION,
            C::CAN_DELETE_OTHER_MESSAGE,
            C::CAN_EDIT_OWN_TOPIC,
            C::CAN_EDIT_OTHER_TOPIC,
            C::CAN_CHANGE_ROOM_NAME,
            C::CAN_CHANGE_ROOM_AVATAR,
            C::CAN_CHANGE_ROOM_SUBJECT,
            C::CAN_CHANGE_ROOM_MOOD,
        ],
    ]
    .concat();
    let super_admin = [
        moderator.as_slice(),
        &[
            C::CAN_CHANGE_ROOM_DESCRIPTION,
            C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
            C::CAN_CHANGE_ROLE_DEFINITIONS,
            C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
            C::CAN_DESTROY_ROOM,
            C::CAN_SEND_MLS_REINIT_PROPOSAL,
        ],
    ]
    .concat();
    let moderator_changes: Changes<'_> = &[
        (0, &[1, 2, 3, 4, 5]),
        (1, &[0, 2, 3, 4, 5]),
        (2, &[0, 1, 3, 4, 5]),
        (3, &[0, 1, 2, 4, 5]),
        (4, &[0, 1, 2, 3, 5]),
        (5, &[0, 1, 2, 3, 4]),
    ];
    let super_admin_changes: Changes<'_> = &[
        (0, &[1, 2, 3, 4, 5, 6]),
        (1, &[0, 2, 3, 4, 5, 6]),
        (2, &[0, 1, 3, 4, 5, 6]),
        (3, &[0, 1, 2, 4, 5, 6]),
        (4, &[0, 1, 2, 3, 5, 6]),
        (5, &[0, 1, 2, 3, 4, 6]),
        (6, &[0, 1, 2, 3, 4, 5]),
    ];
    let enforcer_changes: Changes<'_> =
        &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1]), (5, &[0, 1]), (6, &[0, 1])];
    RolesList {
        roles: vec![
            role(NO_ROLE, "no_role", &[C::CAN_USE_JOIN_CODE], &[(0, &[2, 3])]),
            banned(),
            role(2, "guest", &guest, &[(0, &[2]), (2, &[0])]),
            role(3, "attendee", &attendee, &[(0, &[3]), (3, &[0])]),
            role(4, "speaker", &speaker, &[(0, &[4]), (4, &[0])]),
            needed(role(5, "moderator", &moderator, moderator_changes)),
            role(6, "super_admin", &super_admin, super_admin_changes),
            policy_enforcer(7, enforcer_changes),
        ],
    }
}

/// §A.4: organisations A (the host), B and C, each with administrators who act on their own people only.
pub fn multi_organization() -> RolesList {
    let org_user = [
        C::CAN_REMOVE_SELF,
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_SEND_MESSAGE,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_SEND_LINK,
        C::CAN_SEND_LINK_PREVIEW,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_AVATAR,
    ];
    let org_admin = [
        org_user.as_slice(),
        &[
            C::CAN_DELETE_OWN_MESSAGE,
            C::CAN_START_TOPIC,
            C::CAN_UPLOAD_IMAGE,
            C::CAN_UPLOAD_VIDEO,
            C::CAN_UPLOAD_AUDIO,
            C::CAN_UPLOAD_ATTACHMENT,
            C::CAN_ADD_PARTICIPANT,
            C::CAN_REMOVE_PARTICIPANT,
            C::CAN_BAN,
            C::CAN_KICK,
            C::CAN_CHANGE_USER_ROLE,
        ],
    ]
    .concat();
    // The host's people may also come, and rise, by what their credential says.
    let host = [C::CAN_CHANGE_OWN_ROLE, C::CAN_JOIN_IF_PREAUTHORIZED];
    let (host_user, host_admin) = ([org_user.as_slice(), &host].concat(), [org_admin.as_slice(), &host].concat());
    let super_admin = [
        host_admin.as_slice(),
        &[
            C::CAN_UN_BAN,
            C::CAN_DELETE_OTHER_REACTION,
            C::CAN_DELETE_OTHER_MESSAGE,
            C::CAN_EDIT_OWN_TOPIC,
            C::CAN_EDIT_OTHER_TOPIC,
            C::CAN_CHANGE_ROOM_DESCRIPTION,
            C::CAN_CHANGE_ROOM_NAME,
            C::CAN_CHANGE_ROOM_AVATAR,
            C::CAN_CHANGE_ROOM_SUBJECT,
            C::CAN_CHANGE_ROOM_MOOD,
            C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
            C::CAN_CHANGE_ROLE_DEFINITIONS,
            C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
            C::CAN_DESTROY_ROOM,
            C::CAN_SEND_MLS_REINIT_PROPOSAL,
        ],
    ]
    .concat();
    let super_admin_changes: Changes<'_> = &[
        (0, &[1, 2, 3, 4, 5, 6, 7, 8]),
        (1, &[0, 2, 3, 4, 5, 6, 7, 8]),
        (2, &[0, 1, 5, 8]),
        (3, &[0, 1, 6]),
        (4, &[0, 1, 7]),
        (5, &[0, 1, 2, 8]),
        (6, &[0, 1, 3]),
        (7, &[0, 1, 4]),
        (8, &[0, 1, 2, 5]),
    ];
    // As it stands there: org_a_user (2) is left out.
    let enforcer_changes: Changes<'_> =
        &[(0, &[1]), (1, &[0]), (3, &[0, 1]), (4, &[0, 1]), (5, &[0, 1]), (6, &[0, 1]), (7, &[0, 1]), (8, &[0, 1])];
    let super_admins = role(8, "super_admin", &super_admin, super_admin_changes);
    RolesList {
        roles: vec![
            no_role(&[], &[]),
            banned(),
            role(2, "org_a_user", &host_user, &[(0, &[2]), (2, &[0])]),
            role(3, "org_b_user", &org_user, &[(0, &[3]), (3, &[0])]),
            role(4, "org_c_user", &org_user, &[(0, &[4]), (4, &[0])]),
            role(5, "org_a_admin", &host_admin, &[(0, &[2, 5]), (2, &[0, 1, 5]), (5, &[0, 1, 2])]),
            org_admins(role(6, "org_b_admin", &org_admin, &[(0, &[3, 6]), (3, &[0, 1, 6]), (6, &[0, 1, 3])])),
            org_admins(role(7, "org_c_admin", &org_admin, &[(0, &[4, 7]), (4, &[0, 1, 7]), (7, &[0, 1, 4])])),
            Role { minimum_active_participants_constraint: 1, ..needed(super_admins) },
            policy_enforcer(9, enforcer_changes),
        ],
    }
}
