"""Role examples [Appendix A]. Where the text slips: a speaker has the capabilities of an attendee (A.3 names the speaker
itself), and a moderator those of a speaker (A.3 has no ordinary_user)."""

import re

from .common import file
from .registry import numbers
from .roles import ROLES, role

ORDINARY = [
    "canAddParticipant",
    "canRemoveParticipant",
    "canAddOwnClient",
    "canRemoveOwnClient",
    "canRemoveSelf",
    "canSendMessage",
    "canReceiveMessage",
    "canCopyMessage",
    "canReportAbuse",
    "canReplyToMessage",
    "canReactToMessage",
    "canDeleteOwnReaction",
    "canEditOwnMessage",
    "canDeleteOwnMessage",
    "canStartTopic",
    "canReplyInTopic",
    "canEditOwnTopic",
    "canUploadImage",
    "canUploadVideo",
    "canUploadAudio",
    "canUploadAttachment",
    "canDownloadImage",
    "canDownloadVideo",
    "canDownloadAudio",
    "canDownloadAttachment",
    "canSendLink",
    "canSendLinkPreview",
    "canFollowLink",
    "canCopyLink",
    "canChangeRoomName",
    "canChangeRoomAvatar",
    "canChangeRoomSubject",
    "canChangeRoomMood",
    "canChangeOwnName",
    "canChangeOwnPresence",
    "canChangeOwnMood",
    "canChangeOwnAvatar",
]
ADMIN = ORDINARY + [
    "canBan",
    "canUnBan",
    "canKick",
    "canRevokeVoice",
    "canGrantVoice",
    "canChangeUserRole",
    "canDeleteOtherMessage",
    "canEditOtherTopic",
    "canChangeRoomDescription",
]
SUPER = ADMIN + ["canChangeRoomMembershipStyle", "canChangePreauthorizedUserList", "canDestroyRoom"]
ENFORCER = [
    "canRemoveParticipant",
    "canChangeUserRole",
    "canBan",
    "canUnban",
    "canChangeRoleDefinitions",
    "canChangePreauthorizedUserList",
    "canChangeMlsOperationalPolicies",
    "canDestroyRoom",
    "canSendMLSReinitProposal",
]

STRICT_ORDINARY = [
    "canAddOwnClient",
    "canJoinIfPreauthorized",
    "canRemoveOwnClient",
    "canRemoveSelf",
    "canChangeOwnRole",
    "canSendMessage",
    "canReceiveMessage",
    "canCopyMessage",
    "canReportAbuse",
    "canReactToMessage",
    "canDeleteOwnReaction",
    "canEditOwnMessage",
    "canDeleteOwnMessage",
    "canStartTopic",
    "canReplyInTopic",
    "canUploadImage",
    "canUploadVideo",
    "canUploadAudio",
    "canUploadAttachment",
    "canDownloadImage",
    "canDownloadVideo",
    "canDownloadAudio",
    "canDownloadAttachment",
    "canSendLink",
    "canSendLinkPreview",
    "canFollowLink",
    "canCopyLink",
    "canChangeOwnName",
    "canChangeOwnPresence",
    "canChangeOwnMood",
    "canChangeOwnAvatar",
]
ADDED_BY_ADMINS = [
    "canAddParticipant",
    "canRemoveParticipant",
    "canBan",
    "canUnBan",
    "canKick",
    "canChangeUserRole",
    "canCreateJoinCode",
    "canDeleteJoinCode",
    "canDeleteOtherReaction",
    "canDeleteOtherMessage",
    "canEditOwnTopic",
    "canEditOtherTopic",
    "canChangeRoomName",
    "canChangeRoomAvatar",
    "canChangeRoomSubject",
    "canChangeRoomMood",
]
STRICT_ADMIN = STRICT_ORDINARY + ADDED_BY_ADMINS + ["canChangeRoomDescription"]
DISRUPTIVE = [
    "canChangeRoomMembershipStyle",
    "canChangeRoleDefinitions",
    "canChangePreauthorizedUserList",
    "canDestroyRoom",
    "canSendMLSReinitProposal",
]

