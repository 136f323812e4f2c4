//! Values from the environment: `CAUSEWAY_<SECTION>__<KEY>`, before the first section `CAUSEWAY_<KEY>`.
//!
//! `CAUSEWAY_PEERS` replaces all of `[peers]`, as TOML: `{ "a.example" = { address = "192.0.2.1:443" } }`.

use toml::Value;

use super::keys::{SECTIONS, Section, plain_keys};
use super::nearest::nearest;
use super::problems::{Place, Problem, Problems};
use super::values::{Name, Origin, Values};

const PREFIX: &str = "CAUSEWAY_";

/// The variable that overrides a key.
pub(crate) fn variable(section: &str, key: &str) -> String {
    let section = if section.is_empty() { String::new() } else { format!("{section}__") };
    format!("{PREFIX}{section}{key}").to_uppercase()
}

/// Takes the values of the environment.
pub(super) fn read(variables: &[(String, String)], values: &mut Values, problems: &mut Problems) {
    let known: Vec<_> = plain_keys().map(|(section, key)| (variable(section.name, key.name), section, key)).collect();
    for (name, text) in variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        if let Some(section) = SECTIONS.iter().find(|section| section.each.is_some() && *name == variable("", section.name)) {
            tables(section, (name, text), values, problems);
        } else if let Some((_, section, key)) = known.iter().find(|(known, ..)| known == name) {
            let value = key.kind.of_text(text);
            match key.kind.check(&value) {
                Ok(()) => values.set(Name::new(section.name, key.name), value, Origin::Environment(name.clone())),
                Err(why) => problems.add(Problem::error(Place::Environment(name.clone()), format!("{name} {why}"))),
            }
        } else if name.contains("__") {
            // Without the mark of a section it may be another program's.
            let problem = Problem::error(Place::Environment(name.clone()), format!("{name} overrides no key"));
            problems.add(match nearest(name, known.iter().map(|(known, ..)| known.as_str())) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem,
            });
        }
    }
}

fn tables(section: &Section, (name, text): (&str, &str), values: &mut Values, problems: &mut Problems) {
    let origin = || Origin::Environment(name.to_owned());
    let mut wrong = |why: String| problems.add(Problem::error(Place::Environment(name.to_owned()), format!("{name} {why}")));
    let parsed: toml::Table = match toml::from_str(&format!("value = {text}")) {
        Ok(parsed) => parsed,
        Err(_) => return wrong("is not a table such as { \"a.example\" = { address = \"192.0.2.1:443\" } }".to_owned()),
    };
    let Some(Value::Table(tables)) = parsed.get("value") else { return wrong("is no table".to_owned()) };
    values.clear(section.name);
    for (table, value) in tables {
        if let Some(Err(why)) = section.each.as_ref().map(|each| each.kind.check(&Value::String(table.clone()))) {
            wrong(format!("names a table: {why}"));
        }
        for key in section.keys {
            match value.get(key.name).map(|value| key.kind.check(value).map(|()| value)) {
                Some(Ok(value)) => values.set(Name::in_table(section.name, table, key.name), value.clone(), origin()),
                Some(Err(why)) => wrong(format!("at {table:?}: {} {why}", key.name)),
                None => wrong(format!("at {table:?} lacks {}", key.name)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> (Values, Problems) {
        let variables: Vec<_> = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let (mut values, mut problems) = (Values::default(), Problems::default());
        read(&variables, &mut values, &mut problems);
        (values, problems)
    }

    #[test]
    fn every_plain_key_has_a_variable() {
        for (section, key) in plain_keys() {
            assert!(variable(section.name, key.name).starts_with(PREFIX));
        }
        assert_eq!(variable("matrix", "server_name"), "CAUSEWAY_MATRIX__SERVER_NAME");
        assert_eq!(variable("", "data_directory"), "CAUSEWAY_DATA_DIRECTORY");
    }

    #[test]
    fn values_are_taken_and_mistakes_named() {
        let (values, problems) = read_all(&[
            ("CAUSEWAY_BRIDGE__ENDPOINT_MODE", "true"),
            ("CAUSEWAY_MATRIX__LISTN", "127.0.0.1:1"),
            ("CAUSEWAY_MIMI__LISTEN", "here"),
            ("CAUSEWAY_CONFIG", "x"),
            ("CAUSEWAY_PEERS", "{ \"a.example\" = { address = \"192.0.2.1:443\" } }"),
            ("PATH", "/bin"),
        ]);
        assert_eq!(values.entry("bridge", "endpoint_mode").map(|entry| &entry.value), Some(&Value::Boolean(true)));
        assert_eq!(values.document()["peers"]["a.example"]["address"].as_str(), Some("192.0.2.1:443"));
        let text = problems.to_string();
        assert_eq!(problems.errors(), 2, "{text}");
        assert!(text.contains("did you mean CAUSEWAY_MATRIX__LISTEN?"), "{text}");
        assert!(text.contains("CAUSEWAY_MIMI__LISTEN \"here\" is not"), "{text}");
    }
}
