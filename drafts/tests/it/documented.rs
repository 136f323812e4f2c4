//! The documentation is a guide to the drafts: whatever is public says where it comes from.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

fn names_a_section(docs: &str) -> bool {
    docs.contains('§') || docs.contains("RFC ") || docs.contains("draft-")
}

/// The public items of a file that are in no `impl` (a method belongs to its type), each with its documentation. Public in
/// the crate alone is not public.
fn items(source: &str) -> Vec<(&str, String)> {
    const KINDS: [&str; 6] = ["struct ", "enum ", "type ", "const ", "fn ", "trait "];
    let mut items = Vec::new();
    let mut docs = String::new();
    for line in source.lines() {
        if line.starts_with("///") {
            docs.push_str(line);
        } else if !line.starts_with("#[") {
            let item = line.strip_prefix("pub ").filter(|item| KINDS.iter().any(|kind| item.starts_with(kind)));
            items.extend(item.map(|item| (item, docs.clone())));
            docs.clear();
        }
    }
    items
}

/// Types, functions and constants name the section of the draft that they are of; files say in their head which draft it is.
#[test]
fn every_public_item_names_its_section() {
    let files = sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut silent = Vec::new();
    let mut count = 0;
    for path in files.iter().filter(|path| !path.ends_with("lib.rs")) {
        let source = fs::read_to_string(path).unwrap();
        let head: String = source.lines().take_while(|line| line.starts_with("//!")).collect();
        if !names_a_section(&head) {
            silent.push(format!("{}: its head", path.display()));
        }
        for (item, docs) in items(&source) {
            count += 1;
            if !names_a_section(&docs) {
                silent.push(format!("{}: {item}", path.display()));
            }
        }
    }
    assert!(count > 150, "{count}");
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}
