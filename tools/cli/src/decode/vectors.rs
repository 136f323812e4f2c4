//! The kinds, held to the vectors of the drafts' crate, and to its sources: whatever it decodes has a kind.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::kinds::KINDS;
use super::{Kind, named};

/// Files whose structure is another's, or is more than one kind.
const OF: [(&str, &str); 4] = [
    ("mimi-content-09/published-examples", "content"),
    ("mimi-protocol-06/uri", "uri"),
    ("mimi-room-policy-04/example-role-sets", "roles-list"),
    ("mls-extensions-09/ApplicationFraming", "application-framing"),
];

/// Against a rule about the room, which a component alone does not show.
const TAKES_THE_ROOM: [&str; 1] = ["R-036"];

struct Vectors {
    name: String,
    json: Value,
}

fn drafts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../drafts")
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// All files of vectors that have encodings.
fn vectors() -> Vec<Vectors> {
    let paths = files(&drafts().join("vectors")).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    let read = paths.map(|path| {
        let json: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let name = format!("{}/{}", json["draft"].as_str().unwrap(), json["structure"].as_str().unwrap());
        Vectors { name, json }
    });
    read.filter(|vectors| vectors.json["encoding"] != "computation").collect()
}

impl Vectors {
    fn kind(&self) -> Option<&'static Kind> {
        if let Some((_, kind)) = OF.iter().find(|(name, _)| *name == self.name) {
            return named(kind).first().copied();
        }
        KINDS.iter().find(|kind| format!("{}/{}", kind.origin.draft, kind.origin.structure) == self.name)
    }

    /// The cases: name, octets, all of it.
    fn cases(&self, key: &str) -> Vec<(String, Vec<u8>, &Value)> {
        let cases = self.json[key].as_array().unwrap().iter();
        let octets = |case: &Value| match case["hex"].as_str() {
            Some(octets) => hex::decode(octets).unwrap(),
            None => case["text"].as_str().unwrap().as_bytes().to_vec(),
        };
        cases.map(|case| (format!("{}: {}", self.name, case["name"].as_str().unwrap()), octets(case), case)).collect()
    }
}

#[test]
fn every_structure_with_vectors_has_a_kind_of_its_section() {
    for vectors in vectors() {
        let kind = vectors.kind().unwrap_or_else(|| panic!("{} has no kind", vectors.name));
        if !OF.iter().any(|(name, _)| *name == vectors.name) {
            assert_eq!(vectors.json["section"], kind.origin.section, "{}", vectors.name);
        }
        let update = vectors.json["update"].as_str();
        assert!(update.is_none_or(|update| !named(update).is_empty()), "{} is not known as {update:?}", vectors.name);
    }
}

