//! Tables for people, JSON for programs.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::arguments::Output;

/// A line of a table.
pub(crate) trait Row: Serialize {
    /// What stands above the columns.
    const HEADER: &'static [&'static str];
    /// The columns.
    fn cells(&self) -> Vec<String>;
}

/// Many lines.
pub(crate) fn rows<R: Row>(rows: &[R], output: Output) -> anyhow::Result<String> {
    match output {
        Output::Table => Ok(table(R::HEADER, rows.iter().map(Row::cells))),
        Output::Json => Ok(serde_json::to_string_pretty(rows)? + "\n"),
        Output::Ndjson => rows.iter().map(|row| Ok(serde_json::to_string(row)? + "\n")).collect(),
    }
}

/// One thing: its fields below each other.
pub(crate) fn one<R: Row>(row: &R, output: Output) -> anyhow::Result<String> {
    match output {
        Output::Table => {
            let fields = R::HEADER.iter().zip(row.cells()).map(|(name, cell)| vec![(*name).to_owned(), cell]);
            Ok(table(&[], fields))
        }
        Output::Json => Ok(serde_json::to_string_pretty(row)? + "\n"),
        Output::Ndjson => Ok(serde_json::to_string(row)? + "\n"),
    }
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !header.is_empty() {
        table.set_header(header);
    }
    for row in rows {
        table.add_row(row.into_iter().map(one_line));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// What peers wrote does not move the operator's cursor.
fn one_line(text: String) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// What is not there.
pub(crate) fn or_dash(value: &Option<impl ToString>) -> String {
    value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// Enough of an epoch's name to tell it from others.
pub(crate) fn short(epoch_id: &str) -> String {
    epoch_id.get(..8).unwrap_or(epoch_id).to_owned()
}