GUEST = [
    "canRemoveSelf",
    "canReceiveMessage",
    "canCopyMessage",
    "canReactToMessage",
    "canDeleteOwnReaction",
    "canFollowLink",
    "canCopyLink",
    "canDownloadImage",
    "canDownloadVideo",
    "canDownloadAudio",
]
ATTENDEE = GUEST + [
    "canAddOwnClient",
    "canJoinIfPreauthorized",
    "canRemoveOwnClient",
    "canChangeOwnRole",
    "canReportAbuse",
    "canReplyInTopic",
    "canDownloadAttachment",
    "canChangeOwnName",
    "canChangeOwnPresence",
    "canChangeOwnAvatar",
]
SPEAKER = ATTENDEE + [
    "canSendMessage",
    "canEditOwnMessage",
    "canDeleteOwnMessage",
    "canStartTopic",
    "canUploadImage",
    "canUploadVideo",
    "canUploadAudio",
    "canUploadAttachment",
    "canSendLink",
    "canSendLinkPreview",
]
MODERATOR = SPEAKER + ADDED_BY_ADMINS

ORG_USER = [
    "canRemoveSelf",
    "canAddOwnClient",
    "canRemoveOwnClient",
    "canSendMessage",
    "canReceiveMessage",
    "canCopyMessage",
    "canReportAbuse",
    "canReplyInTopic",
    "canReactToMessage",
    "canDeleteOwnReaction",
    "canEditOwnMessage",
    "canSendLink",
    "canSendLinkPreview",
    "canFollowLink",
    "canCopyLink",
    "canDownloadImage",
    "canDownloadVideo",
    "canDownloadAudio",
    "canDownloadAttachment",
    "canChangeOwnName",
    "canChangeOwnPresence",
    "canChangeOwnAvatar",
]
ORG_ADMIN = ORG_USER + [
    "canDeleteOwnMessage",
    "canStartTopic",
    "canUploadImage",
    "canUploadVideo",
    "canUploadAudio",
    "canUploadAttachment",
    "canAddParticipant",
    "canRemoveParticipant",
    "canBan",
    "canKick",
    "canChangeUserRole",
]
HOST = ["canChangeOwnRole", "canJoinIfPreauthorized"]
ORG_SUPER = (
    ORG_ADMIN
    + HOST
    + DISRUPTIVE
    + [
        "canUnBan",
        "canDeleteOtherReaction",
        "canDeleteOtherMessage",
        "canEditOwnTopic",
        "canEditOtherTopic",
        "canChangeRoomDescription",
        "canChangeRoomName",
        "canChangeRoomAvatar",
        "canChangeRoomSubject",
        "canChangeRoomMood",
    ]
)

INACTIVE = {"most_active": 0}
ENFORCING = {"least": 1, "most": 2, "most_active": 0}
ONE_AT_LEAST = {"least": 1}
ORG_ADMINS = {"least": 1, "most": 3, "least_active": 1}


def changes(text):
    """`(0,[1,2]), (1,[0])`, as the draft writes them."""
    pairs = re.findall(r"\((\d+), ?\[([\d,]*)\]\)", text)
    return [(int(source), [int(target) for target in targets.split(",") if target]) for source, targets in pairs]


def role_set(*roles):
    """A list of roles, numbered from 0."""
    return [
        role(index, name, numbers(capabilities), changes(text), **constraints)
        for index, (name, capabilities, text, constraints) in enumerate(roles)
    ]


