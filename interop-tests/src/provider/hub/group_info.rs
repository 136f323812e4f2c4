//! `groupInfo` [mimi-protocol-06 §5.6].

use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::group_info::{
    ENCRYPTION_LABEL, EncryptedGroupInfo, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, HubSender,
};
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_room_policy_04::roles_list::{BANNED, NO_ROLE};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use causeway_drafts::{Verbatim, encode};

use super::HubRoom;
use crate::provider::credentials::{Identity, Trust};
use crate::provider::crypto::{SUITE_NUMBER, encrypt_with_label};
use crate::provider::error::{Error, Result};

/// An answer without GroupInfo (G-21).
fn without(room: &RoomUri, status: GroupInfoStatus) -> GroupInfoResponse {
    GroupInfoResponse { protocol: Protocol::Mls10, room_id: room.as_str().as_bytes().to_vec().into(), status }
}

/// Answers a joiner. The second value is why it was refused, if it was.
///
/// # Errors
/// [`Error::RootsNeeded`], or if the request is malformed.
pub(crate) fn answer_group_info(
    known: Option<&HubRoom>,
    (from, room): (&ProviderDomain, &RoomUri),
    request: &GroupInfoRequest,
    (hub, trust): (&Identity, &Trust),
) -> Result<(GroupInfoResponse, Option<String>)> {
    let Some(known) = known else {
        return Ok((without(room, GroupInfoStatus::NoSuchRoom), Some(format!("there is no room {room}"))));
    };
    match authorise(known, from, request, trust) {
        Ok(()) => Ok((known.give_group_info(request, hub)?, None)),
        Err(Error::NotAllowed(why)) => Ok((without(room, GroupInfoStatus::NotAuthorized), Some(why))),
        Err(error) => Err(error),
    }
}

/// P-075, P-076: who asks is a client of the provider that sends, and its user a participant.
fn authorise(room: &HubRoom, from: &ProviderDomain, request: &GroupInfoRequest, trust: &Trust) -> Result<()> {
    let credential = (&request.requesting_credential, request.requesting_signature_key.as_slice());
    let client = trust.certify_signature(credential, &request.signed_content(), request.signature.as_slice())?;
    let user = client.user_uri();
    match () {
        () if request.ciphersuite != SUITE_NUMBER => Err(Error::NotAllowed("G-67: another ciphersuite".to_owned())),
        () if client.provider() != *from => Err(Error::NotAllowed(format!("P-076: {client} is not a client of {from}"))),
        () if matches!(room.effective_state()?.role_of(&user), NO_ROLE | BANNED) => {
            Err(Error::NotAllowed(format!("P-076: {user} is not a participant")))
        }
        () => Ok(()),
    }
}

impl HubRoom {
    fn give_group_info(&self, request: &GroupInfoRequest, hub: &Identity) -> Result<GroupInfoResponse> {
        let tbe = GroupInfoRatchetTreeTbe {
            group_info: Verbatim::from_bytes(&self.group_info)?,
            ratchet_tree: RatchetTreeOption::full(&encode(&self.group()?.export_ratchet_tree()))?,
            pending_proposals: self.pending.iter().map(|pending| pending.wire.clone()).collect(),
        };
        let room_id = self.room.as_str().as_bytes();
        let key = request.group_info_public_key.as_slice();
        let success = EncryptedGroupInfo {
            ciphersuite: SUITE_NUMBER,
            hub_sender: HubSender { signature_key: hub.public().into(), credential: hub.credential() },
            encrypted_groupinfo_and_tree: encrypt_with_label(key, ENCRYPTION_LABEL, room_id, &encode(&tbe))?,
            signature: Vec::new().into(),
        };
        let mut response = without(&self.room, GroupInfoStatus::Success(Box::new(success)));
        let content = response.signed_content().unwrap_or_default();
        if let GroupInfoStatus::Success(success) = &mut response.status {
            success.signature = hub.sign(&content)?.into();
        }
        Ok(response)
    }
}
