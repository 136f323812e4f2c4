//! Tables as the demo and failing tests show them.

use comfy_table::{ContentArrangement, Table, presets};

/// Where there is no terminal.
const WIDTH: u16 = 150;

/// An empty table with a header, as wide as the terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    let width = console::Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns);
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(header);
    table
}
