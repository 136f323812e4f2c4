//! `POST /admin/v1/rooms/hardening`: whether a room's group is hardened.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_mls::Hardening;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::command::{Command, carry_out};
use super::refusal::Refusal;

/// As it is written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    None,
    PskPuncture,
}

impl From<Kind> for Hardening {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::None => Self::None,
            Kind::PskPuncture => Self::PskPuncture,
        }
    }
}

/// A room, by its conversation's number.
#[derive(Deserialize)]
pub(super) struct Question {
    conversation: i64,
    hardening: Kind,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    conversation: i64,
    hardening: Kind,
    dry_run: bool,
}

pub(super) async fn handler(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    let Question { conversation, hardening, dry_run } = question;
    let command = Command { action: "rooms/hardening", conversation, detail: format!("hardening: {hardening:?}"), dry_run };
    carry_out(&admin, command, move |conversation, turn| conversation.harden(turn, hardening.into())).await?;
    Ok(Json(Answer { conversation, hardening, dry_run }))
}
