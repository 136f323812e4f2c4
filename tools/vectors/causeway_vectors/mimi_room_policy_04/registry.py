"""MIMI Role Capabilities registry [§10.2]"""

from ..cases import Computed
from .common import DRAFT

CAPABILITIES = {
    0x0000: (
        "canAddParticipant canRemoveParticipant canAddOwnClient canRemoveOwnClient canOpenJoin canJoinIfPreauthorized "
        "canRemoveSelf canCreateJoinCode canDeleteJoinCode canUseJoinCode canBan canUnBan canKick canKnock canAcceptKnock "
        "canChangeUserRole canChangeOwnRole canCreateSubgroup"
    ),
    0x0100: (
        "canSendMessage canReceiveMessage canCopyMessage canReportAbuse canReplyToMessage canReactToMessage canEditReaction "
        "canDeleteOwnReaction canDeleteOtherReaction canEditOwnMessage canDeleteOwnMessage canDeleteOtherMessage "
        "canStartTopic canReplyInTopic canEditOwnTopic canEditOtherTopic canSendDirectMessage canTargetMessage"
    ),
    0x0200: (
        "canUploadImage canUploadAudio canUploadVideo canUploadAttachment canDownloadImage canDownloadAudio "
        "canDownloadVideo canDownloadAttachment canSendLink canSendLinkPreview canFollowLink canCopyLink"
    ),
    0x0300: "canChangeRoomName canChangeRoomDescription canChangeRoomAvatar canChangeRoomSubject canChangeRoomMood",
    0x0380: "canChangeOwnName canChangeOwnPresence canChangeOwnMood canChangeOwnAvatar",
    0x0400: (
        "canStartCall canJoinCall canSendAudio canReceiveAudio canSendVideo canReceiveVideo canShareScreen canViewSharedScreen"
    ),
    0x0500: (
        "canCreateRoom canDestroyRoom canChangeRoomMembershipStyle canChangeRoleDefinitions canChangePreauthorizedUserList "
        "canChangeOtherPolicyAttribute"
    ),
    0x0600: (
        "canChangeMlsOperationalPolicies canSendMLSReinitProposal canSendMLSUpdateProposal canSendMLSPSKProposal "
        "canSendMLSExternalProposal canSendMLSExternalCommit"
    ),
}
RESERVED = [
    "canCreateJoinCode",
    "canDeleteJoinCode",
    "canKnock",
    "canAcceptKnock",
    "canCreateSubgroup",
    "canSendDirectMessage",
    "canTargetMessage",
    "canChangeOwnName",
    "canChangeOwnPresence",
    "canChangeOwnMood",
    "canChangeOwnAvatar",
    "canCreateRoom",
    "canChangeOtherPolicyAttribute",
    "canChangeMlsOperationalPolicies",
    "canSendMLSUpdateProposal",
    "canSendMLSPSKProposal",
    "canSendMLSExternalProposal",
    "canSendMLSExternalCommit",
]

NUMBERS = {name: first + index for first, names in CAPABILITIES.items() for index, name in enumerate(names.split())}


def numbers(names):
    """Capabilities by their numbers, in order. G-63: `canUnban` is `canUnBan`, and two names have no number."""
    known = {"canUnban": "canUnBan"}
    numberless = {"canRevokeVoice", "canGrantVoice"}
    return sorted({NUMBERS[known.get(name, name)] for name in names if name not in numberless})


def files():
    entries = [{"name": name, "value": value, "reserved": name in RESERVED} for name, value in NUMBERS.items()]
    yield Computed(DRAFT, "capabilities", "10.2", entries)
