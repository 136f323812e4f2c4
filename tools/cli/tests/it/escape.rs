//! What peers wrote reaches the operator's terminal as text, whatever it is.

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::seed;
use crate::support::causewayctl;

/// Colours, a window's title, the eighth-bit form of both, a change of direction, a line of its own.
const POISON: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}1m\u{202e}\nforged";

/// Commands that show what the database holds of peers.
const COMMANDS: &[&[&str]] = &[
    &["room", "list"],
    &["room", "show", "1"],
    &["group", "list"],
    &["group", "show", "4"],
    &["group", "epochs", "1"],
    &["group", "forks", "1"],
    &["group", "members", "4"],
    &["group", "verify", "4"],
    &["queue", "list"],
    &["queue", "show", "1"],
    &["loss", "list"],
    &["parked", "list"],
    &["parked", "show", "1"],
    &["peer", "list"],
    &["keys", "status"],
    &["audit", "list"],
];

/// Appends the poison to all text in the database.
async fn poison(url: &str) {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns \
         WHERE tables.type = 'table' AND columns.type = 'TEXT'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(columns.len() > 30, "{columns:?}");
    // By this the public part of a group is found.
    for (table, column) in columns.iter().filter(|(_, column)| column != "client_uri") {
        let statement = format!("UPDATE \"{table}\" SET \"{column}\" = \"{column}\" || $1 WHERE \"{column}\" IS NOT NULL");
        sqlx::query(AssertSqlSafe(statement)).bind(POISON).execute(&mut connection).await.unwrap();
    }
    sqlx::query("UPDATE conversations SET group_id = CAST($1 AS BLOB) WHERE id = 1")
        .bind(POISON)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Nothing but the ends of lines moves a cursor.
#[track_caller]
fn is_harmless(arguments: &[&str], text: &str) {
    let is_dangerous = |character: char| character != '\n' && (character.is_control() || character == '\u{202e}');
    assert!(!text.contains(is_dangerous), "{arguments:?}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("forged")), "{arguments:?}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn u09_no_command_lets_an_escape_sequence_through() {
    let seeded = seed::sqlite().await;
    poison(&seeded.url).await;
    let mut written_out = 0;
    for command in COMMANDS {
        for format in ["table", "json", "ndjson", "yaml"] {
            let arguments = [&["--database", &seeded.url, "-o", format], *command].concat();
            let ran = causewayctl(&arguments);
            is_harmless(&arguments, &ran.stdout);
            is_harmless(&arguments, &ran.stderr);
            assert!(ran.stdout.len() > 3 || ran.code == 1, "{arguments:?}: {}", ran.stderr);
            written_out +=
                usize::from(ran.stdout.contains("u{1b}") || ran.stdout.contains("\\u001b") || ran.stdout.contains("\\e["));
        }
    }
    for format in ["dot", "svg"] {
        let arguments = ["--database", &seeded.url, "-o", format, "group", "forks", "1"];
        let ran = causewayctl(&arguments);
        is_harmless(&arguments, &ran.stdout);
        assert!(ran.stdout.contains("u{1b}"), "{}", ran.stdout);
    }
    // It was there to be written out, in nearly all of them.
    assert!(written_out > 3 * COMMANDS.len(), "{written_out}");
}

/// Names on the command line come from peers, too: by copying.
#[tokio::test(flavor = "multi_thread")]
async fn u09_errors_and_what_is_decoded_are_text() {
    let seeded = seed::sqlite().await;
    for command in [["room", "show"], ["queue", "show"], ["peer", "show"]] {
        let arguments = [&["--database", &seeded.url], &command[..], &[POISON]].concat();
        let ran = causewayctl(&arguments);
        assert_ne!(ran.code, 0);
        is_harmless(&arguments, ran.stderr.split("\nforged").next().unwrap());
    }
    let event = serde_json::json!({
        "type": format!("m.{POISON}"), "sender": "@a:hs.test", "room_id": "!r:hs.test", "content": {"body": POISON, POISON: 1},
        "depth": 1, "prev_events": [], "auth_events": [], "origin_server_ts": 1, "hashes": {"sha256": POISON}, "signatures": {},
    });
    for format in ["table", "json", "yaml"] {
        let arguments = ["decode", "--room-version", "11", "-o", format, &event.to_string()];
        let ran = causewayctl(&arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        is_harmless(&["decode", format], &ran.stdout);
        assert!(ran.stdout.contains("owned"), "{}", ran.stdout);
    }
}
