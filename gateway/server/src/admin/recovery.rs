//! `POST /admin/v1/rooms/override`, `expel`, `begin_anew`: what a group that does not go on by itself needs somebody to decide.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_drafts::mimi_uri::{ProviderDomain, UserUri};
use causeway_mls::EpochId;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::command::{Command, carry_out};
use super::refusal::Refusal;

/// A room, by its conversation's number, and what the decision is about.
#[derive(Deserialize)]
pub(super) struct Question<T> {
    conversation: i64,
    #[serde(flatten)]
    about: T,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

/// Where the group goes on.
#[derive(Deserialize)]
pub(super) struct Override {
    /// The epoch's name, hexadecimal.
    epoch: String,
}

/// Nothing more.
#[derive(Deserialize)]
pub(super) struct Expel {}

/// Whose graph is taken.
#[derive(Deserialize)]
pub(super) struct BeginAnew {
    /// The provider's domain.
    from: Option<String>,
    /// Nobody's is, after all.
    #[serde(default)]
    withdraw: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    conversation: i64,
    /// The head afterwards.
    head: String,
    /// Who is out.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<UserUri>,
    dry_run: bool,
}

type Answered = Result<Json<Answer>, Refusal>;

pub(super) async fn override_anchor(State(admin): State<Arc<Admin>>, Json(question): Json<Question<Override>>) -> Answered {
    let epoch: EpochId = question.about.epoch.parse().map_err(|_| Refusal::invalid("not the name of an epoch"))?;
    let (conversation, dry_run) = (question.conversation, question.dry_run);
    let head = carry_out(&admin, question.command("rooms/override"), move |conversation, turn| {
        conversation.override_anchor(turn, &epoch)?;
        Ok(head(conversation))
    });
    Ok(Json(Answer { conversation, head: head.await?, removed: None, dry_run }))
}

pub(super) async fn expel(State(admin): State<Arc<Admin>>, Json(question): Json<Question<Expel>>) -> Answered {
    let (conversation, dry_run) = (question.conversation, question.dry_run);
    let done = carry_out(&admin, question.command("rooms/expel"), |conversation, turn| {
        let removed = conversation.expel(turn)?;
        Ok((head(conversation), Some(removed)))
    });
    let (head, removed) = done.await?;
    Ok(Json(Answer { conversation, head, removed, dry_run }))
}

pub(super) async fn begin_anew(State(admin): State<Arc<Admin>>, Json(question): Json<Question<BeginAnew>>) -> Answered {
    let from = match (&question.about.from, question.about.withdraw) {
        (Some(from), false) => Some(from.parse::<ProviderDomain>().map_err(|_| Refusal::invalid("not a provider's domain"))?),
        (None, true) => None,
        (Some(_), true) | (None, false) => return Err(Refusal::invalid("either a provider's domain, or a withdrawal")),
    };
    let (conversation, dry_run) = (question.conversation, question.dry_run);
    let head = carry_out(&admin, question.command("rooms/begin_anew"), move |conversation, turn| {
        match &from {
            Some(from) => conversation.begin_anew(turn, from)?,
            None => conversation.withdraw_anew()?,
        }
        Ok(head(conversation))
    });
    Ok(Json(Answer { conversation, head: head.await?, removed: None, dry_run }))
}

impl<T> Question<T> {
    fn command(self, action: &'static str) -> Command {
        Command { action, conversation: self.conversation, detail: self.reason, dry_run: self.dry_run }
    }
}

fn head(conversation: &causeway_core::conversation::Conversation) -> String {
    conversation.forkable.as_ref().map(|forkable| forkable.head().id.to_string()).unwrap_or_default()
}
