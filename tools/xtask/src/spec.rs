//! `cargo xtask spec`: the ledger and the catalogue of bad input in `docs/conformance` against code and tests, and ARCHITECTURE.md
//! against the code.

mod cases;
mod check;
mod ledger;
mod sources;
mod walkthroughs;

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{cargo, progress};
use cases::Cases;
use ledger::{FAMILIES, Ledger, State};
use sources::Sources;

/// Where the ledger stands.
const LEDGER: &str = "docs/conformance";

/// Prints how much of each family is done, and what of the ledger does not hold; that is a failure.
pub(crate) fn run() -> Result<ExitCode> {
    let workspace = cargo::workspace()?;
    let (ledger, cases, violations) = examine(&workspace)?;
    // A closed stdout does not change the outcome.
    console::Term::stdout().write_line(&summary(&ledger, &cases)).unwrap_or_default();
    for violation in &violations {
        progress::say(violation);
    }
    if violations.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    progress::say(&format!("{LEDGER} and ARCHITECTURE.md do not hold: {} violations", violations.len()));
    Ok(ExitCode::FAILURE)
}

fn examine(workspace: &Path) -> Result<(Ledger, Cases, Vec<String>)> {
    let (ledger, cases) = (Ledger::read(&workspace.join(LEDGER))?, Cases::read(&workspace.join(LEDGER))?);
    let sources = Sources::read(workspace)?;
    let mut violations = check::violations(&ledger, &sources);
    violations.extend(cases.violations(&sources));
    let document = fs::read_to_string(workspace.join(walkthroughs::DOCUMENT)).context("cannot read ARCHITECTURE.md")?;
    violations.extend(walkthroughs::violations(&document, &sources.code));
    Ok((ledger, cases, violations))
}

/// A table: a line for each family and group of cases, a column for each state.
fn summary(ledger: &Ledger, cases: &Cases) -> String {
    let mut text = format!("{:<36}", "");
    for state in State::ALL {
        write!(text, "{:>9}", state.name()).unwrap_or_default();
    }
    write!(text, "{:>9}", "all").unwrap_or_default();
    let mut line = |title: String, count: &dyn Fn(State) -> usize, all: usize| {
        write!(text, "\n{title:<36}").unwrap_or_default();
        for state in State::ALL {
            write!(text, "{:>9}", count(state)).unwrap_or_default();
        }
        write!(text, "{all:>9}").unwrap_or_default();
    };
    for family in &FAMILIES {
        line(format!("{}  {}", family.prefix, family.title), &|state| ledger.count(family, state), family.count);
    }
    for (title, rows) in cases.groups() {
        line(title, &|state| rows.iter().filter(|row| row.state == state).count(), rows.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ledger of this very workspace.
    #[test]
    fn the_ledger_holds() {
        let (_, _, violations) = examine(&cargo::workspace().unwrap()).unwrap();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }

    #[test]
    fn a_summary_has_a_line_for_each_family_and_group() {
        let ledger = Ledger::parse(&[("x.md", "| P-001 | text | done | `a_test` |\n| P-002 | text | partial | more |")]).unwrap();
        let cases = Cases::read(&cargo::workspace().unwrap().join(LEDGER)).unwrap();
        let summary = summary(&ledger, &cases);
        assert_eq!(summary.lines().count(), FAMILIES.len() + cases.groups().count() + 1);
        let line = summary.lines().nth(1).unwrap();
        assert_eq!(line.split_whitespace().rev().take(5).collect::<Vec<_>>(), ["128", "0", "0", "1", "1"]);
    }
}
