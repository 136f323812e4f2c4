//! `causewayctl loss list [<room>]`

use causeway_store::Store;
use causeway_store::operator::LossLine;
use serde::Serialize;

use crate::find::find;
use crate::render::{self, Row, Style, or_dash};
use crate::time::rfc3339;

#[derive(Serialize)]
struct Line {
    recorded_at: String,
    conversation: i64,
    direction: String,
    code: Option<String>,
    feature: String,
    detail: String,
    source: String,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["recorded", "conversation", "direction", "code", "feature", "detail", "source"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.recorded_at.clone(),
            self.conversation.to_string(),
            self.direction.clone(),
            or_dash(&self.code),
            self.feature.clone(),
            self.detail.clone(),
            self.source.clone(),
        ]
    }
}

impl From<LossLine> for Line {
    fn from(loss: LossLine) -> Self {
        Self {
            recorded_at: rfc3339(loss.recorded_at),
            conversation: loss.conversation_id,
            direction: loss.direction,
            code: loss.code,
            feature: loss.feature,
            detail: loss.detail,
            source: loss.source,
        }
    }
}

pub(crate) async fn run(store: &Store, room: Option<&str>, style: Style) -> anyhow::Result<String> {
    let id = match room {
        Some(room) => Some(find(&super::rooms(store).await?, room)?.id),
        None => None,
    };
    let losses = store.transaction("loss lines", move |tx| Box::pin(tx.loss_lines(id))).await?;
    let lines: Vec<Line> = losses.into_iter().map(Line::from).collect();
    render::rows(&lines, style)
}
