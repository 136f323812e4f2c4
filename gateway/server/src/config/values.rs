//! Values, each with where it comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::problems::Place;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything else.
    Default,
    /// The file, at a line and a column.
    File(usize, usize),
    /// A variable of the environment.
    Environment(String),
    /// A systemd credential.
    Credential(String),
}

impl Origin {
    /// Where problems with it are reported.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Default => Place::File,
            Self::File(line, column) => Place::Line(*line, *column),
            Self::Environment(name) => Place::Environment(name.clone()),
            Self::Credential(name) => Place::Credential(name.clone()),
        }
    }
}

/// The way to a value: section and key, or section, table and key; only the key before the first section.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(Vec<String>);

impl Name {
    /// Of a key in a section; of the whole file's keys the section is empty.
    pub(crate) fn new(section: &str, key: &str) -> Self {
        Self([section, key].into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    /// Of a key in a table of a section.
    pub(crate) fn in_table(section: &str, table: &str, key: &str) -> Self {
        Self(vec![section.to_owned(), table.to_owned(), key.to_owned()])
    }

    /// Whether it is in a table of this section.
    pub(crate) fn is_in(&self, section: &str) -> bool {
        self.0.len() == 3 && self.0.first().is_some_and(|first| first == section)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |part: &String| match part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            true => part.clone(),
            false => format!("{part:?}"),
        };
        f.write_str(&self.0.iter().map(quoted).collect::<Vec<_>>().join("."))
    }
}

/// A value that is in force.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The value.
    pub(crate) value: Value,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// All values that are in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    folder: PathBuf,
    entries: BTreeMap<Name, Entry>,
}

impl Values {
    /// None yet, of a file in a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), entries: BTreeMap::new() }
    }

    /// Sets a value over any that was there.
    pub(crate) fn set(&mut self, name: Name, value: Value, origin: Origin) {
        self.entries.insert(name, Entry { value, origin });
    }

    /// Forgets the tables of a section.
    pub(crate) fn clear(&mut self, section: &str) {
        self.entries.retain(|name, _| !name.is_in(section));
    }

    /// A value.
    pub(crate) fn entry(&self, section: &str, key: &str) -> Option<&Entry> {
        self.entries.get(&Name::new(section, key))
    }

    /// A text.
    pub(crate) fn text(&self, section: &str, key: &str) -> Option<(&str, &Origin)> {
        let entry = self.entry(section, key)?;
        Some((entry.value.as_str()?, &entry.origin))
    }

    /// Texts of a list, or a single text.
    pub(crate) fn texts(&self, section: &str, key: &str) -> Vec<(&str, &Origin)> {
        let Some(entry) = self.entry(section, key) else { return Vec::new() };
        let items = match &entry.value {
            Value::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        items.iter().filter_map(Value::as_str).map(|text| (text, &entry.origin)).collect()
    }

    /// A path of the configuration as one of the system.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, &Entry)> {
        self.entries.iter()
    }

    /// As a document, to be read by serde.
    pub(crate) fn document(&self) -> Table {
        let mut document = Table::new();
        for (name, entry) in &self.entries {
            insert(&mut document, &name.0, &entry.value);
        }
        document
    }
}

fn insert(table: &mut Table, name: &[String], value: &Value) {
    match name {
        [] => {}
        [key] => _ = table.insert(key.clone(), value.clone()),
        [first, rest @ ..] => {
            if let Value::Table(inner) = table.entry(first).or_insert_with(|| Value::Table(Table::new())) {
                insert(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, Origin, Path, Value, Values};

    #[test]
    fn names_are_written_as_toml_has_them() {
        assert_eq!(Name::new("", "data_directory").to_string(), "data_directory");
        assert_eq!(Name::new("matrix", "listen").to_string(), "matrix.listen");
        assert_eq!(Name::in_table("peers", "a.example", "address").to_string(), "peers.\"a.example\".address");
    }

    #[test]
    fn a_document_has_the_values_in_their_tables() {
        let mut values = Values::new(Path::new("/etc"));
        values.set(Name::new("", "a"), Value::Boolean(true), Origin::Default);
        values.set(Name::in_table("peers", "a.example", "address"), Value::Boolean(false), Origin::Default);
        let expected: toml::Table = toml::from_str("a = true\n[peers.\"a.example\"]\naddress = false").unwrap_or_default();
        assert_eq!(values.document(), expected);
    }
}
