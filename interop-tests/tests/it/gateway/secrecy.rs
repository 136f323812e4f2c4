//! What people say, and keys, stand nowhere in the clear: not in logs, not in metrics, not in the database.
//!
//! One exception, by design: `events.json`. Bridged Matrix rooms are unencrypted, and a homeserver has to keep the events
//! of its rooms as they were signed. Everything else that holds content is sealed or holds none.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use base64::Engine;
use causeway_store::{Keyring, Store, StoreError};
use interop_tests::light::Light;
use interop_tests::patience::{self, Look};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::support::light;

/// The columns that may hold what people say.
const IN_THE_CLEAR: &[(&str, &str)] = &[("events", "json")];

/// What alice says, what carol says, what alice says while the provider is away.
const MARKERS: [&str; 3] = ["MARKER-alice-7f3a9c", "MARKER-carol-51e0bd", "MARKER-waiting-c28f44"];

#[tokio::test]
async fn nothing_that_is_secret_stands_in_the_clear() {
    let light = light("secrecy").await;
    observed(&light).await;
    let bridge = light.bridge("12", "s").await.unwrap();
    bridge.alice_says(MARKERS[0]).unwrap();
    bridge.carol_hears(&[MARKERS[0]]).await.unwrap();
    bridge.carol_says(MARKERS[1]).await.unwrap();
    bridge.alice_hears(&[MARKERS[1]]).await.unwrap();
    light.to_provider.faults().go_down();
    bridge.alice_says(MARKERS[2]).unwrap();
    let metrics = patience::until("a postponed delivery", async || {
        let metrics = metrics(&light);
        let is_so = metrics
            .lines()
            .any(|line| line.starts_with("causeway_deliveries_total{peer_kind=\"provider\"") && line.contains("postponed"));
        Ok(Look::from_option(is_so.then_some(metrics), || "none".to_owned()))
    });
    let metrics = metrics.await.unwrap();
    conserved(&metrics);

    let folder = light.folder.join("gateway");
    let log = fs::read_to_string(light.folder.join("gateway.2.log")).unwrap();
    lines_have_fields(&log);
    let keys = keys(&folder).await;
    let mut needles: Vec<(String, Vec<u8>)> =
        MARKERS.iter().map(|marker| ((*marker).to_owned(), marker.as_bytes().to_vec())).collect();
    needles.extend(keys.iter().flat_map(|(name, key)| forms(name, key)));
    for (name, needle) in &needles {
        for (place, text) in [("the log", log.as_bytes()), ("the metrics", metrics.as_bytes())] {
            assert!(!contains(text, needle), "{place} has {name}");
        }
    }
    let found = columns_with(&folder.join("data/causeway.db"), &needles).await;
    let exceptions: Vec<_> =
        found.iter().filter(|(_, place)| IN_THE_CLEAR.contains(&(place.0.as_str(), place.1.as_str()))).collect();
    assert_eq!(exceptions.len(), found.len(), "{found:?}");
    // The search does find what is there.
    assert!(
        exceptions.iter().any(|(name, _)| name == MARKERS[0]) && exceptions.iter().any(|(name, _)| name == MARKERS[1]),
        "{found:?}"
    );
    assert!(exceptions.iter().all(|(name, _)| MARKERS.contains(&name.as_str())), "{found:?}");
}

/// Starts the gateway again with a log for machines.
async fn observed(light: &Light) {
    let mut file = OpenOptions::new().append(true).open(&light.gateway.configuration).unwrap();
    write!(file, "\n[log]\nformat = \"json\"\n").unwrap();
    light.gateway.crash().unwrap();
    light.gateway.start_again().await.unwrap();
}

