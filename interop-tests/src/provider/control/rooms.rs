//! Rooms.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State as Shared};
use causeway_drafts::mimi_uri::{RoomUri, UserUri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, done};
use crate::provider::Provider;
use crate::provider::device::Membership;
use crate::provider::error::Result;
use crate::provider::room_state::RoomState;
use crate::provider::view::roster;

#[derive(Deserialize)]
pub(super) struct Create {
    id: String,
    by: String,
    name: String,
}

pub(super) async fn create(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<Create>) -> Answer {
    let by = provider.client_named(&body.by)?;
    let room = provider.create_room(&body.id, &by, &body.name).await?;
    Ok(Json(json!({ "room": room })))
}

#[derive(Deserialize)]
pub(super) struct Add {
    room: RoomUri,
    by: String,
    user_uri: UserUri,
    #[serde(default = "member")]
    role: String,
}

fn member() -> String {
    "member".to_owned()
}

pub(super) async fn add(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<Add>) -> Answer {
    let by = provider.client_named(&body.by)?;
    provider.add(&by, &body.room, (&body.user_uri, &body.role)).await?;
    done()
}

#[derive(Deserialize)]
pub(super) struct Remove {
    room: RoomUri,
    by: String,
    user_uri: UserUri,
}

pub(super) async fn remove(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<Remove>) -> Answer {
    let by = provider.client_named(&body.by)?;
    provider.remove(&by, &body.room, &body.user_uri).await?;
    done()
}

#[derive(Deserialize)]
pub(super) struct By {
    room: RoomUri,
    by: String,
}

pub(super) async fn leave(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<By>) -> Answer {
    let by = provider.client_named(&body.by)?;
    provider.leave(&by, &body.room).await?;
    done()
}

pub(super) async fn join(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<By>) -> Answer {
    let by = provider.client_named(&body.by)?;
    provider.join(&by, &body.room).await?;
    done()
}

#[derive(Deserialize)]
pub(super) struct Rename {
    room: RoomUri,
    by: String,
    name: String,
}

pub(super) async fn rename(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<Rename>) -> Answer {
    let by = provider.client_named(&body.by)?;
    provider.rename(&by, &body.room, &body.name).await?;
    done()
}

#[derive(Deserialize)]
pub(super) struct Of {
    device: String,
}

pub(super) async fn list(Shared(provider): Shared<Arc<Provider>>, Query(of): Query<Of>) -> Answer {
    let client = provider.client_named(&of.device)?;
    provider.with(|state| {
        let rooms = state.device(&client)?.rooms().map(|(room, membership)| describe(room, membership));
        Ok(Json(Value::Array(rooms.collect::<Result<_>>()?)))
    })
}

/// A room as a device last saw it.
fn describe(room: &RoomUri, membership: &Membership) -> Result<Value> {
    let group = membership.last_group();
    let state = group.map(|group| RoomState::of(group.extensions())).transpose()?;
    let participants = state.as_ref().map(|state| state.participants.participants.as_slice()).unwrap_or_default().iter();
    let participants =
        participants.map(|participant| json!({ "user_uri": participant.user, "role_index": participant.role_index }));
    let clients = group.map(|group| roster(group.members())).transpose()?.unwrap_or_default();
    Ok(json!({
        "room": room,
        "hub": room.provider(),
        "name": state.as_ref().map(|state| state.metadata.name()).unwrap_or_default(),
        "epoch": group.map(|group| group.epoch().as_u64()).unwrap_or_default(),
        "participants": participants.collect::<Vec<_>>(),
        "clients": clients.into_iter().map(|member| member.client).collect::<Vec<_>>(),
        "active": membership.group().is_some(),
        "ended": membership.ended,
    }))
}
