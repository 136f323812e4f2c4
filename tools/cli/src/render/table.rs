//! Columns, aligned.

use unicode_width::UnicodeWidthStr;

use super::{Style, Tone, escaped};

const GAP: &str = "  ";

type Line = (Vec<String>, Option<(usize, Tone)>);

/// Lines of equal columns. No cell is wrapped or cut: ids are copied from here.
pub(super) fn table(header: &[&str], lines: impl Iterator<Item = (Vec<String>, Option<(usize, Tone)>)>, style: Style) -> String {
    let mut all: Vec<Line> = Vec::new();
    if !header.is_empty() {
        all.push((header.iter().map(|cell| (*cell).to_owned()).collect(), None));
    }
    all.extend(lines.map(|(cells, tone)| (cells.iter().map(|cell| escaped(cell).into_owned()).collect(), tone)));
    let widths = widths(&all);
    let title = usize::from(!header.is_empty());
    all.iter().enumerate().map(|(index, line)| printed(line, &widths, (index < title, style)) + "\n").collect()
}

fn widths(lines: &[Line]) -> Vec<usize> {
    let mut widths = Vec::new();
    for (cells, _) in lines {
        widths.resize(widths.len().max(cells.len()), 0);
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.width());
        }
    }
    widths
}

fn printed((cells, tone): &Line, widths: &[usize], (is_header, style): (bool, Style)) -> String {
    let mut line = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let tone = match tone {
            _ if is_header => Some(Tone::Title),
            Some((column, tone)) if *column == index => Some(*tone),
            _ => None,
        };
        line.push_str(&tone.map_or_else(|| cell.clone(), |tone| style.paint(cell, tone)));
        if cells[index + 1..].iter().any(|cell| !cell.is_empty()) {
            line.push_str(&" ".repeat(width - cell.width()));
            line.push_str(GAP);
        }
    }
    line
}
