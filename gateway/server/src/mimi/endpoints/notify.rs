//! `notify` [mimi-protocol-06 §5.5]: what the hub of a room that we follow fans out.

use std::sync::Arc;

use axum::extract::State;
use causeway_core::code::{Code, Coded};
use causeway_core::conversation::Conversation;
use causeway_core::records::{InboxRow, ParkedRow};
use causeway_drafts::mimi_protocol_06::notify::{FanoutBody, FanoutMessage};
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use http::StatusCode;
use hyper::body::Bytes;
use tracing::Instrument;

use super::{digest, uri};
use crate::mimi::error::MimiError;
use crate::mimi::identity::FromProvider;
use crate::node::{Find, Node, NodeError, Session, now_ms, to_park};
use crate::telemetry::{Direction, Fate, Intake};

/// A body that was fanned out, by whom, and its name in the inbox.
struct Fanout {
    from: ProviderDomain,
    room: RoomUri,
    messages: Vec<FanoutMessage>,
    body: Bytes,
    source: String,
    digest: String,
}

/// P-070: 201 says that everything is stored.
pub(super) async fn handler(State(node): State<Arc<Node>>, request: FromProvider) -> Result<StatusCode, MimiError> {
    let fanout = Arc::new(Fanout {
        room: uri(&request.path)?,
        messages: FanoutMessage::decode_body(&request.body)?,
        source: format!("mimi:{}", request.from),
        digest: digest("notify", &request.path, &request.body),
        from: request.from,
        body: request.body,
    });
    let intake = Intake::of(Direction::MimiToMatrix, fanout.messages.len());
    let span = tracing::info_span!("room", room = %fanout.room);
    let done = receive_or_park(&node, &fanout).instrument(span.clone()).await;
    let fate = done.as_ref().map_or_else(NodeError::fate, |fate| *fate);
    span.in_scope(|| tracing::debug!(outcome = fate.as_str(), "a fan-out came in"));
    intake.ends(fate);
    done?;
    Ok(StatusCode::CREATED)
}

async fn receive_or_park(node: &Arc<Node>, fanout: &Arc<Fanout>) -> Result<Fate, NodeError> {
    match receive(node, fanout).await {
        Err(error) if error.parks_input() => park_alone(node, fanout, error).await,
        done => done,
    }
}

/// As if a provider had sent the body.
#[cfg(test)]
pub(crate) async fn receive_fanout(
    node: &Arc<Node>,
    from: &ProviderDomain,
    (room, body): (&str, Vec<u8>),
) -> Result<(), MimiError> {
    let fanout = Arc::new(Fanout {
        room: uri(&room.replace(':', "%3A").replace('/', "%2F"))?,
        messages: FanoutMessage::decode_body(&body)?,
        source: format!("mimi:{from}"),
        digest: digest("notify", room, &body),
        from: from.clone(),
        body: body.into(),
    });
    receive_or_park(node, &fanout).await?;
    Ok(())
}

async fn receive(node: &Arc<Node>, fanout: &Arc<Fanout>) -> Result<Fate, NodeError> {
    let fanout = fanout.clone();
    node.transaction("notify", move |session| {
        let fanout = fanout.clone();
        Box::pin(async move {
            let Fanout { from, room, messages, source, digest, .. } = &*fanout;
            let Some(conversation) = conversation(session, room, (from, messages)).await? else {
                return Err(NodeError::NoSuchRoom);
            };
            // P-073: only the first of identical bodies is processed.
            if session.tx.answer(source, digest).await?.is_some() {
                session.unchanged(conversation);
                return Ok(Fate::Duplicate);
            }
            if let Some(first) = session.tx.held_back_by(conversation.row.id).await? {
                let id = conversation.row.id;
                session.unchanged(conversation);
                let why = NodeError::Stored(format!("parked {first} has to be replayed first"));
                park(session, &fanout, (Some(id), true), why).await?;
                return Ok(Fate::Parked);
            }
            take(session, conversation, messages).await?;
            remember(session, &fanout).await?;
            Ok(Fate::Translated)
        })
    })
    .await
}

