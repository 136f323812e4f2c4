//! `POST /_matrix/federation/v1/get_missing_events/{roomId}`: events between two ends of the graph.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use axum::extract::State;
use causeway_core::matrix::{Pdu, Room};
use ruma::api::federation::event::get_missing_events::v1::{Request, Response};
use ruma::{OwnedEventId, OwnedRoomId, OwnedServerName, ServerName};
use serde_json::value::RawValue;

use super::{in_room, room_of};
use crate::matrix::error::MatrixError;
use crate::matrix::extract::{Answer, Signed};
use crate::matrix::visibility::as_seen_by;
use crate::node::{Node, NodeError, Session};

const MAX_EVENTS: u64 = 50;

/// A walk against the arrows of the graph.
pub(super) struct Walk {
    /// In this room.
    pub(super) room_id: OwnedRoomId,
    /// From these events.
    pub(super) from: Vec<OwnedEventId>,
    /// Not into these.
    pub(super) until: Vec<OwnedEventId>,
    /// Not below this depth.
    pub(super) min_depth: i64,
    /// At most so many events.
    pub(super) limit: usize,
    /// Whether the starting events themselves are wanted.
    pub(super) with_start: bool,
}

pub(super) async fn handler(State(node): State<Arc<Node>>, signed: Signed<Request>) -> Result<Answer<Response>, MatrixError> {
    let Signed { origin, request } = signed;
    let walk = Walk {
        room_id: request.room_id,
        from: request.latest_events,
        until: request.earliest_events,
        min_depth: i64::from(request.min_depth),
        limit: u64::from(request.limit).min(MAX_EVENTS) as usize,
        with_start: false,
    };
    let mut events = walk_back(&node, origin, walk).await?;
    // Oldest first.
    events.reverse();
    Ok(Answer(Response::new(events)))
}

/// The events of a walk, newest first, as the homeserver may see them.
pub(super) async fn walk_back(node: &Arc<Node>, origin: OwnedServerName, walk: Walk) -> Result<Vec<Box<RawValue>>, MatrixError> {
    let walk = Arc::new(walk);
    let found = node.transaction("walk back", move |session| {
        let (origin, walk) = (origin.clone(), walk.clone());
        Box::pin(async move {
            let conversation = in_room(session, &walk.room_id, &origin).await?;
            let found = collect(session, room_of(&conversation)?, (&walk, &origin)).await;
            session.unchanged(conversation);
            found
        })
    });
    Ok(found.await?)
}

async fn collect(
    session: &mut Session<'_>,
    room: &Room,
    (walk, server): (&Walk, &ServerName),
) -> Result<Vec<Box<RawValue>>, NodeError> {
    let mut seen: BTreeSet<OwnedEventId> = walk.until.iter().cloned().collect();
    let mut queue: VecDeque<(OwnedEventId, bool)> = walk.from.iter().map(|id| (id.clone(), walk.with_start)).collect();
    let mut found = Vec::new();
    while let Some((id, wanted)) = queue.pop_front() {
        if found.len() >= walk.limit || !seen.insert(id.clone()) {
            continue;
        }
        let Some(row) = session.tx.event(id.as_str()).await? else { continue };
        if row.room_id != room.room_id().as_str() || row.outlier || row.rejected.is_some() || row.depth < walk.min_depth {
            continue;
        }
        let event = Pdu::parse(&row.json, room.version()).map_err(|error| NodeError::Stored(error.to_string()))?;
        queue.extend(event.prev_events().iter().map(|prev| (prev.clone(), true)));
        if wanted {
            found.push((row.depth, as_seen_by(session, room, (&row, server)).await?));
        }
    }
    found.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
    Ok(found.into_iter().map(|(_, json)| json).collect())
}
