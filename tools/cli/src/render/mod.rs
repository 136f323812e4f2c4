//! What every command prints: tables for people, JSON and YAML for programs.

mod escape;
mod style;
mod table;

use serde::Serialize;

use escape::escaped_json;
pub(crate) use escape::{escaped, escaped_lines};
pub(crate) use style::{Style, Tone};
use table::table;

use crate::printing::Output;

/// A line of a table.
pub(crate) trait Row: Serialize {
    /// What stands above the columns.
    const HEADER: &'static [&'static str];
    /// The columns.
    fn cells(&self) -> Vec<String>;
    /// The column that is coloured, and how.
    fn tone(&self) -> Option<(usize, Tone)> {
        None
    }
}

/// Many lines.
pub(crate) fn rows<R: Row>(rows: &[R], style: Style) -> anyhow::Result<String> {
    match style.output {
        Output::Table => Ok(lines(rows, style)),
        Output::Ndjson => rows.iter().map(|row| document(row, style)).collect(),
        Output::Json | Output::Yaml => document(&rows, style),
    }
}

/// One thing: its fields below each other.
pub(crate) fn one<R: Row>(row: &R, style: Style) -> anyhow::Result<String> {
    match style.output {
        Output::Table => Ok(fields(row, style)),
        _ => document(row, style),
    }
}

/// One thing as programs read it.
pub(crate) fn document(value: &impl Serialize, style: Style) -> anyhow::Result<String> {
    match style.output {
        Output::Table | Output::Json => Ok(escaped_json(&serde_json::to_string_pretty(value)?) + "\n"),
        Output::Ndjson => Ok(escaped_json(&serde_json::to_string(value)?) + "\n"),
        Output::Yaml => Ok(escaped_lines(&serde_norway::to_string(value)?)),
    }
}

/// Many lines, for people.
pub(crate) fn lines<R: Row>(rows: &[R], style: Style) -> String {
    let header = if style.headers { R::HEADER } else { &[] };
    table(header, rows.iter().map(|row| (row.cells(), row.tone())), style)
}

/// One thing, for people.
pub(crate) fn fields<R: Row>(row: &R, style: Style) -> String {
    let tone = row.tone();
    let cells = row.cells().into_iter().enumerate().zip(R::HEADER).map(|((index, cell), name)| {
        let column = usize::from(style.headers);
        let tone = tone.filter(|(coloured, _)| *coloured == index).map(|(_, tone)| (column, tone));
        let cells = if style.headers { vec![(*name).to_owned(), cell] } else { vec![cell] };
        (cells, tone)
    });
    table(&[], cells, style)
}

/// Tables below each other, each under its title.
pub(crate) fn sections(sections: &[(&str, String)], style: Style) -> String {
    let section = |(title, text): &(&str, String)| {
        let text = if text.is_empty() { "none\n" } else { text };
        if style.headers { format!("{}\n{text}", style.paint(title, Tone::Title)) } else { text.to_owned() }
    };
    sections.iter().map(section).collect::<Vec<_>>().join("\n")
}

/// What is not there.
pub(crate) fn or_dash(value: &Option<impl ToString>) -> String {
    value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// All of them, or a dash.
pub(crate) fn joined(values: &[String]) -> String {
    if values.is_empty() { "-".to_owned() } else { values.join(", ") }
}

/// Enough of an epoch's name to tell it from others.
pub(crate) fn short(epoch_id: &str) -> String {
    epoch_id.get(..8).unwrap_or(epoch_id).to_owned()
}
