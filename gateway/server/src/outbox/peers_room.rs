//! What peers' rooms are for: nothing leaves from here. What is said in one is an event of it, and leaves as such. A peers' room
//! is always locked before the conversation that it serves, here and where it is heard.

use std::sync::Arc;

use causeway_core::code::Coded;
use causeway_core::conversation::{Answer, Conversation, Outgoing};
use causeway_core::identity::GATEWAY_USER;
use causeway_core::records::OutboxRow;
use causeway_drafts::mimi_uri::{ProviderDomain, RoomUri};
use causeway_mls::MatrixEntry;
use ruma::{OwnedUserId, UserId};

use super::Peer;
use super::deliver::{Outcome, follow};
use crate::node::{Find, Node, NodeError};

/// Says something in a peers' room; who is not there is told otherwise.
pub(super) async fn say(
    node: &Arc<Node>,
    row: &OutboxRow,
    item: &Arc<Outgoing>,
    said: Arc<(String, Vec<String>, Vec<u8>)>,
) -> Result<(), NodeError> {
    let (row, item) = (Arc::new(row.clone()), item.clone());
    node.transaction("say in peers' room", move |session| {
        let (row, item, said) = (row.clone(), item.clone(), said.clone());
        Box::pin(async move {
            let (room_id, to, message) = &*said;
            let absent = match session.find(&Find::Matrix(room_id.clone())).await? {
                Some(mut room) => {
                    let (absent, decision) = session.turn(|turn| room.say_in_peers_room(turn, to, message))?;
                    session.save(room, decision).await?;
                    absent
                }
                None => to.clone(),
            };
            let mut served = session.conversation(&Find::Id(row.conversation_id.unwrap_or_default())).await?;
            let answer = Answer::InPeersRoom(absent);
            let (next, decision) = session.turn(|turn| served.answered(turn, &item, &answer))?;
            session.save(served, decision).await?;
            follow(session, &row, next).await
        })
    })
    .await
}

/// Makes a peers' room.
pub(super) async fn open(node: &Arc<Node>, row: &OutboxRow, room: RoomUri) -> Result<(), NodeError> {
    let id = row.id;
    node.transaction("open peers' room", move |session| {
        let room = room.clone();
        Box::pin(async move {
            let (opened, decision) = session.turn(|turn| Conversation::open_peers_room(turn, &room))?;
            session.save(opened, decision).await?;
            Ok(session.tx.forget(&[id]).await?)
        })
    })
    .await
}

/// Has a provider's user leave a peers' room of ours; our own, if no provider is named.
pub(super) async fn leave(node: &Arc<Node>, row: &OutboxRow, leaves: (String, Option<String>)) -> Result<(), NodeError> {
    let (id, leaves) = (row.id, Arc::new(leaves));
    node.transaction("leave peers' room", move |session| {
        let leaves = leaves.clone();
        Box::pin(async move {
            let (room_id, provider) = &*leaves;
            if let Some(mut room) = session.find(&Find::Matrix(room_id.clone())).await? {
                let ((), decision) = session.turn(|turn| match provider {
                    Some(provider) => room.dismiss_peer(turn, provider),
                    None => room.leave_peers_room(turn),
                })?;
                session.save(room, decision).await?;
            }
            Ok(session.tx.forget(&[id]).await?)
        })
    })
    .await
}

/// Has a peers' room that orders say what is accepted, as far as it does not yet; and tell what it says.
pub(super) async fn order(node: &Arc<Node>, row: &OutboxRow, said: (String, Vec<MatrixEntry>)) -> Result<(), NodeError> {
    let (id, said) = (row.id, Arc::new(said));
    node.transaction("order by peers' room", move |session| {
        let said = said.clone();
        Box::pin(async move {
            let (room_id, entries) = &*said;
            if let Some(mut room) = session.find(&Find::Matrix(room_id.clone())).await? {
                let ((), decision) = session.turn(|turn| room.say_order(turn, entries))?;
                session.save(room, decision).await?;
            }
            Ok(session.tx.forget(&[id]).await?)
        })
    })
    .await
}

/// Asks a provider's directory who speaks for it; why not, if it does not answer.
pub(super) async fn name(
    node: &Arc<Node>,
    row: &OutboxRow,
    (room_id, provider): (String, ProviderDomain),
) -> Result<Option<Outcome>, NodeError> {
    let directory = match node.providers.directory(&provider).await {
        Ok(directory) => Some(directory),
        Err(error) if error.is_final() => None,
        Err(error) => {
            let (code, why, retry_after) = (error.code(), error.coded(), error.retry_after());
            return Ok(Some(Outcome::Failed { peer: Peer::Provider(provider), code, why, retry_after }));
        }
    };
    let user = directory.and_then(|directory| gateway_user(directory.causeway_matrix.as_deref()));
    let (id, found) = (row.id, Arc::new((Find::Matrix(room_id), provider, user)));
    let named = node.transaction("name peer", move |session| {
        let found = found.clone();
        Box::pin(async move {
            let (find, provider, user) = &*found;
            if let Some(mut room) = session.find(find).await? {
                let ((), decision) = session.turn(|turn| room.name_peer(turn, provider, user.as_deref()))?;
                session.save(room, decision).await?;
            }
            Ok(session.tx.forget(&[id]).await?)
        })
    });
    named.await.map(|()| None)
}

/// The user that a directory names: a gateway's own. Nobody else is invited because a directory says so.
fn gateway_user(named: Option<&str>) -> Option<OwnedUserId> {
    named.and_then(|user| UserId::parse(user).ok()).filter(|user| user.localpart() == GATEWAY_USER)
}
