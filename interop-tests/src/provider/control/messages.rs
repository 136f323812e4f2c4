//! Messages.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State as Shared};
use causeway_drafts::mimi_content_09::MessageId;
use causeway_drafts::mimi_uri::RoomUri;
use serde::Deserialize;
use serde_json::json;

use super::Answer;
use crate::provider::Provider;
use crate::provider::error::{Error, Result};
use crate::provider::messages::{Draft, Heard, Kind};

#[derive(Deserialize)]
pub(super) struct Say {
    room: RoomUri,
    by: String,
    kind: Kind,
    #[serde(default)]
    text: String,
    in_reply_to: Option<String>,
    target: Option<String>,
}

fn message_id(hex: Option<&str>) -> Result<Option<MessageId>> {
    hex.map(str::parse).transpose().map_err(|_| Error::BadRequest("a message id is 64 hex digits".to_owned()))
}

pub(super) async fn say(Shared(provider): Shared<Arc<Provider>>, Json(body): Json<Say>) -> Answer {
    let by = provider.client_named(&body.by)?;
    let about = (message_id(body.in_reply_to.as_deref())?, message_id(body.target.as_deref())?);
    let draft = Draft::new(&by.user_uri(), &body.room, body.kind, &body.text, about)?;
    let said = provider.say(&by, &body.room, &draft).await?;
    let accepted = said.accepted_timestamp;
    Ok(Json(json!({ "message_id": said.message_id, "accepted_timestamp": accepted, "epoch": said.epoch })))
}

/// How long a question for what comes next stays open.
const LONG_POLL: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
pub(super) struct Of {
    room: RoomUri,
    device: String,
    /// Only what comes after so many; the answer waits until there is something.
    after: Option<usize>,
}

pub(super) async fn list(Shared(provider): Shared<Arc<Provider>>, Query(of): Query<Of>) -> Answer<Vec<Heard>> {
    let client = provider.client_named(&of.device)?;
    let missing = || Error::NotFound(format!("{} was never in {}", of.device, of.room));
    let found = |after: usize| -> Result<Vec<Heard>> {
        provider.with(|state| {
            let messages = &state.device(&client)?.membership(&of.room).ok_or_else(missing)?.messages;
            Ok(messages.get(after..).unwrap_or_default().to_vec())
        })
    };
    let Some(after) = of.after else { return Ok(Json(found(0)?)) };
    let mut changes = provider.with(|state| state.changes());
    loop {
        let messages = found(after)?;
        if !messages.is_empty() {
            return Ok(Json(messages));
        }
        // Nothing is an answer, too.
        if tokio::time::timeout(LONG_POLL, changes.changed()).await.is_err() {
            return Ok(Json(Vec::new()));
        }
    }
}
