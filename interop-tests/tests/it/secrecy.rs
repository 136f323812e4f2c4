//! What people say, and keys, stand nowhere in the clear: not in logs, not in metrics, not in the database.
//!
//! One exception, by design: `events.json`. Bridged Matrix rooms are unencrypted, and a homeserver has to keep the events
//! of its rooms as they were signed. Everything else that holds content is sealed or holds none.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use base64::Engine;
use causeway_core::records::GroupValueRow;
use causeway_store::{FileRing, Keyring, Keys, Store, StoreError};
use interop_tests::gateway::Gateway;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// The columns that may hold what people say.
const IN_THE_CLEAR: (&str, &str) = ("events", "json");
/// MLS secrets, nonces and private keys are so long.
const SECRET_OCTETS: std::ops::RangeInclusive<usize> = 16..=64;
/// A secret has so many different octets at least; what has fewer is padding or text.
const DIFFERENT: usize = 8;

/// What is looked for, by name.
type Needle = (String, Vec<u8>);
/// A column, and all its values.
type Column = ((String, String), Vec<Vec<u8>>);

/// Looks for what was said and for every key of the gateway in its log, its metrics and its database. What was said has to
/// be found where it may stand: the search does find what is there.
pub(crate) async fn assert_kept(gateway: &Gateway, said: &[&str]) {
    let keys = keys(gateway).await;
    assert!(keys.len() > 8, "no client has secrets");
    let said = said.iter().map(|text| ((*text).to_owned(), text.as_bytes().to_vec()));
    let needles: Vec<Needle> = said.clone().chain(keys.iter().flat_map(|(name, key)| forms(name, key))).collect();
    let search = AhoCorasick::new(needles.iter().map(|(_, octets)| octets)).unwrap();
    let found = |text: &[u8]| -> BTreeSet<&str> {
        search.find_overlapping_iter(text).map(|hit| needles[hit.pattern().as_usize()].0.as_str()).collect()
    };

    let metrics = gateway.admin().text("/metrics").await.unwrap();
    for (place, text) in [("the log", gateway.log().unwrap()), ("the metrics", metrics)] {
        assert_eq!(found(text.as_bytes()), BTreeSet::new(), "{place}");
    }
    let mut in_the_clear = BTreeSet::new();
    for ((table, column), values) in columns(gateway.database_url()).await {
        let names: BTreeSet<&str> = values.iter().flat_map(|value| found(value)).collect();
        match (table.as_str(), column.as_str()) == IN_THE_CLEAR {
            true => in_the_clear.extend(names),
            false => assert_eq!(names, BTreeSet::new(), "{table}.{column}"),
        }
    }
    let expected: Vec<String> = said.map(|(text, _)| text).collect();
    assert_eq!(in_the_clear, expected.iter().map(String::as_str).collect(), "{IN_THE_CLEAR:?}");
}

/// Every key that the gateway has, by name.
async fn keys(gateway: &Gateway) -> Vec<Needle> {
    let data = gateway.folder().join("data");
    let ring = data.join("master.key");
    let text = fs::read_to_string(&ring).unwrap();
    let words = text.split(|character: char| !character.is_ascii_hexdigit()).filter(|word| word.len() == 64);
    let mut keys: Vec<Needle> = words.map(|word| ("a master key".to_owned(), hex::decode(word).unwrap())).collect();
    assert!(!keys.is_empty(), "the ring has no key");
    let slices = data.join("slices");
    let text = fs::read_to_string(&slices).unwrap();
    let words: Vec<&str> = text.split(|character: char| !character.is_ascii_hexdigit()).filter(|word| word.len() == 64).collect();
    assert!(!words.is_empty(), "there is no slice");
    keys.extend(words.into_iter().map(|word| ("a slice".to_owned(), hex::decode(word).unwrap())));
    keys.push(("the admin token".to_owned(), fs::read_to_string(data.join("admin.token")).unwrap().trim().into()));
    let sealing = Keys { keyring: Keyring::read(&ring).unwrap().unwrap(), slices: Arc::new(FileRing::new(&slices)) };
    let store = Store::connect_read_only_with(gateway.database_url(), sealing).await.unwrap();
    let stored = store.transaction::<_, StoreError, _>("keys", |tx| {
        Box::pin(async move {
            let (mut keys, mut values, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
            for name in ["matrix_signing_key", "credential_authority", "hub_identity", "hub_franking_key"] {
                keys.push((name.to_owned(), tx.secret(name).await?.unwrap().to_vec()));
            }
            for room in tx.room_lines().await? {
                nodes.extend(tx.group_nodes(room.id).await?.into_iter().map(|(_, body)| body));
                for epoch in tx.kept_epochs(room.id).await? {
                    values.extend(tx.group_values(room.id, &epoch).await?);
                }
            }
            Ok((keys, values, nodes))
        })
    });
    let (stored, values, nodes) = stored.await.unwrap();
    keys.extend(stored);
    keys.extend(group_secrets(&values, &nodes));
    keys
}

/// What clients keep of their groups, and the secrets in it.
fn group_secrets(values: &[GroupValueRow], nodes: &[Vec<u8>]) -> Vec<Needle> {
    let is_private = |value: &&GroupValueRow| !value.client_uri.is_empty();
    let in_rows = values.iter().filter(|value| !is_private(value)).map(|value| &value.value);
    let public: BTreeSet<&[u8]> = in_rows.chain(nodes).flat_map(|value| strings(value)).collect();
    let mut secrets = Vec::new();
    for value in values.iter().filter(is_private) {
        let label: String = value.key.iter().map(|octet| char::from(*octet)).take_while(char::is_ascii_alphanumeric).collect();
        // Proposals are on their way in the clear.
        if label.contains("Proposal") {
            continue;
        }
        let name = format!("{label} of {}", value.client_uri);
        let inner = octets(&value.value).into_iter().filter(|octets| !public.contains(octets.as_slice()));
        secrets.extend(inner.map(|octets| (name.clone(), octets)));
        if value.value.len() > *SECRET_OCTETS.start() {
            secrets.push((name, value.value.clone()));
        }
    }
    secrets
}

/// What may be an octet string in a part of a value in MessagePack.
fn strings(part: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = part.windows(2).enumerate().filter(|(_, head)| head[0] == 0xc4);
    starts.filter_map(|(at, head)| part.get(at + 2..at + 2 + usize::from(head[1])))
}

/// The octet strings in a stored value: MessagePack after an octet that says its form.
fn octets(value: &[u8]) -> Vec<Vec<u8>> {
    let mut found =
        value.get(1..).and_then(|value| rmp_serde::from_slice(value).ok()).map_or_else(Vec::new, |Strings(found)| found);
    let is_random = |octets: &Vec<u8>| {
        let different: BTreeSet<u8> = octets.iter().copied().collect();
        SECRET_OCTETS.contains(&octets.len()) && different.len() >= DIFFERENT && !octets.is_ascii()
    };
    found.retain(is_random);
    found
}

/// All octet strings in a value.
struct Strings(Vec<Vec<u8>>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringsVisitor)
    }
}