async fn remember(session: &mut Session<'_>, fanout: &Fanout) -> Result<(), NodeError> {
    let (source, digest) = (fanout.source.clone(), fanout.digest.clone());
    let row = InboxRow { source, digest, answer: Vec::new(), received_at: now_ms() as i64 };
    Ok(session.tx.insert_answer(&row).await?)
}

/// Parks what its conversation cannot take, if that is known and the sender is its hub.
async fn park_alone(node: &Arc<Node>, fanout: &Arc<Fanout>, error: NodeError) -> Result<Fate, NodeError> {
    let (fanout, error) = (fanout.clone(), Arc::new((error.code(), error.to_string())));
    node.transaction("park fan-out", move |session| {
        let (fanout, error) = (fanout.clone(), error.clone());
        Box::pin(async move {
            let known = session.tx.hub_of(fanout.room.as_str()).await?;
            let Some((id, hub)) = known else { return Err(NodeError::Stored(error.1.clone())) };
            if hub.as_deref() != Some(fanout.from.as_str()) {
                return Err(NodeError::NoSuchRoom);
            }
            if session.tx.answer(&fanout.source, &fanout.digest).await?.is_some() {
                return Ok(Fate::Duplicate);
            }
            // What changes the group has to come before what follows; a message that cannot be shown has not.
            let holds_back = fanout.messages.iter().any(|message| !matches!(message.body, FanoutBody::Application { .. }));
            let row = parked(&fanout, (Some(id), holds_back), (error.0, error.1.clone()));
            session.park(&row, NodeError::Stored(error.1.clone())).await?;
            remember(session, &fanout).await?;
            Ok(Fate::Parked)
        })
    })
    .await
}

async fn park(session: &mut Session<'_>, fanout: &Fanout, place: (Option<i64>, bool), why: NodeError) -> Result<(), NodeError> {
    let row = parked(fanout, place, (why.code(), why.to_string()));
    session.park(&row, why).await?;
    remember(session, fanout).await
}

fn parked(fanout: &Fanout, (conversation_id, holds_back): (Option<i64>, bool), why: (Code, String)) -> ParkedRow {
    let row = to_park("fanout", (&fanout.source, fanout.room.as_str()), why);
    ParkedRow { conversation_id, holds_back, body: fanout.body.to_vec(), ..row }
}

/// A parked fan-out, on an operator's word.
pub(crate) async fn replay(node: &Arc<Node>, row: &ParkedRow) -> Result<(), NodeError> {
    let stored = |error: &dyn std::fmt::Display| NodeError::Stored(error.to_string());
    let room: RoomUri = row.subject.parse().map_err(|error| stored(&error))?;
    let messages = Arc::new(FanoutMessage::decode_body(&row.body).map_err(|error| stored(&error))?);
    let (id, find) = (row.id, Find::Mimi(room.to_string()));
    node.transaction("replay fan-out", move |session| {
        let (find, messages) = (find.clone(), messages.clone());
        Box::pin(async move {
            let conversation = session.conversation(&find).await?;
            if session.tx.parked(id).await?.is_none() {
                session.unchanged(conversation);
                return Ok(());
            }
            take(session, conversation, &messages).await?;
            Ok(session.tx.unpark(id).await?)
        })
    })
    .await
}

async fn take(session: &mut Session<'_>, mut conversation: Conversation, messages: &[FanoutMessage]) -> Result<(), NodeError> {
    let welcomes = session.welcomes_for_us(messages).await?;
    let ((), decision) = session.turn(|turn| conversation.notify(turn, messages, welcomes))?;
    session.save(conversation, decision).await.map(|_| ())
}

/// The room's conversation, if the sender is its hub; a Welcome of a new room's hub begins one.
async fn conversation(
    session: &mut Session<'_>,
    room: &RoomUri,
    (from, messages): (&ProviderDomain, &[FanoutMessage]),
) -> Result<Option<Conversation>, NodeError> {
    if let Some(known) = session.find(&Find::Mimi(room.to_string())).await? {
        return Ok(known.is_hub(from).then_some(known));
    }
    let welcomes = messages.iter().any(|message| matches!(message.body, FanoutBody::Welcome { .. }));
    let is_theirs = room.provider() == *from && !session.node.gateway.names.is_ours(from);
    if !(welcomes && is_theirs) || session.welcomes_for_us(messages).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(Conversation::welcomed(room, now_ms())))
}
