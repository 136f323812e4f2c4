//! `groupInfo` [mimi-protocol-06 §5.6]: what a participant's new client needs to join by an external commit.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use causeway_core::conversation::Conversation;
use causeway_drafts::mimi_protocol_06::Protocol;
use causeway_drafts::mimi_protocol_06::group_info::{
    ENCRYPTION_LABEL, EncryptedGroupInfo, GroupInfoRatchetTreeTbe, GroupInfoRequest, GroupInfoResponse, GroupInfoStatus, HubSender,
    PendingProposal,
};
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::ratchet_tree::RatchetTreeOption;
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use causeway_drafts::{DecodeError, Verbatim, decode_exact, encode};
use causeway_mls::{CIPHERSUITE, certify_signature, seal_to};

use super::{answer_with, our_room};
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, Session, now_ms};

pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<Response, MimiError> {
    let room = our_room(&node, &request.path)?;
    let decoded: Arc<GroupInfoRequest> = Arc::new(decode_exact(&request.body)?);
    let (from, room) = (request.from, Arc::new(room));
    let status = node.transaction("group info", move |session| {
        let (from, room, decoded) = (from.clone(), room.clone(), decoded.clone());
        Box::pin(async move {
            let status = status(session, &room, (&from, &decoded)).await?;
            signed(session.node, &room, status)
        })
    });
    Ok(answer_with(&status.await?))
}

/// P-076, P-080: whoever may not join is told nothing about the room.
async fn status(
    session: &mut Session<'_>,
    room: &RoomUri,
    (from, request): (&ProviderDomain, &GroupInfoRequest),
) -> Result<GroupInfoStatus, NodeError> {
    let client = certify_signature(
        (&request.requesting_credential, request.requesting_signature_key.as_slice()),
        (&request.signed_content(), request.signature.as_slice()),
        &session.node.roots.current(),
        now_ms(),
    )?;
    if client.user().provider() != *from || request.ciphersuite != CIPHERSUITE {
        return Ok(GroupInfoStatus::NotAuthorized);
    }
    let Some(conversation) = session.find(&Find::Mimi(room.to_string())).await? else { return Ok(GroupInfoStatus::NotAuthorized) };
    let status = match conversation.may_join(client.user()) {
        true => encrypted(session, &conversation, (room, request)),
        false => Ok(GroupInfoStatus::NotAuthorized),
    };
    session.unchanged(conversation);
    status
}

/// P-077, P-079.
fn encrypted(
    session: &Session<'_>,
    conversation: &Conversation,
    (room, request): (&RoomUri, &GroupInfoRequest),
) -> Result<GroupInfoStatus, NodeError> {
    let stored = |error: DecodeError| NodeError::Stored(error.to_string());
    let (group_info, ratchet_tree, pending) = conversation.give_group_info()?;
    let pending_proposals = pending.iter().map(|proposal| {
        let message = Message::from_bytes(&proposal.message)?;
        Ok(PendingProposal { proposal: message, hub_accepted_time: proposal.accepted_at })
    });
    let plain = GroupInfoRatchetTreeTbe {
        group_info: Verbatim::from_bytes(&group_info).map_err(stored)?,
        ratchet_tree: RatchetTreeOption::full(&ratchet_tree).map_err(stored)?,
        pending_proposals: pending_proposals.collect::<Result<_, DecodeError>>().map_err(stored)?,
    };
    let context = (ENCRYPTION_LABEL, room.as_str().as_bytes());
    let sealed = seal_to(request.group_info_public_key.as_slice(), context, &encode(&plain))?;
    let hub = &session.node.gateway.hub;
    Ok(GroupInfoStatus::Success(Box::new(EncryptedGroupInfo {
        ciphersuite: CIPHERSUITE,
        hub_sender: HubSender { signature_key: hub.signature_public_key().into(), credential: hub.credential() },
        encrypted_groupinfo_and_tree: sealed,
        signature: Vec::new().into(),
    })))
}

/// P-078.
fn signed(node: &Node, room: &RoomUri, status: GroupInfoStatus) -> Result<GroupInfoResponse, NodeError> {
    let room_id = room.as_str().as_bytes().to_vec().into();
    let mut response = GroupInfoResponse { protocol: Protocol::Mls10, room_id, status };
    let content = response.signed_content();
    if let (GroupInfoStatus::Success(success), Some(content)) = (&mut response.status, content) {
        success.signature = node.gateway.hub.sign(&content)?.into();
    }
    Ok(response)
}
