//! What of the ledger does not hold.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::{FAMILIES, Ledger, Row, State};
use super::sources::Sources;

/// Every violation, as a line that names its place.
pub(super) fn violations(ledger: &Ledger, sources: &Sources) -> Vec<String> {
    let mut violations = numbering(ledger);
    violations.extend(unknown_ids(ledger, sources));
    violations.extend(ledger.rows.iter().flat_map(|row| proof(row, sources)));
    violations
}

/// Each id of each family stands there once, and nothing else does.
fn numbering(ledger: &Ledger) -> Vec<String> {
    let mut violations = Vec::new();
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &ledger.rows {
        if let Some(before) = first.insert(&row.id, &row.place) {
            violations.push(format!("{}: {} stands at {before} already", row.place, row.id));
        }
    }
    let expected: BTreeSet<String> = FAMILIES.iter().flat_map(|family| family.ids()).collect();
    let missing = expected.iter().filter(|id| !first.contains_key(id.as_str()));
    violations.extend(missing.map(|id| format!("{id} has no row")));
    let unknown = first.iter().filter(|(id, _)| !expected.contains(**id));
    violations.extend(unknown.map(|(id, place)| format!("{place}: {id} is outside its family")));
    violations
}

/// What code and tests refer to is in the ledger.
fn unknown_ids(ledger: &Ledger, sources: &Sources) -> Vec<String> {
    let known: BTreeSet<&str> = ledger.rows.iter().map(|row| row.id.as_str()).collect();
    let unknown = sources.ids.iter().filter(|(id, _)| !known.contains(id.as_str()));
    unknown.map(|(id, place)| format!("{place}: {id} is not in the ledger")).collect()
}

/// A row that is done names tests and scenario checks that exist; any other gives its reason.
pub(super) fn proof(row: &Row, sources: &Sources) -> Vec<String> {
    if row.proof.is_empty() {
        return vec![format!("{}: {} says neither by what nor why", row.place, row.id)];
    }
    if row.state != State::Done {
        return Vec::new();
    }
    let named: Vec<&str> = quoted(&row.proof, '`').filter(|name| is_function(name)).collect();
    if named.is_empty() {
        return vec![format!("{}: {} is done, but names no test", row.place, row.id)];
    }
    let tests = named.iter().filter(|name| !sources.tests.contains(**name));
    let tests = tests.map(|name| format!("{}: there is no test `{name}` for {}", row.place, row.id));
    let checks = quoted(&row.proof, '"').filter(|check| !sources.scenarios.contains(&format!("\"{check}\"")));
    let checks = checks.map(|check| format!("{}: no scenario checks \"{check}\" for {}", row.place, row.id));
    tests.chain(checks).collect()
}

/// What stands between pairs of a mark.
pub(super) fn quoted(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

fn is_function(name: &str) -> bool {
    name.contains('_') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A complete ledger, but for what stands in `changed`.
    fn ledger(changed: &str) -> Ledger {
        let rows = FAMILIES.iter().flat_map(|family| family.ids()).filter(|id| !changed.contains(&format!("| {id} |")));
        let mut text: String = rows.map(|id| format!("| {id} | text | not yet | later |\n")).collect();
        text.push_str(changed);
        Ledger::parse(&[("x.md", &text)]).unwrap()
    }

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.take("drafts/tests/it/a.rs", "/// P-001\n#[test]\nfn p_001_holds() {}");
        sources.take("interop-tests/src/scenario/talk.rs", "check(\"edit\")");
        sources
    }

    #[test]
    fn a_ledger_that_holds_has_no_violations() {
        assert_eq!(
            violations(&ledger("| P-001 | text | done | `p_001_holds`, scenario \"edit\" |"), &sources()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn done_wants_a_test_that_exists() {
        let of = |row: &str| violations(&ledger(row), &sources()).join("\n");
        assert!(of("| P-001 | text | done | it works |").contains("P-001 is done, but names no test"));
        assert!(of("| P-001 | text | done | `MAX_SIZE` |").contains("names no test"));
        assert!(of("| P-001 | text | done | `p_001_holds`, `p_001_is_gone` |").contains("there is no test `p_001_is_gone`"));
        assert!(of("| P-001 | text | done | `p_001_holds`, \"telepathy\" |").contains("no scenario checks \"telepathy\""));
    }

    #[test]
    fn every_row_gives_a_reason() {
        assert!(violations(&ledger("| P-001 | text | n/a |  |"), &sources()).join("\n").contains("neither by what nor why"));
    }

    #[test]
    fn ids_are_there_once_and_all_of_them() {
        let of = |ledger: &Ledger| violations(ledger, &sources()).join("\n");
        assert!(of(&ledger("| P-001 | text | n/a | x |\n| P-001 | text | n/a | x |")).contains("P-001 stands at x.md:"));
        let mut short = ledger("");
        short.rows.retain(|row| row.id != "G-68");
        assert_eq!(of(&short), "G-68 has no row");
        let outside = format!("| P-{} | text | n/a | x |", 129);
        assert!(of(&ledger(&outside)).contains("is outside its family"));
    }

    #[test]
    fn what_code_names_is_in_the_ledger() {
        let mut sources = sources();
        let unknown = format!("R-{}", 777);
        sources.take("mls/src/policy.rs", &unknown);
        assert_eq!(violations(&ledger(""), &sources), [format!("mls/src/policy.rs:1: {unknown} is not in the ledger")]);
    }
}
