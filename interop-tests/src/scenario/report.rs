//! What the scenarios found out: one row for every check.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use comfy_table::{Attribute, Cell, Color, Table};

use crate::tables::table;
use crate::transcript::Transcript;

/// Who orders the room's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// The gateway.
    OurHub,
    /// A MIMI provider.
    ForeignHub,
}

/// Which way something crosses the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Somebody on Matrix does it.
    ToMimi,
    /// Somebody on MIMI does it.
    ToMatrix,
    /// Both, or the gateway itself.
    Both,
}

/// The outcome of one check.
#[derive(Clone, Debug)]
pub struct Row {
    /// The scenario.
    pub scenario: &'static str,
    /// Its topology, if it is about a room.
    pub topology: Option<Topology>,
    /// What was checked.
    pub check: String,
    /// Which way it went.
    pub direction: Direction,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// All rows, and what was said.
#[derive(Debug, Default)]
pub struct Report {
    rows: RefCell<Vec<Row>>,
    /// What was said.
    pub transcript: Transcript,
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OurHub => "our hub",
            Self::ForeignHub => "foreign hub",
        })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ToMimi => "Matrix → MIMI",
            Self::ToMatrix => "MIMI → Matrix",
            Self::Both => "both",
        })
    }
}

impl Report {
    /// Adds a row.
    pub fn record(&self, row: Row) {
        self.rows.borrow_mut().push(row);
    }

    /// The rows that failed.
    pub fn failures(&self) -> Vec<Row> {
        self.rows.borrow().iter().filter(|row| row.failure.is_some()).cloned().collect()
    }

    /// How many checks there were.
    pub fn checks(&self) -> usize {
        self.rows.borrow().len()
    }

    /// All rows as a table.
    pub fn table(&self) -> Table {
        let mut table = table(&["Scenario", "Hub", "Check", "Direction", "Result", "Time", "Detail"]);
        for row in self.rows.borrow().iter() {
            let (result, color) = if row.failure.is_none() { ("pass", Color::Green) } else { ("FAIL", Color::Red) };
            table.add_row([
                Cell::new(row.scenario),
                Cell::new(row.topology.map_or_else(|| "-".to_owned(), |topology| topology.to_string())),
                Cell::new(&row.check),
                Cell::new(row.direction),
                Cell::new(result).fg(color).add_attribute(Attribute::Bold),
                Cell::new(format!("{:.1} s", row.took.as_secs_f64())),
                Cell::new(row.failure.as_deref().unwrap_or_default()),
            ]);
        }
        table
    }
}
