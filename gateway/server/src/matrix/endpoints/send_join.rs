//! `PUT /_matrix/federation/v2/send_join/{roomId}/{eventId}`

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code;
use causeway_core::conversation::ConversationError;
use causeway_core::matrix::Pdu;
use ruma::api::federation::membership::create_join_event::v2::{Request, Response, RoomState};
use ruma::{OwnedServerName, RoomVersionId, ServerName};
use serde_json::value::RawValue;

use super::make_join::authoriser;
use super::room_of;
use super::state::auth_chain;
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::matrix::gap::take_with_gap;
use crate::matrix::receive::{Duty, Received, checked_pdu, room_version};
use crate::node::{Find, Node, NodeError};
use crate::telemetry::{Direction, Fate, Intake};

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let intake = Intake::one(Direction::MatrixToMimi);
    let done = join(&node, signed).await;
    intake.ends(done.as_ref().map_or_else(MatrixError::fate, |(_, fate)| *fate));
    done.map(|(answer, _)| Answer(answer))
}

async fn join(node: &Arc<Node>, signed: Signed<Request>) -> Result<(Response, Fate), MatrixError> {
    let Signed { origin, request } = signed;
    let version = room_version(node, &request.room_id).await?;
    let pdu = Pdu::parse(request.pdu.get(), &version)?;
    check_membership(&pdu, &origin, ("join", request.room_id.as_str(), request.event_id.as_str()))?;
    // Our signature is one of those that a restricted join needs: it comes first, and goes nowhere if the others fail.
    let pdu = co_signed(node, pdu, &version).await?;
    let pdu = checked_pdu(node, &pdu.json(), &version).await?;
    let state = state_for(node, &pdu).await?;
    let received = take_with_gap(node, &origin, &pdu, (&version, Duty::TakeAndRelay)).await?;
    let fate = received.fate();
    match received {
        Received::Taken | Received::Known | Received::Unheeded | Received::Parked => Ok((Response::new(state), fate)),
        Received::Refused(code, why) => Err(MatrixError::new(code, why)),
        Received::MissingPrev(_) | Received::MissingAuth(_) => {
            Err(MatrixError::new(code::EVENT_CONTEXT_MISSING, "the join refers to unknown events"))
        }
    }
}

/// Whether an event is the origin's own membership event for this request.
pub(super) fn check_membership(
    pdu: &Pdu,
    origin: &ServerName,
    (membership, room_id, event_id): (&str, &str, &str),
) -> Result<(), MatrixError> {
    let invalid = |why: &str| Err(MatrixError::new(code::EVENT_NOT_AS_NAMED, why));
    if pdu.room_id() != room_id {
        return invalid("the event is of another room than the path says");
    }
    if pdu.event_id() != event_id {
        return invalid("the event has another id than the path says");
    }
    let is_membership = pdu.event_type() == "m.room.member" && pdu.content_str("membership").as_deref() == Some(membership);
    if !is_membership {
        return invalid("not a membership event of this kind");
    }
    if pdu.state_key() != Some(pdu.sender().as_str()) {
        return invalid("the membership is somebody else's");
    }
    match pdu.sender().server_name() == origin {
        true => Ok(()),
        false => Err(MatrixError::new(code::SENDER_ELSEWHERE, "the sender is not a user of the homeserver that sent it")),
    }
}

/// A restricted join that names one of our users is signed by us, too, if that user may authorise it.
async fn co_signed(node: &Arc<Node>, pdu: Pdu, version: &RoomVersionId) -> Result<Pdu, MatrixError> {
    let Some(named) = pdu.content_str("join_authorised_via_users_server") else { return Ok(pdu) };
    if !named.ends_with(&format!(":{}", node.gateway.names.server_name())) {
        return Ok(pdu);
    }
    let (find, user) = (Find::Matrix(pdu.room_id().to_string()), pdu.sender().clone());
    let allowed = node
        .transaction("authorise join", move |session| {
            let (find, user) = (find.clone(), user.clone());
            Box::pin(async move {
                let conversation = session.conversation(&find).await?;
                let authoriser = authoriser(session, room_of(&conversation)?, &user).await;
                session.unchanged(conversation);
                authoriser
            })
        })
        .await?;
    if allowed.is_none_or(|user| user != named) {
        return Err(MatrixError::new(code::JOIN_NOT_AUTHORISED, "we do not authorise this restricted join"));
    }
    let mut object = pdu.object().clone();
    node.gateway.keys.co_sign_event(&mut object, version)?;
    Ok(Pdu::from_object(object, version)?)
}

/// The state before the join, everything that allows it, and the join as we have it.
async fn state_for(node: &Arc<Node>, join: &Arc<Pdu>) -> Result<RoomState, MatrixError> {
    let wanted = join.clone();
    let (state, chain, servers) = node
        .transaction("state for join", move |session| {
            let join = wanted.clone();
            Box::pin(async move {
                let conversation = session.conversation(&Find::Matrix(join.room_id().to_string())).await?;
                let room = room_of(&conversation)?;
                let state: Vec<Arc<Pdu>> = room.state().values().filter_map(|id| room.event(id)).cloned().collect();
                let chain = auth_chain(session, room, state.iter().cloned().chain([join]).collect()).await?;
                let servers: Vec<OwnedServerName> = room.joined_servers().into_iter().collect();
                if servers.is_empty() {
                    return Err(NodeError::Conversation(ConversationError::MatrixRefused("nobody is in this room".to_owned())));
                }
                session.unchanged(conversation);
                Ok((state, chain, servers))
            })
        })
        .await?;
    let raw = |event: &Arc<Pdu>| RawValue::from_string(event.json()).map_err(MatrixError::internal);
    let mut answer = RoomState::new();
    answer.state = state.iter().map(raw).collect::<Result<_, _>>()?;
    answer.auth_chain = chain.values().map(raw).collect::<Result<_, _>>()?;
    answer.event = Some(raw(join)?);
    answer.servers_in_room = Some(servers.into_iter().map(|server| server.to_string()).collect());
    Ok(answer)
}
