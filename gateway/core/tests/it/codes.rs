//! The table of codes, the pages made from it, and the sources that use it hold together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use causeway_core::code::{Code, Coded, all};
use causeway_core::loss::Feature;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> PathBuf {
    root().join("docs/errors")
}

/// The sources of a folder, tests and the table itself left out.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_family = path.parent().is_some_and(|parent| parent.ends_with("core/src/code")) && !path.ends_with("coded.rs");
        if path.is_dir() && !path.ends_with("tests") && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_family {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

fn all_sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["drafts", "mls", "gateway", "tools"] {
        sources(&root().join(folder), &mut found);
    }
    found
}

#[test]
fn numbers_and_names_are_unique_and_in_order() {
    let codes: Vec<Code> = all().map(|entry| entry.code).collect();
    assert!(codes.is_sorted(), "a family is out of order");
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "a number stands twice");
    assert_eq!(all().map(|entry| entry.name).collect::<BTreeSet<_>>().len(), codes.len(), "a name stands twice");
}

#[test]
fn a_code_reads_back() {
    for entry in all() {
        let text = entry.code.to_string();
        assert_eq!((text.len(), text.parse()), (7, Ok(entry.code)));
        assert_eq!(text[3..].parse(), Ok(entry.code));
        assert_eq!(text.to_lowercase().parse(), Ok(entry.code));
    }
    for unknown in ["", "CW-", "CW-0000", "CW-9999", "M_FORBIDDEN", "CW-é", "-1"] {
        assert!(unknown.parse::<Code>().is_err(), "{unknown}");
    }
}

/// Whoever adds a code writes its page by running the tests with `CAUSEWAY_WRITE_PAGES=1`.
#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    if std::env::var_os("CAUSEWAY_WRITE_PAGES").is_some() {
        std::fs::create_dir_all(pages()).unwrap();
        for entry in all() {
            std::fs::write(pages().join(format!("{}.md", entry.code)), entry.page()).unwrap();
        }
    }
    for entry in all() {
        let page = std::fs::read_to_string(pages().join(format!("{}.md", entry.code))).unwrap_or_default();
        assert_eq!(page, entry.page(), "{} is not as the table says: CAUSEWAY_WRITE_PAGES=1 writes it", entry.code);
    }
    for file in std::fs::read_dir(pages()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").map(str::parse::<Code>);
        assert!(matches!(code, Some(Ok(_))), "{name} is of no code");
    }
}

#[test]
fn every_text_is_written() {
    for entry in all() {
        for text in [entry.summary, entry.section, entry.what, entry.why, entry.remedy] {
            assert!(!text.is_empty() && text.trim() == text, "{}: {text:?}", entry.code);
        }
        assert!(!entry.summary.ends_with('.'), "{}: a summary is a line in a table", entry.code);
        assert!(entry.what.ends_with('.') && entry.why.ends_with('.') && entry.remedy.ends_with('.'), "{}", entry.code);
    }
}

#[test]
fn no_code_is_unused() {
    let sources = all_sources();
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut words = BTreeSet::new();
    for (_, text) in &sources {
        words.extend(text.split(|character| !is_word(character)));
    }
    for entry in all() {
        assert!(words.contains(entry.name), "{} {} is used nowhere", entry.code, entry.name);
    }
}

#[test]
fn every_code_in_a_text_exists() {
    for (path, text) in all_sources() {
        for (at, _) in text.match_indices("CW-") {
            let number: String = text[at + 3..].chars().take_while(char::is_ascii_digit).collect();
            if number.len() == 4 {
                assert!(number.parse::<Code>().is_ok(), "{}: CW-{number} does not exist", path.display());
            }
        }
    }
}

#[test]
fn a_feature_and_its_code_find_each_other() {
    let feature = Feature::named("unknown_reply_target").unwrap();
    assert_eq!(feature, Feature::UnknownReplyTarget);
    assert_eq!(feature.code().to_string(), "CW-6008");
    assert!(Feature::named("no such feature").is_none());
    let losses: BTreeSet<Code> = all().map(|entry| entry.code).filter(|code| code.to_string().starts_with("CW-6")).collect();
    assert_eq!(losses.len(), 32);
}
