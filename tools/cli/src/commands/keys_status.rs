//! `causewayctl keys status`

use causeway_store::Store;
use causeway_store::operator::KeyUsage;
use serde::Serialize;

use crate::render::{self, Row, Style};

#[derive(Serialize)]
struct Line {
    table: &'static str,
    column: &'static str,
    key: u32,
    format: u8,
    values: i64,
}

impl Row for Line {
    const HEADER: &'static [&'static str] = &["table", "column", "key", "format", "values"];

    fn cells(&self) -> Vec<String> {
        let numbers = [i64::from(self.key), i64::from(self.format), self.values].map(|number| number.to_string());
        [self.table.to_owned(), self.column.to_owned()].into_iter().chain(numbers).collect()
    }
}

impl From<KeyUsage> for Line {
    fn from(usage: KeyUsage) -> Self {
        let KeyUsage { table, column, key, first_format, values } = usage;
        Self { table, column, key: key.0, format: if first_format { 1 } else { 2 }, values }
    }
}

pub(crate) async fn run(store: &Store, style: Style) -> anyhow::Result<String> {
    let usage = store.transaction("key usage", |tx| Box::pin(tx.key_usage())).await?;
    render::rows(&usage.into_iter().map(Line::from).collect::<Vec<_>>(), style)
}
