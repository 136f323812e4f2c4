//! `PUT /_matrix/federation/v2/invite/{roomId}/{eventId}`

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use causeway_core::conversation::Conversation;
use causeway_core::matrix::{Pdu, supports};
use ruma::api::federation::membership::create_invite::v2::{Request, Response};
use ruma::{OwnedUserId, RoomVersionId, ServerName, UserId};
use serde_json::value::RawValue;

use super::{admitted, peers_room};
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::matrix::receive::checked_pdu;
use crate::node::{Find, Node, now_ms};
use crate::telemetry::{Direction, Fate, Intake};

/// As much as an invite may say of its room, in octets: nothing of it is used here.
const MAX_ROOM_STATE: usize = 64 * 1024;

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let intake = Intake::one(Direction::MatrixToMimi);
    let done = invite(&node, signed).await;
    intake.ends(done.as_ref().map_or_else(MatrixError::fate, |(_, fate)| *fate));
    done.map(|(answer, _)| Answer(answer))
}

/// What we sign here, we have checked: an invite of one of our users, by a user of the homeserver that sends it.
async fn invite(node: &Arc<Node>, signed: Signed<Request>) -> Result<(Response, Fate), MatrixError> {
    let Signed { origin, request } = signed;
    let version = request.room_version.clone();
    if !supports(&version) {
        return Err(MatrixError::incompatible_room_version(&version));
    }
    let room_state = serde_json::to_vec(&request.invite_room_state).map_err(MatrixError::internal)?;
    if room_state.len() > MAX_ROOM_STATE {
        return Err(MatrixError::new(code::BODY_TOO_LARGE, "the invite says too much of its room"));
    }
    let pdu = checked_pdu(node, request.event.get(), &version).await?;
    let user = check(node, &pdu, &origin, &request)?;
    let peers = peers_room::invite(node, &pdu, (&version, &room_state), &user).await?;
    let mut object = pdu.object().clone();
    node.gateway.keys.co_sign_event(&mut object, &version)?;
    let co_signed = Pdu::from_object(object, &version)?;
    match peers {
        Some(peers) => peers_room::take(node, pdu, peers).await?,
        None => take(node, pdu, user, version).await?,
    }
    let event = RawValue::from_string(co_signed.json()).map_err(MatrixError::internal)?;
    Ok((Response::new(event), Fate::Translated))
}

fn check(node: &Node, pdu: &Pdu, origin: &ServerName, request: &Request) -> Result<OwnedUserId, MatrixError> {
    if *pdu.room_id() != request.room_id || *pdu.event_id() != request.event_id {
        return Err(MatrixError::new(code::EVENT_NOT_AS_NAMED, "the event is not the one that the path names"));
    }
    if pdu.event_type() != "m.room.member" || pdu.content_str("membership").as_deref() != Some("invite") {
        return Err(MatrixError::new(code::EVENT_NOT_AS_NAMED, "not an invite"));
    }
    if pdu.sender().server_name() != origin {
        let why = "the inviter is not a user of the homeserver that sent the invite";
        return Err(MatrixError::new(code::SENDER_ELSEWHERE, why));
    }
    let user = pdu.state_key().and_then(|user| UserId::parse(user).ok());
    let user = user.ok_or_else(|| MatrixError::new(code::EVENT_NOT_AS_NAMED, "the invite names no user"))?;
    let names = &node.gateway.names;
    match user == names.gateway_user() || names.ghost_to_mimi(&user).is_some() {
        true => Ok(user),
        // Hashed names and names that nobody has: a ghost exists if its name says whose it is.
        false => Err(MatrixError::new(code::NO_SUCH_USER, "no such user here")),
    }
}

async fn take(node: &Arc<Node>, pdu: Arc<Pdu>, user: OwnedUserId, version: RoomVersionId) -> Result<(), MatrixError> {
    let taken = node.transaction("invite", move |session| {
        let (pdu, user, version) = (pdu.clone(), user.clone(), version.clone());
        Box::pin(async move {
            let found = session.find(&Find::Matrix(pdu.room_id().to_string())).await?;
            if let Some(room) = found.as_ref().and_then(|conversation| conversation.room.as_ref()) {
                admitted(room, pdu.sender().server_name())?;
            }
            let begin = || Conversation::invited(pdu.room_id(), version.as_str(), now_ms());
            let mut conversation = found.unwrap_or_else(begin);
            let ((), decision) = session.turn(|turn| conversation.ours_invited(turn, pdu.sender(), &user))?;
            session.save(conversation, decision).await?;
            Ok(())
        })
    });
    Ok(taken.await?)
}
