//! What is in force, and where it comes from.

use std::path::Path;

use super::environment::variable;
use super::keys::{Presence, SECTIONS, Section};
use super::values::{Entry, Name, Origin, Values};

/// All values in the file's own format; explained, each with where it comes from.
pub(crate) fn render(values: &Values, file: &Path, is_explained: bool) -> String {
    let mut text = String::new();
    for section in SECTIONS {
        match &section.each {
            Some(_) => tables(&mut text, section, values, (file, is_explained)),
            None => plain(&mut text, section, values, (file, is_explained)),
        }
    }
    text
}

fn plain(text: &mut String, section: &Section, values: &Values, (file, is_explained): (&Path, bool)) {
    if !section.name.is_empty() {
        text.push_str(&format!("\n[{}]\n", section.name));
    }
    for key in section.keys {
        match values.entry(section.name, key.name) {
            Some(entry) => text.push_str(&line(key.name, entry, (file, is_explained))),
            None if is_explained && matches!(key.presence, Presence::Optional { .. }) => {
                text.push_str(&format!("# {} is not set; {} would set it\n", key.name, variable(section.name, key.name)));
            }
            None => {}
        }
    }
}

fn tables(text: &mut String, section: &Section, values: &Values, how: (&Path, bool)) {
    let mut last = None;
    for (name, entry) in values.iter().filter(|(name, _)| name.is_in(section.name)) {
        let Some((table, key)) = Name::to_string(name).rsplit_once('.').map(|(table, key)| (table.to_owned(), key.to_owned()))
        else {
            continue;
        };
        if last.as_ref() != Some(&table) {
            text.push_str(&format!("\n[{table}]\n"));
        }
        last = Some(table);
        text.push_str(&line(&key, entry, how));
    }
}

fn line(key: &str, entry: &Entry, (file, is_explained): (&Path, bool)) -> String {
    let line = format!("{key} = {}", entry.value);
    match is_explained {
        false => format!("{line}\n"),
        true => format!("{line:<60} # {}\n", origin(&entry.origin, file)),
    }
}

fn origin(origin: &Origin, file: &Path) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(line, _) => format!("{}:{line}", file.display()),
        Origin::Environment(name) => format!("environment {name}"),
        Origin::Credential(name) => format!("systemd credential {name}"),
    }
}
