//! Who orders a room's commits. `POST /admin/v1/rooms/hub_lost`: the members do, the hub is given up; `hub_back`: it does again;
//! `order_by_room`: the state of the peers' room does.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_core::conversation::{Conversation, ConversationError, Turn};
use serde::{Deserialize, Serialize};

use super::Admin;
use super::command::{Command, carry_out};
use super::refusal::Refusal;

/// A room, by its conversation's number.
#[derive(Deserialize)]
pub(super) struct Question {
    conversation: i64,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    conversation: i64,
    /// The term that has been opened, or would be.
    term: u64,
    dry_run: bool,
}

type Change = fn(&mut Conversation, &mut Turn<'_>) -> Result<(), ConversationError>;

pub(super) async fn lost(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    change(&admin, ("rooms/hub_lost", Conversation::hub_lost), question).await
}

pub(super) async fn back(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    change(&admin, ("rooms/hub_back", Conversation::hub_back), question).await
}

pub(super) async fn by_room(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    change(&admin, ("rooms/order_by_room", Conversation::order_by_room), question).await
}

async fn change(admin: &Admin, (action, change): (&'static str, Change), question: Question) -> Result<Json<Answer>, Refusal> {
    let Question { conversation, reason, dry_run } = question;
    let command = Command { action, conversation, detail: reason, dry_run };
    let term = carry_out(admin, command, move |conversation, turn| {
        change(conversation, turn)?;
        Ok(conversation.forkable.as_ref().map_or(0, |forkable| forkable.graph().term()))
    });
    Ok(Json(Answer { conversation, term: term.await?, dry_run }))
}