struct StringsVisitor;

macro_rules! without_strings {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Strings, E> { Ok(Strings(Vec::new())) })*
    };
}

impl<'de> Visitor<'de> for StringsVisitor {
    type Value = Strings;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MessagePack")
    }

    without_strings!(visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Strings, E> {
        Ok(Strings(Vec::new()))
    }

    fn visit_bytes<E>(self, octets: &[u8]) -> Result<Strings, E> {
        Ok(Strings(vec![octets.to_vec()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strings, A::Error> {
        let mut found = Vec::new();
        while let Some(Strings(more)) = items.next_element()? {
            found.extend(more);
        }
        Ok(Strings(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Strings, A::Error> {
        let mut found = Vec::new();
        while let Some((Strings(_), Strings(more))) = fields.next_entry()? {
            found.extend(more);
        }
        Ok(Strings(found))
    }
}

/// A key as it is, and as text. What Ed25519 derives everything from stands inside a document: it is looked for, too.
fn forms(name: &str, key: &[u8]) -> Vec<Needle> {
    let seed = if name == "matrix_signing_key" { key.get(16..48) } else { None };
    let mut forms = Vec::new();
    for octets in [Some(key), seed].into_iter().flatten() {
        let numbers: Vec<String> = octets.iter().map(u8::to_string).collect();
        forms.push((name.to_owned(), octets.to_vec()));
        forms.push((format!("{name} in hex"), hex::encode(octets).into_bytes()));
        forms.push((format!("{name} in base64"), base64::engine::general_purpose::STANDARD_NO_PAD.encode(octets).into_bytes()));
        forms.push((format!("{name} as JSON"), numbers.join(",").into_bytes()));
        forms.push((format!("{name} as Rust"), numbers.join(", ").into_bytes()));
    }
    forms
}

/// All that the database holds.
async fn columns(url: &str) -> Vec<Column> {
    if url.starts_with("sqlite:") { columns_of_sqlite(url).await } else { columns_of_postgres(url).await }
}

async fn columns_of_sqlite(url: &str) -> Vec<Column> {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let names: Vec<(String, String)> = sqlx::query_as(
        "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns \
         WHERE tables.type = 'table'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut columns = Vec::new();
    for (table, column) in names {
        let text = format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        let values: Vec<(Vec<u8>,)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap();
        columns.push(((table, column), values.into_iter().map(|(value,)| value).collect()));
    }
    columns
}

async fn columns_of_postgres(url: &str) -> Vec<Column> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let names: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type = 'bytea' FROM information_schema.columns \
         WHERE table_schema = 'public'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut columns = Vec::new();
    for (table, column, is_octets) in names {
        let value = if is_octets { format!("\"{column}\"") } else { format!("convert_to(\"{column}\"::text, 'UTF8')") };
        let text = format!("SELECT {value} FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        let values: Vec<(Vec<u8>,)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap();
        columns.push(((table, column), values.into_iter().map(|(value,)| value).collect()));
    }
    columns
}