#[test]
fn what_is_valid_is_shown_by_the_drafts_names() {
    let mut failures = Vec::new();
    for vectors in vectors() {
        let kind = vectors.kind().unwrap();
        for (name, octets, case) in vectors.cases("valid") {
            match kind.read(&octets, None) {
                Ok(tree) => failures.extend(
                    agrees(&serde_json::to_value(&tree).unwrap(), &case["fields"]).err().map(|why| format!("{name}: {why}")),
                ),
                Err(refused) => failures.push(format!("{name}: {refused}")),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_invalid_is_refused_at_the_octet_that_is_to_blame() {
    let mut failures = Vec::new();
    for vectors in vectors() {
        let kind = vectors.kind().unwrap();
        for (name, octets, case) in vectors.cases("invalid") {
            let error = &case["error"];
            let expected = error["offset"].as_u64().map(|offset| offset as usize);
            match kind.read(&octets, None) {
                Ok(_) if TAKES_THE_ROOM.contains(&error["rule"].as_str().unwrap()) => {}
                Ok(tree) => failures.push(format!("{name}: taken as {tree:?}")),
                Err(refused) if expected.is_some() && refused.offset != expected => {
                    failures.push(format!("{name}: {refused}, not at {expected:?}"));
                }
                Err(refused) if refused.offset.is_none() && error["class"] != "rule" => {
                    failures.push(format!("{name}: {refused} says no octet"));
                }
                Err(_) => {}
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Whether what is shown is what a vector says: the same names, and the same values in one of the forms that are shown.
fn agrees(shown: &Value, fields: &Value) -> Result<(), String> {
    match (shown, fields) {
        (Value::Object(shown), Value::Object(fields)) => {
            let more = shown.keys().find(|name| !fields.contains_key(*name) && *name != "messageId");
            if let Some(name) = more {
                return Err(format!("{name} is shown, and not in the vector"));
            }
            fields.iter().try_for_each(|(name, field)| {
                let shown = shown.get(name).ok_or_else(|| format!("{name} is not shown"))?;
                agrees(shown, field).map_err(|why| format!("{name}: {why}"))
            })
        }
        // Extensions have keys here, and are pairs in the vectors.
        (Value::Object(shown), Value::Array(pairs)) if shown.len() == pairs.len() => {
            let key = |pair: &Value| pair[0].as_str().map_or_else(|| pair[0].to_string(), str::to_owned);
            let is_shown = |pair: &Value| shown.keys().any(|shown| *shown == key(pair) || shown.starts_with(&(key(pair) + " ")));
            if pairs.iter().all(is_shown) { Ok(()) } else { Err(format!("{shown:?} are not {pairs:?}")) }
        }
        (Value::Array(shown), Value::Array(fields)) if shown.len() == fields.len() => {
            shown.iter().zip(fields).try_for_each(|(shown, field)| agrees(shown, field))
        }
        _ if is_one(shown, fields) => Ok(()),
        _ => Err(format!("{shown} is not {fields}")),
    }
}

/// Whether a value is shown: as it is, as text, as number and name, taken apart, or, of keys and certificates, what it is.
fn is_one(shown: &Value, field: &Value) -> bool {
    let octets = field.as_str().and_then(|text| hex::decode(text).ok());
    match (shown, field) {
        (Value::String(shown), Value::Number(number)) => {
            let name = shown.split(' ').next().unwrap_or_default();
            let code = name.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
            code.or_else(|| name.parse().ok()) == number.as_u64()
        }
        (Value::String(shown), Value::String(text)) => {
            let is_told = octets.as_ref().is_some_and(|octets| *shown == format!("{} octets", octets.len()));
            shown == text
                || shown.rsplit(' ').next() == Some(text)
                || octets.is_some_and(|octets| octets == shown.as_bytes())
                || is_told
        }
        (Value::Object(_) | Value::Array(_), Value::String(_)) => octets.is_some(),
        (Value::String(shown), Value::Object(tag)) => tag.get("tag").is_some_and(|tag| tag[1] == *shown),
        _ => shown == field,
    }
}

/// Values of fields, which are no objects of their own.
const VALUES: [&str; 14] = [
    "AbuseType",
    "AssetUploadLocation",
    "Capability",
    "ConsentOperation",
    "DownloadPrivacyType",
    "FieldSource",
    "IdentifierQueryCode",
    "KeyMaterialUserCode",
    "Optionality",
    "Protocol",
    "RatchetTreePresence",
    "Text",
    "Uri",
    "Utf8",
];

/// What the drafts write without a structure of its own, or by another name, with the kind that shows it.
const SHOWN_AS: [(&str, &str); 19] = [
    ("ClientKeyMaterialStatus", "client-key-material"),
    ("ClientUri", "uri"),
    ("EncryptedGroupInfo", "group-info-response"),
    ("Expiration", "message-expiration-policy"),
    ("GroupInfoStatus", "group-info-response"),
    ("GroupUri", "uri"),
    ("HistorySharing", "chat-history-policy"),
    ("KnownMessage", "mls-message"),
    ("Logging", "logging-policy"),
    ("MimiContent", "content"),
    ("Parameter", "media-type-parameter"),
    ("PreviewProxy", "link-preview-policy"),
    ("ProviderDomain", "provider-asset-upload-domains"),
    ("ProviderUri", "uri"),
    ("RoomUri", "uri"),
    ("SearchType", "query-element"),
    ("SubmitStatus", "submit-response"),
    ("UpdateStatus", "update-response"),
    ("UserUri", "uri"),
];

/// Signed, and never sent.
const SIGNED: [&str; 2] = ["FrankingIntegrityTbs", "GroupInfoRequestTbs"];

/// Each type for which the sources of the drafts' crate have a decoder.
fn decoders() -> Vec<String> {
    let sources = files(&drafts().join("src")).into_iter().map(|path| fs::read_to_string(path).unwrap());
    let mut found: Vec<String> = sources.flat_map(|text| decoders_in(&text)).collect();
    found.sort();
    found.dedup();
    found
}

fn decoders_in(text: &str) -> Vec<String> {
    let after = |text: &str, word: &str| text.split(word).skip(1).map(first_word).collect::<Vec<_>>();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    let mut found: Vec<String> = Vec::new();
    for word in ["structure!(", "choice!(", "on_the_wire!(", "Deserialize for "] {
        found.extend(after(&code, word));
    }
    // The name of a URI type stands below its documentation.
    found.extend(code.split("uri_type!(").skip(1).map(|rest| first_word(rest.trim_start())));
    for derived in code.split("TlsDeserialize)]").skip(1) {
        found.extend(after(derived, "pub enum ").into_iter().chain(after(derived, "pub struct ")).take(1));
    }
    // CBOR has no trait.
    for before in code.split("pub fn decode(").collect::<Vec<_>>().split_last().map_or(&[][..], |(_, before)| before) {
        found.extend(before.rsplit("impl ").next().map(first_word));
    }
    found.retain(|name| !name.is_empty() && name != "T" && name != "Verbatim");
    found
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

#[test]
fn every_decoder_of_the_drafts_has_a_kind() {
    let decoders = decoders();
    assert!(decoders.len() > 90, "{decoders:?}");
    let bare = |name: &str| name.to_lowercase().replace('-', "");
    let has_kind = |name: &str| KINDS.iter().any(|kind| [kind.name, kind.origin.structure].map(bare).contains(&bare(name)));
    let is_shown =
        |name: &str| SHOWN_AS.iter().any(|(known, kind)| *known == name && KINDS.iter().any(|other| other.name == *kind));
    let is_none = |name: &str| VALUES.contains(&name) || SIGNED.contains(&name);
    let missing: Vec<_> = decoders.iter().filter(|name| !has_kind(name) && !is_shown(name) && !is_none(name)).collect();
    assert!(missing.is_empty(), "no kind shows {missing:?}");
    let tables = SHOWN_AS.iter().map(|(name, _)| *name).chain(VALUES).chain(SIGNED);
    let gone: Vec<_> = tables.filter(|name| !decoders.iter().any(|known| known == name)).collect();
    assert!(gone.is_empty(), "in a table, and decoded no more: {gone:?}");
}

#[test]
fn kinds_have_names_of_their_own() {
    for kind in KINDS {
        assert_eq!(named(kind.name).len(), 1, "{}", kind.name);
    }
}
