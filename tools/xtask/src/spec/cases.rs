//! The catalogue of bad input in `docs/conformance/bad-input.md`, against the tests that are named by its numbers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::check::proof;
use super::ledger::{Row, row};
use super::sources::Sources;

/// Where it stands.
const FILE: &str = "bad-input.md";

/// Cases that belong together.
struct Group {
    letter: char,
    title: &'static str,
    numbers: &'static [u8],
}

/// All of them, with the catalogue's numbers.
const GROUPS: [Group; 5] = [
    Group {
        letter: 'H',
        title: "bad input: HTTP and TLS",
        numbers: &[1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26, 27, 29, 30, 31, 33, 34, 35, 37, 38],
    },
    Group {
        letter: 'M',
        title: "bad input: Matrix",
        numbers: &[
            1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26, 27, 29, 30, 31, 33, 34, 35, 37, 38, 39, 41,
            42, 43,
        ],
    },
    Group { letter: 'U', title: "bad input: identifiers", numbers: &[1, 2, 3, 5, 6, 7, 9, 10] },
    Group {
        letter: 'L',
        title: "bad input: MLS",
        numbers: &[1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26, 27, 29, 30, 31, 32, 33, 34, 35, 36, 37],
    },
    Group { letter: 'O', title: "obstacles of the MLS library", numbers: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] },
];

/// The catalogue's rows, and how many of a group are in each state.
pub(super) struct Cases(Vec<Row>);

impl Cases {
    /// Reads the catalogue in the ledger's folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        Self::parse(&fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?)
    }

    fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().enumerate().filter(|(_, line)| is_case(line));
        lines.map(|(index, line)| row(line, format!("{FILE}:{}", index + 1))).collect::<Result<_>>().map(Self)
    }

    /// Titles, each with the rows of its group.
    pub(super) fn groups(&self) -> impl Iterator<Item = (String, Vec<&Row>)> {
        GROUPS.iter().map(|group| {
            let rows = self.0.iter().filter(|row| row.id.starts_with(group.letter)).collect();
            (format!("{}  {}", group.letter, group.title), rows)
        })
    }

    /// Every violation, as a line that names its place.
    pub(super) fn violations(&self, sources: &Sources) -> Vec<String> {
        let mut violations: Vec<String> = self.0.iter().flat_map(|row| proof(row, sources)).collect();
        let mut missing = ids();
        for row in &self.0 {
            if !missing.remove(&row.id) {
                violations.push(format!("{}: {} is no case, or stands there twice", row.place, row.id));
            }
        }
        violations.extend(missing.iter().map(|id| format!("{id} has no row")));
        for test in &sources.tests {
            for id in cases_of(test) {
                let named = self.0.iter().any(|row| row.id == id && row.proof.contains(&format!("`{test}`")));
                if !named && ids().contains(&id) {
                    violations.push(format!("the row of {id} does not name its test `{test}`"));
                }
            }
        }
        violations
    }
}

fn ids() -> BTreeSet<String> {
    GROUPS.iter().flat_map(|group| group.numbers.iter().map(|number| format!("{}{number}", group.letter))).collect()
}

/// Whether a line is a row: `| H1 |`, not `| H-01 |`.
fn is_case(line: &str) -> bool {
    let Some(cell) = line.strip_prefix("| ") else { return false };
    let mut characters = cell.chars();
    let letter = characters.next();
    GROUPS.iter().any(|group| letter == Some(group.letter)) && characters.next().is_some_and(|next| next.is_ascii_digit())
}

/// The cases that a test's name begins with: `h05_h07_names`.
fn cases_of(test: &str) -> impl Iterator<Item = String> {
    test.split('_').map_while(|word| {
        let (letter, digits) = word.split_at_checked(1)?;
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| format!("{}{}", letter.to_uppercase(), digits.trim_start_matches('0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A complete catalogue, but for what stands in `changed`.
    fn cases(changed: &str) -> Cases {
        let rows = ids().into_iter().filter(|id| !changed.contains(&format!("| {id} |")));
        let text: String = rows.map(|id| format!("| {id} | input | not yet | later |\n")).collect();
        Cases::parse(&(text + changed)).unwrap()
    }

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.take("a.rs", "#[test]\nfn h05_h07_names() {}\n#[test]\nfn p01_others() {}");
        sources
    }

    #[test]
    fn names_of_tests_begin_with_cases() {
        assert_eq!(cases_of("h05_h07_names_in_2_certificates").collect::<Vec<_>>(), ["H5", "H7"]);
        assert_eq!(cases_of("h2_floods").count() + cases_of("m_001_row").count(), 0);
    }

    #[test]
    fn a_complete_catalogue_has_no_violations() {
        let both = "| H5 | a | done | `h05_h07_names` |\n| H7 | b | done | `h05_h07_names` |";
        assert_eq!(cases(both).violations(&sources()), Vec::<String>::new());
    }

    #[test]
    fn rows_and_tests_name_each_other() {
        let of = |changed: &str| cases(changed).violations(&sources()).join("\n");
        assert!(of("| H5 | a | done | `h05_h07_names` |").contains("the row of H7 does not name its test `h05_h07_names`"));
        assert!(of("| H9 | a | done | `h09_is_gone` |").contains("there is no test `h09_is_gone`"));
        assert!(of("| H9 | a | done | it works |").contains("names no test"));
        assert!(of("| H4 | a | n/a | because |").contains("H4 is no case"));
    }
}
