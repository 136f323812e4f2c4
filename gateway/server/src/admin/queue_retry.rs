//! `POST /admin/v1/queue/retry`: what waits in a lane is tried now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeway_store::StoreError;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::refusal::Refusal;

/// A lane by its name, or by one of its items.
#[derive(Deserialize)]
pub(super) struct Question {
    lane: Option<String>,
    id: Option<i64>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct Answer {
    lane: String,
    items: i64,
    dry_run: bool,
}

pub(super) async fn handler(State(admin): State<Arc<Admin>>, Json(question): Json<Question>) -> Result<Json<Answer>, Refusal> {
    let Question { lane, id, dry_run } = question;
    if lane.is_some() == id.is_some() {
        return Err(Refusal::invalid("name a lane or an id"));
    }
    let retried = admin.node.store.transaction("operator: retry", move |tx| {
        let lane = lane.clone();
        Box::pin(async move {
            let lane = match (lane, id) {
                (Some(lane), _) => Some(lane),
                (None, Some(id)) => tx.queued(id).await?.map(|item| item.lane),
                (None, None) => None,
            };
            let Some(lane) = lane else { return Ok::<_, StoreError>(None) };
            let items = tx.lane_depth(&lane).await?;
            if !dry_run {
                tx.retry_lane(&lane).await?;
            }
            Ok((items > 0).then_some((lane, items)))
        })
    });
    let (lane, items) = retried.await?.ok_or_else(|| Refusal::not_found("nothing waits there"))?;
    tracing::info!(action = "queue/retry", lane, items, dry_run, "an operator's command");
    admin.node.outbox.wake();
    Ok(Json(Answer { lane, items, dry_run }))
}