fn metrics(light: &Light) -> String {
    let admin = light.gateway.admin.base().trim_start_matches("http://");
    let mut stream = TcpStream::connect(admin).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// What came in is what was translated, refused, known, parked or failed.
fn conserved(metrics: &str) {
    let sum = |name: &str, direction: &str| -> f64 {
        let of = metrics.lines().filter(|line| line.starts_with(&format!("{name}{{")) && line.contains(direction));
        of.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    };
    for direction in ["matrix_to_mimi", "mimi_to_matrix"] {
        let came = sum("causeway_events_in_total", direction);
        assert!(came > 0.0, "{direction}\n{metrics}");
        assert_eq!(came, sum("causeway_events_total", direction), "{direction}\n{metrics}");
    }
    for name in ["causeway_crypto_seconds_count", "causeway_epochs_total", "causeway_outbox_depth"] {
        assert!(sum(name, "") > 0.0, "{name}\n{metrics}");
    }
}

/// Each line is a JSON document; what it is about stands in fields of it or of its spans.
fn lines_have_fields(log: &str) {
    let mut fields = std::collections::BTreeSet::new();
    // The harness keeps standard output in the same file.
    for line in log.lines().filter(|line| *line != "causeway is ready") {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        fields.extend(line.as_object().unwrap().keys().cloned());
        let spans = line["spans"].as_array().into_iter().flatten();
        fields.extend(spans.filter_map(|span| span.as_object()).flat_map(|span| span.keys().cloned()));
    }
    for field in ["timestamp", "level", "target", "message", "event_id", "room", "peer", "endpoint", "lane"] {
        assert!(fields.contains(field), "no line has {field}: {fields:?}");
    }
}

/// Every key that the gateway has, by name.
async fn keys(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let ring = folder.join("data/master.key");
    let text = fs::read_to_string(&ring).unwrap();
    let words = text.split(|character: char| !character.is_ascii_hexdigit()).filter(|word| word.len() == 64);
    let masters: Vec<Vec<u8>> = words.map(|word| hex::decode(word).unwrap()).collect();
    assert!(!masters.is_empty(), "the ring has no key");
    let token = fs::read(folder.join("data/admin.token")).unwrap();
    let mut keys = vec![("the admin token".to_owned(), token)];
    keys.extend(masters.into_iter().map(|master| ("a master key".to_owned(), master)));
    let url = format!("sqlite://{}", folder.join("data/causeway.db").display());
    let store = Store::connect(&url, Keyring::read(&ring).unwrap().unwrap()).await.unwrap();
    let stored = store.transaction::<_, StoreError, _>("keys", |tx| {
        Box::pin(async move {
            let mut keys = Vec::new();
            for name in ["matrix_signing_key", "credential_authority", "hub_identity", "hub_franking_key"] {
                keys.push((name.to_owned(), tx.secret(name).await?.unwrap().to_vec()));
            }
            for room in tx.room_lines().await? {
                let values = tx.group_values(room.id).await?;
                keys.extend(
                    values
                        .into_iter()
                        .filter(|value| !value.client_uri.is_empty() && value.value.len() >= 32)
                        .map(|value| (format!("a group secret of {}", value.client_uri), value.value)),
                );
            }
            Ok(keys)
        })
    });
    keys.extend(stored.await.unwrap());
    assert!(keys.len() > 8, "no client has secrets");
    keys
}

/// A key as it is, and as text. What Ed25519 derives everything from stands inside a document: it is looked for, too.
fn forms(name: &str, key: &[u8]) -> Vec<(String, Vec<u8>)> {
    let seed = if name == "matrix_signing_key" { key.get(16..48) } else { None };
    let mut forms = Vec::new();
    for bytes in [Some(key), seed].into_iter().flatten() {
        forms.push((name.to_owned(), bytes.to_vec()));
        forms.push((format!("{name} in hex"), hex::encode(bytes).into_bytes()));
        forms.push((format!("{name} in base64"), base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes).into_bytes()));
    }
    forms
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

/// Where in the database the needles are: needle, table, column.
async fn columns_with(database: &Path, needles: &[(String, Vec<u8>)]) -> Vec<(String, (String, String))> {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    let tables: Vec<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table'").fetch_all(&mut connection).await.unwrap();
    let mut found = Vec::new();
    for (table,) in tables {
        let columns: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM pragma_table_info($1)").bind(&table).fetch_all(&mut connection).await.unwrap();
        for (column,) in columns {
            for (name, needle) in needles {
                let text = format!("SELECT COUNT(*) FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS BLOB), $1) > 0");
                let (count,): (i64,) =
                    sqlx::query_as(AssertSqlSafe(text)).bind(needle.as_slice()).fetch_one(&mut connection).await.unwrap();
                if count > 0 {
                    found.push((name.clone(), (table.clone(), column.clone())));
                }
            }
        }
    }
    found
}
