//! What was said, in two columns, with the MLS epoch of every line as the MIMI clients saw it.

use std::cell::RefCell;

use comfy_table::Table;

use crate::tables::table;

/// One line: the same thing as both sides saw it.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Which scenario.
    pub scenario: &'static str,
    /// The MLS epoch, once a MIMI client has seen the line.
    pub epoch: Option<u64>,
    /// Who on Matrix said or saw it.
    pub matrix: String,
    /// Who on MIMI said or saw it.
    pub mimi: String,
}

/// All lines of a run.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: RefCell<Vec<Line>>,
}

/// The place of a line.
pub type LineNumber = usize;

/// A side of the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left column.
    Matrix,
    /// The right column.
    Mimi,
}

impl Line {
    fn cell(&mut self, side: Side) -> &mut String {
        match side {
            Side::Matrix => &mut self.matrix,
            Side::Mimi => &mut self.mimi,
        }
    }
}

impl Transcript {
    /// Begins a line with what one side said.
    pub fn said(&self, scenario: &'static str, side: Side, text: &str) -> LineNumber {
        let mut line = Line { scenario, ..Line::default() };
        text.clone_into(line.cell(side));
        let mut lines = self.lines.borrow_mut();
        lines.push(line);
        lines.len() - 1
    }

    /// Completes a line with what the other side saw; whoever else saw it is added.
    pub fn seen(&self, number: LineNumber, side: Side, text: &str) {
        if let Some(line) = self.lines.borrow_mut().get_mut(number) {
            let cell = line.cell(side);
            let separator = if cell.is_empty() { "" } else { "\n" };
            cell.push_str(&format!("{separator}{text}"));
        }
    }

    /// The epoch of a line.
    pub fn in_epoch(&self, number: LineNumber, epoch: u64) {
        if let Some(line) = self.lines.borrow_mut().get_mut(number) {
            line.epoch.get_or_insert(epoch);
        }
    }

    /// The lines of a scenario as a table.
    pub fn table(&self, scenario: &str) -> Table {
        let mut table = table(&["Epoch", "Matrix", "MIMI"]);
        for line in self.lines.borrow().iter().filter(|line| line.scenario == scenario) {
            let epoch = line.epoch.map(|epoch| epoch.to_string()).unwrap_or_default();
            table.add_row([epoch.as_str(), &line.matrix, &line.mimi]);
        }
        table
    }
}