BANNED = ("banned", [], "", INACTIVE)
SETS = {
    "cooperatively-administered-room": role_set(
        ("no_role", [], "", INACTIVE),
        BANNED,
        ("ordinary_user", ORDINARY, "(0,[2]), (2,[0])", {}),
        ("group_admin", ADMIN, "(0,[1,2,3]), (1,[0,2,3]), (2,[0,1,3]), (3,[0,1,2])", ONE_AT_LEAST),
        ("super_admin", SUPER, "(0,[1,2,3,4]), (1,[0,2,3,4]), (2,[0,1,3,4]), (3,[0,1,2,4]), (4,[0,1,2,3])", {}),
        ("policy_enforcer", ENFORCER, "(0,[1]), (1,[0]), (2,[0,1]), (3,[0,1]), (4,[0,1])", ENFORCING),
    ),
    "strictly-administered-room": role_set(
        ("no_role", ["canUseJoinCode"], "(0,[2])", INACTIVE),
        BANNED,
        ("ordinary_user", STRICT_ORDINARY, "(0,[2]), (2,[0])", {}),
        ("group_admin", STRICT_ADMIN, "(0,[1,2,3]), (1,[0,2,3]), (2,[0,1,3]), (3,[0,1,2])", ONE_AT_LEAST),
        (
            "super_admin",
            STRICT_ADMIN + DISRUPTIVE,
            "(0,[1,2,3,4]), (1,[0,2,3,4]), (2,[0,1,3,4]), (3,[0,1,2,4]), (4,[0,1,2,3])",
            {},
        ),
        ("policy_enforcer", ENFORCER, "(0,[1]), (1,[0]), (2,[0,1]), (3,[0,1]), (4,[0,1])", ENFORCING),
    ),
    "moderated-room": role_set(
        ("no_role", ["canUseJoinCode"], "(0,[2,3])", {}),
        BANNED,
        ("guest", GUEST, "(0,[2]), (2,[0])", {}),
        ("attendee", ATTENDEE, "(0,[3]), (3,[0])", {}),
        ("speaker", SPEAKER, "(0,[4]), (4,[0])", {}),
        (
            "moderator",
            MODERATOR,
            "(0,[1,2,3,4,5]), (1,[0,2,3,4,5]), (2,[0,1,3,4,5]), (3,[0,1,2,4,5]), (4,[0,1,2,3,5]), (5,[0,1,2,3,4])",
            ONE_AT_LEAST,
        ),
        (
            "super_admin",
            MODERATOR + DISRUPTIVE + ["canChangeRoomDescription"],
            "(0,[1,2,3,4,5,6]), (1,[0,2,3,4,5,6]), (2,[0,1,3,4,5,6]), (3,[0,1,2,4,5,6]), (4,[0,1,2,3,5,6]), "
            "(5,[0,1,2,3,4,6]), (6,[0,1,2,3,4,5])",
            {},
        ),
        (
            "policy_enforcer",
            ENFORCER,
            "(0,[1]), (1,[0]), (2,[0,1]), (3,[0,1]), (4,[0,1]), (5, [0,1]), (6, [0,1])",
            ENFORCING,
        ),
    ),
    "multi-organization-administered-room": role_set(
        ("no_role", [], "", INACTIVE),
        BANNED,
        ("org_a_user", ORG_USER + HOST, "(0,[2]), (2,[0])", {}),
        ("org_b_user", ORG_USER, "(0,[3]), (3,[0])", {}),
        ("org_c_user", ORG_USER, "(0,[4]), (4,[0])", {}),
        ("org_a_admin", ORG_ADMIN + HOST, "(0,[2,5]), (2,[0,1,5]), (5,[0,1,2])", {}),
        ("org_b_admin", ORG_ADMIN, "(0,[3,6]), (3,[0,1,6]), (6,[0,1,3])", ORG_ADMINS),
        ("org_c_admin", ORG_ADMIN, "(0,[4,7]), (4,[0,1,7]), (7,[0,1,4])", ORG_ADMINS),
        (
            "super_admin",
            ORG_SUPER,
            "(0,[1,2,3,4,5,6,7,8]), (1,[0,2,3,4,5,6,7,8]), (2,[0,1,5,8]), (3,[0,1,6]), (4,[0,1,7]), (5,[0,1,2,8]), "
            "(6,[0,1,3]), (7,[0,1,4]), (8,[0,1,2,5])",
            {"least": 1, "least_active": 1},
        ),
        (
            "policy_enforcer",
            ENFORCER,
            "(0,[1]), (1,[0]), (3,[0,1]), (4,[0,1]), (5,[0,1]), (6,[0,1]), (7,[0,1]), (8,[0,1])",
            ENFORCING,
        ),
    ),
}


def files():
    vectors = file("example-role-sets", "Appendix A", ROLES, "0x0025 roles_list", "RoleUpdate")
    for name, roles in SETS.items():
        case = vectors.valid(name, {"roles": roles})
    vectors.cut_and_longer(case)
    vectors.invalid_fields(
        "without-the-banned-role", case, "rule", "R-007", roles=[*case.fields["roles"][:1], *case.fields["roles"][2:]]
    )
    yield vectors
