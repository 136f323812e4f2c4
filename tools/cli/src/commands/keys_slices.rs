//! `causewayctl keys slices`

use causeway_store::Store;
use causeway_store::operator::SliceLine;
use serde::Serialize;

use crate::render::{self, Row, Style, or_dash};
use crate::time::{now, rfc3339};

#[derive(Serialize)]
struct Line {
    slice: i64,
    status: String,
    made_at: String,
    age_seconds: i64,
    keys: i64,
    next_slice_at: Option<String>,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["slice", "status", "made", "age, minutes", "keys", "next slice due"];

    fn cells(&self) -> Vec<String> {
        let minutes = self.age_seconds / 60;
        let [slice, age, keys] = [self.slice, minutes, self.keys].map(|number| number.to_string());
        vec![slice, self.status.clone(), self.made_at.clone(), age, keys, or_dash(&self.next_slice_at)]
    }
}

impl Line {
    fn of(slice: SliceLine, next_slice_at: Option<i64>) -> Self {
        let SliceLine { id, status, made_at, keys } = slice;
        let next_slice_at = next_slice_at.filter(|_| status == "active").map(rfc3339);
        let age_seconds = (now() - made_at).max(0) / 1000;
        Self { slice: id, status, made_at: rfc3339(made_at), age_seconds, keys, next_slice_at }
    }
}

pub(crate) async fn run(store: &Store, style: Style) -> anyhow::Result<String> {
    let read = store.transaction::<_, causeway_store::StoreError, _>("slice lines", |tx| {
        Box::pin(async move { Ok((tx.slice_lines().await?, tx.next_slice_at().await?)) })
    });
    let (slices, next) = read.await?;
    render::rows(&slices.into_iter().map(|slice| Line::of(slice, next)).collect::<Vec<_>>(), style)
}
