//! The files of vectors, as `drafts/vectors/README.md` describes them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A file.
pub(super) struct File {
    /// `draft/structure`
    pub(super) name: String,
    valid: Vec<Case>,
    invalid: Vec<Case>,
    /// All of it.
    pub(super) json: Value,
}

/// A case.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) json: Value,
}

/// The error that an invalid case expects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) class: &'a str,
    pub(super) rule: &'a str,
    pub(super) offset: Option<u64>,
}

impl File {
    /// All files.
    pub(super) fn all() -> Vec<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors");
        let folders = entries(&root).filter(|folder| folder.is_dir());
        let files = folders.flat_map(|folder| entries(&folder).collect::<Vec<_>>());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(|path| Self::read(&path)).collect()
    }

    /// A file by its name.
    pub(super) fn named(name: &str) -> Self {
        Self::all().into_iter().find(|file| file.name == name).unwrap()
    }

    fn read(path: &Path) -> Self {
        let json: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let text = |key: &str| json[key].as_str().unwrap();
        let name = format!("{}/{}", text("draft"), text("structure"));
        assert!(path.ends_with(format!("{name}.json")), "{}", path.display());
        let cases = |key: &str| -> Vec<Case> {
            let list = json[key].as_array().cloned().unwrap_or_default();
            list.into_iter().map(|json| Case { name: json["name"].as_str().unwrap().to_owned(), json }).collect()
        };
        Self { name, valid: cases("valid"), invalid: cases("invalid"), json }
    }

    /// Valid and invalid cases.
    pub(super) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.valid.iter().chain(&self.invalid)
    }

    /// Valid cases.
    pub(super) fn valid(&self) -> &[Case] {
        &self.valid
    }

    /// What is computed rather than encoded.
    pub(super) fn computed(&self) -> &[Value] {
        self.json["computed"].as_array().unwrap()
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter()
}

impl Case {
    /// The encoding.
    pub(super) fn octets(&self) -> Vec<u8> {
        match (self.json["hex"].as_str(), self.json["text"].as_str()) {
            (Some(octets), None) => hex::decode(octets).unwrap(),
            (None, Some(text)) => text.as_bytes().to_vec(),
            _ => panic!("{}: neither hex nor text", self.name),
        }
    }

    /// The fields of a valid case.
    pub(super) fn fields(&self) -> Option<&Value> {
        self.json.get("fields")
    }

    /// The error of an invalid case.
    pub(super) fn error(&self) -> Option<Expected<'_>> {
        let error = self.json.get("error")?;
        let text = |key: &str| error[key].as_str().unwrap();
        Some(Expected { class: text("class"), rule: text("rule"), offset: error["offset"].as_u64() })
    }
}
