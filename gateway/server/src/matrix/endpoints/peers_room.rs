//! Invitations to peers' rooms (SPEC §15.2): followed if a peer's directory names who invites, and refused otherwise.

use std::sync::Arc;

use causeway_core::code::{self, Coded};
use causeway_core::conversation::peers_room::PeersRoomInvite;
use causeway_core::conversation::{Conversation, ConversationError};
use causeway_core::matrix::Pdu;
use ruma::{RoomVersionId, UserId};
use serde_json::Value;

use crate::matrix::error::MatrixError;
use crate::node::{Find, Node, NodeError};

/// Reads an invite to a peers' room, and has the provider that it names say whose it is; none if it is to another room.
pub(super) async fn invite(
    node: &Node,
    pdu: &Pdu,
    (version, room_state): (&RoomVersionId, &[u8]),
    user: &UserId,
) -> Result<Option<PeersRoomInvite>, MatrixError> {
    let room_state: Vec<Value> = serde_json::from_slice(room_state).map_err(MatrixError::internal)?;
    let invite = PeersRoomInvite::read(pdu, version, &room_state).map_err(NodeError::from)?;
    let Some(invite) = invite else { return Ok(None) };
    if *user != node.gateway.names.gateway_user() {
        return Err(MatrixError::new(code::NO_SUCH_USER, "DMLS-38: only the gateway itself comes to a peers' room"));
    }
    let directory = node.providers.directory(&invite.provider).await;
    let directory = directory.map_err(|error| MatrixError::new(error.code(), "the provider's directory cannot be read"))?;
    match directory.causeway_matrix.as_deref() == Some(invite.inviter.as_str()) {
        true => Ok(Some(invite)),
        false => {
            let why = "the provider's directory does not name the inviter";
            Err(NodeError::from(ConversationError::NotAllowed { rule: "DMLS-38", why: why.to_owned() }).into())
        }
    }
}

/// Follows an invitation, if the conversation about the MIMI room knows the provider as a peer.
pub(super) async fn take(node: &Arc<Node>, pdu: Arc<Pdu>, invite: PeersRoomInvite) -> Result<(), MatrixError> {
    let invite = Arc::new(invite);
    let taken = node.transaction("invite to peers' room", move |session| {
        let (pdu, invite) = (pdu.clone(), invite.clone());
        Box::pin(async move {
            let known = session.find(&Find::Matrix(pdu.room_id().to_string())).await?;
            let served = session.conversation(&Find::Mimi(invite.mimi_room.to_string())).await?;
            session.turn(|turn| served.admits_peers_room(turn, &invite.provider))?;
            session.unchanged(served);
            let ours = session.node.gateway.names.gateway_user();
            let (conversation, decision) = session.turn(|turn| match known {
                Some(mut known) => known.ours_invited(turn, &invite.inviter, &ours).map(|()| known),
                None => Conversation::follow_to_peers_room(turn, &invite, &pdu),
            })?;
            session.save(conversation, decision).await?;
            Ok(())
        })
    });
    Ok(taken.await?)
}
