//! What code, tests and prose of the workspace name: ids of requirements, and functions that are tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Where code and tests are.
const FOLDERS: [&str; 5] = ["drafts", "mls", "gateway", "tools", "interop-tests"];
/// Prose at the top.
const FILES: [&str; 3] = ["README.md", "SPEC.md", "ARCHITECTURE.md"];
/// Where scenarios write down what they check.
const SCENARIOS: &str = "interop-tests/src/scenario/";
const EXTENSIONS: [&str; 4] = ["rs", "md", "sql", "toml"];
/// Elliptic curves of NIST look like requirements.
const CURVES: [&str; 3] = ["P-256", "P-384", "P-521"];

/// What was found.
#[derive(Default)]
pub(super) struct Sources {
    /// Ids, with the first place that names each.
    pub(super) ids: BTreeMap<String, String>,
    /// Names of test functions.
    pub(super) tests: BTreeSet<String>,
    /// All code, by path.
    pub(super) code: BTreeMap<String, String>,
    /// The text of all scenarios.
    pub(super) scenarios: String,
}

impl Sources {
    /// Reads the workspace.
    pub(super) fn read(workspace: &Path) -> Result<Self> {
        let mut sources = Self::default();
        for folder in FOLDERS {
            sources.read_folder(workspace, &workspace.join(folder))?;
        }
        for file in FILES.map(|file| workspace.join(file)).iter().filter(|file| file.exists()) {
            sources.read_file(workspace, file)?;
        }
        Ok(sources)
    }

    fn read_folder(&mut self, workspace: &Path, folder: &Path) -> Result<()> {
        let mut entries = fs::read_dir(folder)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match entry.file_type()?.is_dir() {
                true if entry.file_name() != "target" => self.read_folder(workspace, &path)?,
                false if path.extension().is_some_and(|found| EXTENSIONS.iter().any(|known| found == *known)) => {
                    self.read_file(workspace, &path)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_file(&mut self, workspace: &Path, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.strip_prefix(workspace).unwrap_or(path).to_string_lossy().into_owned();
        self.take(&name, &text);
        Ok(())
    }

    /// Takes a file in.
    pub(super) fn take(&mut self, name: &str, text: &str) {
        for (index, line) in text.lines().enumerate() {
            for id in ids(line) {
                self.ids.entry(id.to_owned()).or_insert_with(|| format!("{name}:{}", index + 1));
            }
        }
        if name.ends_with(".rs") {
            self.tests.extend(tests(text).map(str::to_owned));
            self.code.insert(name.to_owned(), text.to_owned());
        }
        if name.starts_with(SCENARIOS) {
            self.scenarios.push_str(text);
        }
    }
}

/// The ids in a line: P, C and R with three digits, G with two, DMLS with as many as there are, each a word of its own.
fn ids(line: &str) -> impl Iterator<Item = &str> {
    short_ids(line).chain(dmls_ids(line))
}

fn dmls_ids(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("DMLS-").filter_map(|(start, prefix)| {
        let digits = line[start + prefix.len()..].bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0).then(|| &line[start..start + prefix.len() + digits])
    })
}

fn short_ids(line: &str) -> impl Iterator<Item = &str> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = line.as_bytes();
    line.match_indices('-').filter_map(move |(dash, _)| {
        let letter = dash.checked_sub(1)?;
        let digits = match bytes[letter] {
            b'P' | b'C' | b'R' => 3,
            b'G' => 2,
            _ => return None,
        };
        let end = dash + 1 + digits;
        let number = bytes.get(dash + 1..end)?;
        let stands_alone = !is_word(letter.checked_sub(1).and_then(|before| bytes.get(before))) && !is_word(bytes.get(end));
        let id = line.get(letter..end)?;
        (number.iter().all(u8::is_ascii_digit) && stands_alone && !CURVES.contains(&id)).then_some(id)
    })
}

/// The names of functions that a test attribute stands before.
fn tests(text: &str) -> impl Iterator<Item = &str> {
    let mut awaits_name = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        awaits_name |= line == "#[test]" || line.starts_with("#[tokio::test");
        let (_, rest) = line.split_once("fn ").filter(|_| awaits_name && !line.starts_with("//"))?;
        awaits_name = false;
        rest.split(['(', '<']).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        ids(line).collect()
    }

    #[test]
    fn ids_are_words_of_their_own() {
        assert_eq!(found("/// P-001, R-063: (G-28) [C-040]."), ["P-001", "R-063", "G-28", "C-040"]);
        assert_eq!(found("an ECDSA P-256 key, AES-128, SHA-256, XP-001, P-0011, G-001, P-001_x, p-001, –G-07"), ["G-07"]);
        assert_eq!(found("-001 P- G-1 P-01"), Vec::<&str>::new());
        assert_eq!(found("§P-128—“C-082”"), ["P-128", "C-082"]);
        assert_eq!(found("DMLS-7, DMLS-12: a DMLS-like thing"), ["DMLS-7", "DMLS-12"]);
    }

    #[test]
    fn tests_are_functions_below_their_attribute() {
        let text = "#[test]\nfn one() {}\n\nfn helper() {}\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn two() {\n    \
                    #[test]\n    /// a fn that is none\n    #[ignore]\n    fn three(x in any::<u8>()) {}";
        assert_eq!(tests(text).collect::<Vec<_>>(), ["one", "two", "three"]);
    }

    #[test]
    fn a_place_is_the_first_that_names_an_id() {
        let mut sources = Sources::default();
        sources.take("a.rs", "\n// G-01\n// G-01");
        sources.take("b.md", "G-01 G-02");
        assert_eq!(sources.ids["G-01"], "a.rs:2");
        assert_eq!(sources.ids["G-02"], "b.md:1");
    }
}
