//! Whether ARCHITECTURE.md speaks of the code as it is: the files that it names exist, and the functions of a hop are in
//! the files of that hop.

use std::collections::BTreeMap;

use super::check::quoted;

/// The document.
pub(super) const DOCUMENT: &str = "ARCHITECTURE.md";
/// Above the hops of a walkthrough.
const HEADER: &str = "| hop | function | file |";

/// Every violation, as a line that names its place. `files` are texts by path.
pub(super) fn violations(document: &str, files: &BTreeMap<String, String>) -> Vec<String> {
    let mut violations = Vec::new();
    let mut is_hop = false;
    for (index, line) in document.lines().enumerate() {
        let place = format!("{DOCUMENT}:{}", index + 1);
        let unknown = named_files(line).filter(|name| matching(files, name).next().is_none());
        violations.extend(unknown.map(|name| format!("{place}: there is no file {name}")));
        is_hop = line == HEADER || (is_hop && line.starts_with('|'));
        if is_hop {
            violations
                .extend(strangers(line, files).into_iter().map(|name| format!("{place}: {name} is in none of the hop's files")));
        }
    }
    violations
}

fn named_files(line: &str) -> impl Iterator<Item = &str> {
    quoted(line, '`').filter(|name| name.ends_with(".rs") && !name.contains('<'))
}

/// The texts of files whose path ends like this.
fn matching<'a>(files: &'a BTreeMap<String, String>, name: &str) -> impl Iterator<Item = &'a String> {
    files
        .iter()
        .filter(move |(path, _)| path.strip_suffix(name).is_some_and(|folder| folder.is_empty() || folder.ends_with('/')))
        .map(|(_, text)| text)
}

/// Functions of a hop that none of its files defines.
fn strangers<'a>(row: &'a str, files: &BTreeMap<String, String>) -> Vec<&'a str> {
    let mut columns = row.split('|').skip(2);
    let (Some(functions), Some(places)) = (columns.next(), columns.next()) else { return Vec::new() };
    let texts: Vec<&String> = named_files(places).flat_map(|name| matching(files, name)).collect();
    let is_there = |function: &&str| {
        let own_name = function.rsplit("::").next().unwrap_or(function);
        texts.iter().any(|text| text.contains(&format!("fn {own_name}(")) || text.contains(&format!("fn {own_name}<")))
    };
    quoted(functions, '`').filter(|name| is_function(name)).filter(|name| !is_there(name)).collect()
}

/// `run`, `Group::stage`, but neither a type nor a command.
fn is_function(name: &str) -> bool {
    let own_name = name.rsplit("::").next().unwrap_or(name);
    !own_name.is_empty() && own_name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(document: &str) -> Vec<String> {
        let files = BTreeMap::from([(
            "gateway/server/src/matrix/send.rs".to_owned(),
            "pub(super) async fn handler(\nfn take<T>(".to_owned(),
        )]);
        violations(document, &files)
    }

    #[test]
    fn files_exist() {
        assert!(of("`matrix/send.rs`, `drafts/src/<draft>.rs`, `causeway.toml`").is_empty());
        assert_eq!(of("\n`end.rs`"), ["ARCHITECTURE.md:2: there is no file end.rs"]);
    }

    #[test]
    fn functions_are_where_the_hop_says() {
        let hop = |row: &str| of(&format!("{HEADER}\n|---|---|---|\n{row}"));
        assert!(hop("| 1 | `Signed::take`, then `handler`, of `Signed` | `matrix/send.rs` |").is_empty());
        assert_eq!(hop("| 1 | `send::gone` | `send.rs` |"), ["ARCHITECTURE.md:3: send::gone is in none of the hop's files"]);
        assert!(of("| 1 | `gone` | `send.rs` |").is_empty());
    }
}
