//! The capability registry [mimi-room-policy-04 §8].

use tls_codec::{TlsDeserialize, TlsSerialize, TlsSize};

/// A capability. Values that are reserved or unknown are tolerated and grant nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, TlsSize, TlsSerialize, TlsDeserialize)]
pub struct Capability(pub u16);

impl Capability {
    /// `canAddParticipant`
    pub const CAN_ADD_PARTICIPANT: Self = Self(0x0000);
    /// `canRemoveParticipant`
    pub const CAN_REMOVE_PARTICIPANT: Self = Self(0x0001);
    /// `canAddOwnClient`
    pub const CAN_ADD_OWN_CLIENT: Self = Self(0x0002);
    /// `canRemoveOwnClient`
    pub const CAN_REMOVE_OWN_CLIENT: Self = Self(0x0003);
    /// `canOpenJoin`
    pub const CAN_OPEN_JOIN: Self = Self(0x0004);
    /// `canJoinIfPreauthorized`
    pub const CAN_JOIN_IF_PREAUTHORIZED: Self = Self(0x0005);
    /// `canRemoveSelf`
    pub const CAN_REMOVE_SELF: Self = Self(0x0006);
    /// `canCreateJoinCode` (reserved)
    pub const CAN_CREATE_JOIN_CODE: Self = Self(0x0007);
    /// `canDeleteJoinCode` (reserved)
    pub const CAN_DELETE_JOIN_CODE: Self = Self(0x0008);
    /// `canUseJoinCode`
    pub const CAN_USE_JOIN_CODE: Self = Self(0x0009);
    /// `canBan`
    pub const CAN_BAN: Self = Self(0x000A);
    /// `canUnBan`
    pub const CAN_UN_BAN: Self = Self(0x000B);
    /// `canKick`
    pub const CAN_KICK: Self = Self(0x000C);
    /// `canKnock` (reserved)
    pub const CAN_KNOCK: Self = Self(0x000D);
    /// `canAcceptKnock` (reserved)
    pub const CAN_ACCEPT_KNOCK: Self = Self(0x000E);
    /// `canChangeUserRole`
    pub const CAN_CHANGE_USER_ROLE: Self = Self(0x000F);
    /// `canChangeOwnRole`
    pub const CAN_CHANGE_OWN_ROLE: Self = Self(0x0010);
    /// `canCreateSubgroup` (reserved)
    pub const CAN_CREATE_SUBGROUP: Self = Self(0x0011);
    /// `canSendMessage`
    pub const CAN_SEND_MESSAGE: Self = Self(0x0100);
    /// `canReceiveMessage`
    pub const CAN_RECEIVE_MESSAGE: Self = Self(0x0101);
    /// `canCopyMessage`
    pub const CAN_COPY_MESSAGE: Self = Self(0x0102);
    /// `canReportAbuse`
    pub const CAN_REPORT_ABUSE: Self = Self(0x0103);
    /// `canReplyToMessage`
    pub const CAN_REPLY_TO_MESSAGE: Self = Self(0x0104);
    /// `canReactToMessage`
    pub const CAN_REACT_TO_MESSAGE: Self = Self(0x0105);
    /// `canEditReaction`
    pub const CAN_EDIT_REACTION: Self = Self(0x0106);
    /// `canDeleteOwnReaction`
    pub const CAN_DELETE_OWN_REACTION: Self = Self(0x0107);
    /// `canDeleteOtherReaction`
    pub const CAN_DELETE_OTHER_REACTION: Self = Self(0x0108);
    /// `canEditOwnMessage`
    pub const CAN_EDIT_OWN_MESSAGE: Self = Self(0x0109);
    /// `canDeleteOwnMessage`
    pub const CAN_DELETE_OWN_MESSAGE: Self = Self(0x010A);
    /// `canDeleteOtherMessage`
    pub const CAN_DELETE_OTHER_MESSAGE: Self = Self(0x010B);
    /// `canStartTopic`
    pub const CAN_START_TOPIC: Self = Self(0x010C);
    /// `canReplyInTopic`
    pub const CAN_REPLY_IN_TOPIC: Self = Self(0x010D);
    /// `canEditOwnTopic`
    pub const CAN_EDIT_OWN_TOPIC: Self = Self(0x010E);
    /// `canEditOtherTopic`
    pub const CAN_EDIT_OTHER_TOPIC: Self = Self(0x010F);
    /// `canSendDirectMessage` (reserved)
    pub const CAN_SEND_DIRECT_MESSAGE: Self = Self(0x0110);
    /// `canTargetMessage` (reserved)
    pub const CAN_TARGET_MESSAGE: Self = Self(0x0111);
    /// `canUploadImage`
    pub const CAN_UPLOAD_IMAGE: Self = Self(0x0200);
    /// `canUploadAudio`
    pub const CAN_UPLOAD_AUDIO: Self = Self(0x0201);
    /// `canUploadVideo`
    pub const CAN_UPLOAD_VIDEO: Self = Self(0x0202);
    /// `canUploadAttachment`
    pub const CAN_UPLOAD_ATTACHMENT: Self = Self(0x0203);
    /// `canDownloadImage`
    pub const CAN_DOWNLOAD_IMAGE: Self = Self(0x0204);
    /// `canDownloadAudio`
    pub const CAN_DOWNLOAD_AUDIO: Self = Self(0x0205);
    /// `canDownloadVideo`
    pub const CAN_DOWNLOAD_VIDEO: Self = Self(0x0206);
    /// `canDownloadAttachment`
    pub const CAN_DOWNLOAD_ATTACHMENT: Self = Self(0x0207);
    /// `canSendLink`
    pub const CAN_SEND_LINK: Self = Self(0x0208);
    /// `canSendLinkPreview`
    pub const CAN_SEND_LINK_PREVIEW: Self = Self(0x0209);
    /// `canFollowLink`
    pub const CAN_FOLLOW_LINK: Self = Self(0x020A);
    /// `canCopyLink`
    pub const CAN_COPY_LINK: Self = Self(0x020B);
    /// `canChangeRoomName`
    pub const CAN_CHANGE_ROOM_NAME: Self = Self(0x0300);
    /// `canChangeRoomDescription`
    pub const CAN_CHANGE_ROOM_DESCRIPTION: Self = Self(0x0301);
    /// `canChangeRoomAvatar`
    pub const CAN_CHANGE_ROOM_AVATAR: Self = Self(0x0302);
    /// `canChangeRoomSubject`
    pub const CAN_CHANGE_ROOM_SUBJECT: Self = Self(0x0303);
    /// `canChangeRoomMood`
    pub const CAN_CHANGE_ROOM_MOOD: Self = Self(0x0304);
    /// `canChangeOwnName` (reserved)
    pub const CAN_CHANGE_OWN_NAME: Self = Self(0x0380);
    /// `canChangeOwnPresence` (reserved)
    pub const CAN_CHANGE_OWN_PRESENCE: Self = Self(0x0381);
    /// `canChangeOwnMood` (reserved)
    pub const CAN_CHANGE_OWN_MOOD: Self = Self(0x0382);
    /// `canChangeOwnAvatar` (reserved)
    pub const CAN_CHANGE_OWN_AVATAR: Self = Self(0x0383);
    /// `canStartCall`
    pub const CAN_START_CALL: Self = Self(0x0400);
    /// `canJoinCall`
    pub const CAN_JOIN_CALL: Self = Self(0x0401);
    /// `canSendAudio`
    pub const CAN_SEND_AUDIO: Self = Self(0x0402);
    /// `canReceiveAudio`
    pub const CAN_RECEIVE_AUDIO: Self = Self(0x0403);
    /// `canSendVideo`
    pub const CAN_SEND_VIDEO: Self = Self(0x0404);
    /// `canReceiveVideo`
    pub const CAN_RECEIVE_VIDEO: Self = Self(0x0405);
    /// `canShareScreen`
    pub const CAN_SHARE_SCREEN: Self = Self(0x0406);
    /// `canViewSharedScreen`
    pub const CAN_VIEW_SHARED_SCREEN: Self = Self(0x0407);
    /// `canCreateRoom` (reserved)
    pub const CAN_CREATE_ROOM: Self = Self(0x0500);
    /// `canDestroyRoom`
    pub const CAN_DESTROY_ROOM: Self = Self(0x0501);
    /// `canChangeRoomMembershipStyle`
    pub const CAN_CHANGE_ROOM_MEMBERSHIP_STYLE: Self = Self(0x0502);
    /// `canChangeRoleDefinitions`
    pub const CAN_CHANGE_ROLE_DEFINITIONS: Self = Self(0x0503);
    /// `canChangePreauthorizedUserList`
    pub const CAN_CHANGE_PREAUTHORIZED_USER_LIST: Self = Self(0x0504);
    /// `canChangeOtherPolicyAttribute` (reserved)
    pub const CAN_CHANGE_OTHER_POLICY_ATTRIBUTE: Self = Self(0x0505);
    /// `canChangeMlsOperationalPolicies` (reserved)
    pub const CAN_CHANGE_MLS_OPERATIONAL_POLICIES: Self = Self(0x0600);
    /// `canSendMLSReinitProposal`
    pub const CAN_SEND_MLS_REINIT_PROPOSAL: Self = Self(0x0601);
    /// `canSendMLSUpdateProposal` (reserved)
    pub const CAN_SEND_MLS_UPDATE_PROPOSAL: Self = Self(0x0602);
    /// `canSendMLSPSKProposal` (reserved)
    pub const CAN_SEND_MLS_PSK_PROPOSAL: Self = Self(0x0603);
    /// `canSendMLSExternalProposal` (reserved)
    pub const CAN_SEND_MLS_EXTERNAL_PROPOSAL: Self = Self(0x0604);
    /// `canSendMLSExternalCommit` (reserved)
    pub const CAN_SEND_MLS_EXTERNAL_COMMIT: Self = Self(0x0605);
}
