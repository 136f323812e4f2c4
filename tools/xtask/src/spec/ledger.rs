//! The ledger: Markdown tables, one row for each requirement, decision or endpoint.
//!
//! A row is `| id | in short | state | by which tests, or what is missing and why |`. Everything else is prose.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// A numbered set of rows.
pub(super) struct Family {
    /// What its ids begin with.
    pub(super) prefix: &'static str,
    /// Digits of a number.
    pub(super) digits: usize,
    /// Rows, numbered from 1.
    pub(super) count: usize,
    /// What it is.
    pub(super) title: &'static str,
}

/// All of them.
pub(super) const FAMILIES: [Family; 6] = [
    Family { prefix: "P", digits: 3, count: 128, title: "mimi-protocol-06" },
    Family { prefix: "C", digits: 3, count: 82, title: "mimi-content-09" },
    Family { prefix: "R", digits: 3, count: 76, title: "mimi-room-policy-04" },
    Family { prefix: "G", digits: 2, count: 68, title: "decisions where a draft is open" },
    Family { prefix: "M", digits: 2, count: 36, title: "Matrix federation endpoints" },
    Family { prefix: "DMLS", digits: 1, count: 41, title: "groups that nobody orders" },
];

impl Family {
    /// Whether a text begins like one of its ids.
    fn owns(&self, text: &str) -> bool {
        text.strip_prefix(self.prefix).is_some_and(|rest| rest.starts_with('-'))
    }

    /// The ids of its rows, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = String> {
        let (prefix, digits) = (self.prefix, self.digits);
        (1..=self.count).map(move |number| format!("{prefix}-{number:0digits$}"))
    }
}

/// How far a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Implemented, and a test proves it.
    Done,
    /// Some of it, or all of it without a test.
    Partial,
    /// None of it.
    NotYet,
    /// It does not concern a gateway.
    NotApplicable,
}

impl State {
    pub(super) const ALL: [Self; 4] = [Self::Done, Self::Partial, Self::NotYet, Self::NotApplicable];

    /// As it stands in the ledger.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::NotYet => "not yet",
            Self::NotApplicable => "n/a",
        }
    }
}

/// A row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) state: State,
    /// Tests of a row that is done, else the reason.
    pub(super) proof: String,
    /// File and line.
    pub(super) place: String,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) rows: Vec<Row>,
}

impl Ledger {
    /// Reads every Markdown file of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                files.push((name, fs::read_to_string(&path)?));
            }
        }
        files.sort();
        let borrowed: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Self::parse(&borrowed)
    }

    /// From the names and texts of files.
    pub(super) fn parse(files: &[(&str, &str)]) -> Result<Self> {
        let mut ledger = Self::default();
        for (name, text) in files {
            for (index, line) in text.lines().enumerate() {
                if begins_with_id(line) {
                    ledger.rows.push(row(line, format!("{name}:{}", index + 1))?);
                }
            }
        }
        Ok(ledger)
    }

    /// How many rows of a family are in a state.
    pub(super) fn count(&self, family: &Family, state: State) -> usize {
        self.rows.iter().filter(|row| family.owns(&row.id) && row.state == state).count()
    }
}

fn begins_with_id(line: &str) -> bool {
    let Some(cell) = line.strip_prefix("| ") else { return false };
    FAMILIES.iter().any(|family| family.owns(cell))
}

/// Reads a row's cells.
pub(super) fn row(line: &str, place: String) -> Result<Row> {
    let cells: Vec<&str> = line.trim().trim_start_matches('|').trim_end_matches('|').split(" | ").map(str::trim).collect();
    let [id, _, state, proof] = cells[..] else { bail!("{place}: a row has 4 cells, this one {}", cells.len()) };
    let Some(state) = State::ALL.into_iter().find(|known| known.name() == state) else {
        bail!("{place}: `{state}` is no state");
    };
    Ok(Row { id: id.to_owned(), state, proof: proof.to_owned(), place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_from_prose() {
        let text =
            "# Title\n| id | in short | state | by |\n|---|---|---|---|\n| G-01 | octets | done | `a_test` |\nG-01 is a decision.";
        let ledger = Ledger::parse(&[("decisions.md", text)]).unwrap();
        let row =
            Row { id: "G-01".to_owned(), state: State::Done, proof: "`a_test`".to_owned(), place: "decisions.md:4".to_owned() };
        assert_eq!(ledger.rows, [row]);
    }

    #[test]
    fn malformed_rows_are_named_by_their_place() {
        let missing = Ledger::parse(&[("x.md", "\n| P-001 | text | done |")]).unwrap_err();
        assert_eq!(missing.to_string(), "x.md:2: a row has 4 cells, this one 3");
        let unknown = Ledger::parse(&[("x.md", "| P-001 | text | nearly | soon |")]).unwrap_err();
        assert_eq!(unknown.to_string(), "x.md:1: `nearly` is no state");
    }

    #[test]
    fn ids_are_numbered_from_one() {
        let ids: Vec<String> = FAMILIES[3].ids().collect();
        assert_eq!((ids[0].as_str(), ids[67].as_str(), ids.len()), ("G-01", "G-68", 68));
        assert_eq!(FAMILIES[0].ids().last().unwrap(), "P-128");
    }
}
