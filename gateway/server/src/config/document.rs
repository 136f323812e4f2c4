//! Reading the file: every value with its line, every mistake noted.

use std::ops::Range;

use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value};

use super::keys::{Each, Key, SECTIONS, Section, section};
use super::nearest::nearest;
use super::problems::{Place, Problem, Problems};
use super::values::{Name, Origin, Values};

type Item<'i> = Spanned<DeValue<'i>>;

/// The lines of a text.
pub(super) struct Lines<'t>(&'t str);

impl Lines<'_> {
    /// Line and column of an offset, both from 1.
    fn at(&self, span: &Range<usize>) -> (usize, usize) {
        let before = self.0.get(..span.start.min(self.0.len())).unwrap_or(self.0);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let (line, column) = self.at(span);
        Place::Line(line, column)
    }

    fn origin(&self, span: &Range<usize>) -> Origin {
        let (line, column) = self.at(span);
        Origin::File(line, column)
    }
}

/// Reads all that can be read of a text. False if some of it is no TOML, so that more may be there than was seen.
pub(super) fn read(text: &str, values: &mut Values, problems: &mut Problems) -> bool {
    let lines = Lines(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(Place::File, |span| lines.place(&span));
        problems.add(Problem::error(place, format!("this is no TOML: {}", error.message())));
    }
    let mut reader = Reader { lines, values, problems };
    for (name, item) in document.get_ref() {
        reader.top(name, item);
    }
    errors.is_empty()
}

struct Reader<'r> {
    lines: Lines<'r>,
    values: &'r mut Values,
    problems: &'r mut Problems,
}

impl Reader<'_> {
    fn error(&mut self, span: Range<usize>, text: String, hint: Option<String>) {
        let problem = Problem::error(self.lines.place(&span), text);
        self.problems.add(match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        });
    }

    fn top(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>, item: &Item<'_>) {
        let text = name.get_ref().as_ref();
        if let Some(key) = section("").and_then(|top| top.key(text)) {
            return self.value(Name::new("", key.name), (key, name.span()), item);
        }
        match (section(text).filter(|_| !text.is_empty()), item.get_ref()) {
            (Some(section), DeValue::Table(table)) => self.section(section, table),
            (Some(_), other) => {
                let text = format!("{text} is a {} where a table belongs", other.type_str());
                self.error(name.span(), text, Some(format!("write [{}] on a line of its own", name.get_ref())));
            }
            (None, _) => {
                let known = SECTIONS.iter().map(|section| section.name).chain(SECTIONS[0].keys.iter().map(|key| key.name));
                let hint = nearest(text, known.filter(|name| !name.is_empty())).map(did_you_mean).or_else(|| belongs(text));
                self.error(name.span(), format!("there is no {} {text}", kind_of(item)), hint);
            }
        }
    }

    fn section(&mut self, section: &'static Section, table: &DeTable<'_>) {
        match &section.each {
            Some(each) => self.tables(section, each, table),
            None => {
                for (name, item) in table {
                    self.key(section, name, (item, &|key| Name::new(section.name, key)));
                }
            }
        }
    }

    fn tables(&mut self, section: &'static Section, each: &Each, tables: &DeTable<'_>) {
        for (table_name, item) in tables {
            let table_text = table_name.get_ref().as_ref();
            if let Err(why) = each.kind.check(&Value::String(table_text.to_owned())) {
                self.error(table_name.span(), format!("in [{}] {why}", section.name), None);
            }
            let DeValue::Table(table) = item.get_ref() else {
                let text = format!("{}.{table_text:?} is no table", section.name);
                self.error(table_name.span(), text, Some(format!("write [{}.{table_text:?}] on a line of its own", section.name)));
                continue;
            };
            for (name, item) in table {
                self.key(section, name, (item, &|key| Name::in_table(section.name, table_text, key)));
            }
            for key in section.keys.iter().filter(|key| !table.contains_key(key.name)) {
                self.error(table_name.span(), format!("[{}.{table_text:?}] lacks {}", section.name, key.name), Some(example(key)));
            }
        }
    }

    fn key(
        &mut self,
        section: &'static Section,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        (item, full): (&Item<'_>, &dyn Fn(&str) -> Name),
    ) {
        let text = name.get_ref().as_ref();
        match section.key(text) {
            Some(key) => self.value(full(key.name), (key, name.span()), item),
            None => {
                let hint = nearest(text, section.keys.iter().map(|key| key.name)).map(did_you_mean).or_else(|| belongs(text));
                self.error(name.span(), format!("there is no key {text} in [{}]", section.name), hint);
            }
        }
    }

    fn value(&mut self, name: Name, (key, span): (&Key, Range<usize>), item: &Item<'_>) {
        let checked = match Value::deserialize(ValueDeserializer::from(item.clone())) {
            Ok(value) => key.kind.check(&value).map(|()| value),
            Err(error) => Err(format!("cannot be read: {}", error.message())),
        };
        match checked {
            Ok(value) => {
                let origin = self.lines.origin(&span);
                self.values.set(name, value, origin);
            }
            Err(why) => {
                let origin = self.lines.origin(&span);
                self.error(item.span(), format!("{name} {why}"), None);
                // It is not missing, and not worth a second complaint.
                self.values.set(name, Value::Boolean(false), origin);
            }
        }
    }
}

fn kind_of(item: &Item<'_>) -> &'static str {
    if item.get_ref().is_table() { "section" } else { "key" }
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean {name}?")
}

/// For a key in the wrong section.
fn belongs(name: &str) -> Option<String> {
    let places: Vec<String> = SECTIONS.iter().filter(|section| section.key(name).is_some()).map(place_of).collect();
    (!places.is_empty()).then(|| format!("it belongs {}", places.join(" or ")))
}

fn place_of(section: &Section) -> String {
    match (section.name, &section.each) {
        ("", _) => "before the first section".to_owned(),
        (name, None) => format!("into [{name}]"),
        (name, Some(each)) => format!("into [{name}.{:?}]", each.example),
    }
}

/// What to write for a key that is missing.
pub(super) fn example(key: &Key) -> String {
    use super::keys::Presence;
    let (Presence::Required { example } | Presence::Default(example) | Presence::Optional { example }) = key.presence;
    format!("for example {} = {example}", key.name)
}
