//! The JSON schema of the file, for editors.

use serde_json::{Map, Value, json};

use super::keys::{Key, Presence, SECTIONS, Section};

/// The schema.
pub(crate) fn render() -> String {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for section in SECTIONS {
        let (of_section, needed) = of_keys(section.keys);
        if section.name.is_empty() {
            properties.extend(of_section);
            required.extend(needed);
            continue;
        }
        if !needed.is_empty() && section.each.is_none() {
            required.push(json!(section.name));
        }
        properties.insert(section.name.to_owned(), of_section_table(section, (of_section, needed)));
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Causeway's configuration",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    format!("{schema:#}\n")
}

fn of_section_table(section: &Section, (properties, required): (Map<String, Value>, Vec<Value>)) -> Value {
    let table = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    match &section.each {
        None => described(table, section.about),
        Some(each) => described(
            json!({ "type": "object", "propertyNames": each.kind.schema(), "additionalProperties": table }),
            section.about,
        ),
    }
}

/// A key whose value may be a credential is not required of the file.
fn of_keys(keys: &[Key]) -> (Map<String, Value>, Vec<Value>) {
    let required = keys.iter().filter(|key| matches!(key.presence, Presence::Required { .. }) && key.credential.is_none());
    let required = required.map(|key| json!(key.name)).collect();
    (keys.iter().map(|key| (key.name.to_owned(), of_key(key))).collect(), required)
}

fn of_key(key: &Key) -> Value {
    let value =
        |text: &str| toml::from_str::<toml::Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value"));
    let mut schema = described(key.kind.schema(), key.about);
    let (name, text) = match key.presence {
        Presence::Default(text) => ("default", text),
        Presence::Required { example } | Presence::Optional { example } => ("examples", example),
    };
    let example = json!(value(text));
    schema[name] = if name == "default" { example } else { json!([example]) };
    schema
}

fn described(mut schema: Value, about: &str) -> Value {
    schema["description"] = json!(about);
    schema
}
