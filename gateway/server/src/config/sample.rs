//! The file that `causeway init` writes, and the sample in the documentation: every key with what it means.

use std::collections::BTreeMap;

use super::keys::{Key, Presence, SECTIONS, Section};

/// Values to write instead of the examples, as TOML, by section and key.
pub(crate) type Chosen = BTreeMap<(&'static str, &'static str), String>;

/// How wide comments are.
const WIDTH: usize = 100;

/// The sample: required keys with an example, all others commented out with what holds without them.
pub(crate) fn render(chosen: &Chosen) -> String {
    let mut text = String::from(
        "# Causeway's configuration. What is commented out is optional; a value shown as `#key = …` is the default,\n",
    );
    text.push_str("# unless the comment says that there is none.\n");
    for section in SECTIONS {
        text.push_str(&self::section(section, chosen));
    }
    text
}

fn section(section: &Section, chosen: &Chosen) -> String {
    let mut text = format!("\n{}", comment(section.about));
    let is_commented = section.each.is_some();
    match (&section.each, section.name) {
        (Some(each), name) => text.push_str(&format!("#[{name}.{:?}]\n", each.example)),
        (None, "") => {}
        (None, name) => text.push_str(&format!("[{name}]\n")),
    }
    for key in section.keys {
        text.push('\n');
        text.push_str(&comment(key.about));
        text.push_str(&line(key, chosen.get(&(section.name, key.name)), is_commented));
    }
    text
}

fn line(key: &Key, chosen: Option<&String>, is_commented: bool) -> String {
    match (key.presence, chosen) {
        (_, Some(value)) => format!("{} = {value}\n", key.name),
        (Presence::Required { example }, None) if !is_commented => format!("{} = {example}\n", key.name),
        (Presence::Required { example: value } | Presence::Default(value), None) => format!("#{} = {value}\n", key.name),
        (Presence::Optional { example }, None) => format!("# No default; for example:\n#{} = {example}\n", key.name),
    }
}

/// A text as lines that begin with `# `.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        let last = lines.last_mut();
        match last {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.push(String::new());
    lines.join("\n")
}
