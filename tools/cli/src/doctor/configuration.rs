//! Is everything that the file says known, and everything needed said? The schema that ships with the gateway decides.

use serde_json::Value as Schema;
use toml::{Table, Value};

use super::finding::{Category, Findings};
use crate::config::Configuration;
use crate::find::near;

const SCHEMA: &str = include_str!("../../../../docs/config.schema.json");
const HINT: &str = "run `causeway config check`, which names the line";

pub(super) fn examine(findings: &mut Findings, configuration: &Configuration) {
    let schema: Schema = match serde_json::from_str(SCHEMA) {
        Ok(schema) => schema,
        Err(error) => return findings.problem(Category::Configuration, format!("the schema is broken: {error}"), "report this"),
    };
    table(findings, &schema, ("", &configuration.table));
    if findings.is_good(Category::Configuration) {
        findings.ok(Category::Configuration, format!("{} has all it needs, and nothing unknown", configuration.file.display()));
    }
}

fn table(findings: &mut Findings, schema: &Schema, (section, table): (&str, &Table)) {
    for (key, value) in table {
        match property(schema, key) {
            Some(property) => check(findings, property, (&named(section, key), value)),
            None => {
                let known = schema["properties"].as_object().map(|known| known.keys().cloned().collect()).unwrap_or_default();
                findings.problem(Category::Configuration, format!("unknown key {}{}", named(section, key), near(known, key)), HINT);
            }
        }
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Schema::as_str) {
        if !table.contains_key(required) {
            findings.problem(Category::Configuration, format!("{} is missing", named(section, required)), HINT);
        }
    }
}

/// A key's own schema, or the one that all names in the table share.
fn property<'a>(schema: &'a Schema, key: &str) -> Option<&'a Schema> {
    schema["properties"].get(key).or_else(|| schema.get("additionalProperties").filter(|each| each.is_object()))
}

fn check(findings: &mut Findings, schema: &Schema, (name, value): (&str, &Value)) {
    let expected = schema["type"].as_str();
    let fits = match (expected, value) {
        (Some("object"), Value::Table(inner)) => return table(findings, schema, (name, inner)),
        (Some("string"), value) => value.is_str(),
        (Some("boolean"), value) => value.is_bool(),
        (Some("integer"), value) => value.is_integer(),
        (Some("array"), value) => value.is_array(),
        (Some("object"), _) => false,
        _ => schema["enum"].as_array().is_none_or(|known| known.iter().any(|known| known.as_str() == value.as_str())),
    };
    if !fits {
        let expected = expected.map_or_else(|| schema["enum"].to_string(), |kind| format!("a TOML {kind}"));
        findings.problem(Category::Configuration, format!("{name} is {}, not {expected}", value.type_str()), HINT);
    }
}

fn named(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}
