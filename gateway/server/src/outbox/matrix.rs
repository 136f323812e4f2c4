//! Invites, joins and declined invitations at homeservers.

use std::sync::Arc;

use causeway_core::code::Coded;
use causeway_core::conversation::{Answer, Outgoing};
use causeway_core::matrix::Pdu;
use causeway_core::records::OutboxRow;
use ruma::{OwnedRoomId, OwnedServerName, OwnedUserId, UserId};

use super::Peer;
use super::deliver::Outcome;
use crate::matrix::{self, FederationError};
use crate::node::{Find, Node, NodeError, now_ms};

/// Before it has waited so long, ms, a refused join is not refused for good.
const JOIN_PATIENCE: i64 = 30_000;

fn stored(error: impl std::fmt::Display) -> NodeError {
    NodeError::Stored(error.to_string())
}

fn failed(server: &OwnedServerName, error: &FederationError) -> Outcome {
    match error.is_final() {
        true => Outcome::Answered(Answer::Refused(error.to_string())),
        false => Outcome::Failed {
            peer: Peer::Homeserver(server.clone()),
            code: error.code(),
            why: error.coded(),
            retry_after: error.retry_after(),
        },
    }
}

/// Has the invited user's homeserver sign.
pub(super) async fn invite(node: &Arc<Node>, row: &OutboxRow, pdu: Pdu) -> Result<Outcome, NodeError> {
    let user = UserId::parse(pdu.state_key().unwrap_or_default()).map_err(stored)?;
    let server = user.server_name().to_owned();
    let id = row.conversation_id.ok_or_else(|| stored("an invite without conversation"))?;
    let (version, state) = node
        .transaction("invite state", move |session| {
            Box::pin(async move {
                let conversation = session.conversation(&Find::Id(id)).await?;
                let room = conversation.room.as_ref().ok_or(NodeError::NoSuchRoom)?;
                let state = (room.version().clone(), matrix::invite_state(room));
                session.unchanged(conversation);
                Ok(state)
            })
        })
        .await?;
    Ok(match matrix::invite(node, &server, &pdu, (&version, state)).await {
        Ok(signed) => Outcome::Answered(Answer::Invited(Box::new(signed))),
        Err(error) => failed(&server, &error),
    })
}

/// Joins a room that we are not in yet. An invite reaches us before its own homeserver has stored it, so that the
/// first refusals may only mean that we were quick.
pub(super) async fn join(node: &Arc<Node>, row: &OutboxRow, item: &Outgoing) -> Result<Outcome, NodeError> {
    let Outgoing::MatrixJoin { room_id, user, via } = item else { return Err(stored("not a join")) };
    let room_id = OwnedRoomId::try_from(room_id.clone()).map_err(stored)?;
    let user = OwnedUserId::try_from(user.clone()).map_err(stored)?;
    let via = via.iter().map(|server| OwnedServerName::try_from(server.clone())).collect::<Result<Vec<_>, _>>().map_err(stored)?;
    let first = via.first().cloned().ok_or_else(|| stored("a join without homeserver"))?;
    Ok(match matrix::join(node, &room_id, &user, &via).await {
        Ok(joined) => Outcome::Answered(Answer::Joined(joined.0)),
        Err(error) if (now_ms() as i64) < row.queued_at + JOIN_PATIENCE => Outcome::Failed {
            peer: Peer::Homeserver(first),
            code: error.code(),
            why: error.coded(),
            retry_after: error.retry_after(),
        },
        Err(error) => failed(&first, &error),
    })
}

/// Declines an invitation.
pub(super) async fn decline(node: &Arc<Node>, item: &Outgoing) -> Result<Outcome, NodeError> {
    let Outgoing::MatrixDecline { room_id, user, via } = item else { return Err(stored("not a declined invitation")) };
    let room_id = OwnedRoomId::try_from(room_id.clone()).map_err(stored)?;
    let user = OwnedUserId::try_from(user.clone()).map_err(stored)?;
    let server = OwnedServerName::try_from(via.clone()).map_err(stored)?;
    Ok(match matrix::decline(node, &room_id, &user, &server).await {
        Ok(()) => Outcome::Answered(Answer::Accepted),
        Err(error) => failed(&server, &error),
    })
}
