//! `cargo xtask spec`: the ledger in `docs/conformance` against code and tests, and ARCHITECTURE.md against the code.

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
use ledger::{FAMILIES, Ledger, State};
use sources::Sources;

/// Where the ledger stands.
const LEDGER: &str = "docs/conformance";

/// Prints how much of each family is done, and what of the ledger does not hold; that is a failure.
pub(crate) fn run() -> Result<ExitCode> {
    let workspace = cargo::workspace()?;
    let (ledger, violations) = examine(&workspace)?;
    // A closed stdout does not change the outcome.
    console::Term::stdout().write_line(&summary(&ledger)).unwrap_or_default();
    for violation in &violations {
        progress::say(violation);
    }
    if violations.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    progress::say(&format!("{LEDGER} and ARCHITECTURE.md do not hold: {} violations", violations.len()));
    Ok(ExitCode::FAILURE)
}

fn examine(workspace: &Path) -> Result<(Ledger, Vec<String>)> {
    let ledger = Ledger::read(&workspace.join(LEDGER))?;
    let sources = Sources::read(workspace)?;
    let mut violations = check::violations(&ledger, &sources);
    let document = fs::read_to_string(workspace.join(walkthroughs::DOCUMENT)).context("cannot read ARCHITECTURE.md")?;
    violations.extend(walkthroughs::violations(&document, &sources.code));
    Ok((ledger, violations))
}

/// A table: a line for each family, a column for each state.
fn summary(ledger: &Ledger) -> String {
    let mut text = format!("{:<36}", "");
    for state in State::ALL {
        write!(text, "{:>9}", state.name()).unwrap_or_default();
    }
    write!(text, "{:>9}", "all").unwrap_or_default();
    for family in &FAMILIES {
        write!(text, "\n{:<36}", format!("{}  {}", family.letter, family.title)).unwrap_or_default();
        for state in State::ALL {
            write!(text, "{:>9}", ledger.count(family, state)).unwrap_or_default();
        }
        write!(text, "{:>9}", family.count).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ledger of this very workspace.
    #[test]
    fn the_ledger_holds() {
        let (_, violations) = examine(&cargo::workspace().unwrap()).unwrap();
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }

    #[test]
    fn a_summary_has_a_line_for_each_family() {
        let ledger = Ledger::parse(&[("x.md", "| P-001 | text | done | `a_test` |\n| P-002 | text | partial | more |")]).unwrap();
        let summary = summary(&ledger);
        assert_eq!(summary.lines().count(), FAMILIES.len() + 1);
        let line = summary.lines().nth(1).unwrap();
        assert_eq!(line.split_whitespace().rev().take(5).collect::<Vec<_>>(), ["128", "0", "0", "1", "1"]);
    }
}
