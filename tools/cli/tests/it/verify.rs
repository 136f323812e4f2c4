//! `group verify` on a history that holds, and on ones that somebody has had his hands in.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::seed;
use crate::support::*;

async fn broken_by(statement: &'static str) -> (i32, String) {
    let seeded = seed::sqlite().await;
    let mut connection = SqliteConnection::connect(&seeded.url).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let ran = causewayctl(&["--database", &seeded.url, "group", "verify", "4", "-o", "json"]);
    assert_eq!(ran.stderr, "");
    (ran.code, ran.stdout)
}

/// The problems of each line.
fn problems(text: &str) -> Vec<(String, i64, Vec<String>)> {
    let lines: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
    lines
        .iter()
        .map(|line| {
            let problems = line["problems"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
            (line["subject"].as_str().unwrap().to_owned(), line["number"].as_i64().unwrap(), problems)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_true_history_holds_on_both_databases() {
    for seeded in [seed::sqlite().await, seed::postgres("verify").await] {
        let lines = problems(&stdout(&seeded.url, &["group", "verify", "mimi://gw.test/r/den", "-o", "json"]));
        let expected = [("root", 0), ("epoch", 1), ("epoch", 2), ("head", 2)];
        assert_eq!(lines.len(), expected.len());
        for ((subject, number, problems), (expected, at)) in lines.iter().zip(expected) {
            assert_eq!((subject.as_str(), *number, problems.len()), (expected, at, 0), "{problems:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_link_is_named() {
    for (statement, subject, number, expected) in [
        ("UPDATE epochs SET epoch_id = zeroblob(32) WHERE conversation_id = 4 AND number = 1", "epoch", 1, "its commit after"),
        ("DELETE FROM epochs WHERE conversation_id = 4 AND number = 1", "epoch", 2, "is not stored"),
        ("DELETE FROM epochs WHERE conversation_id = 4 AND number = 0", "epoch", 1, "is not stored"),
        ("UPDATE epochs SET number = 5 WHERE conversation_id = 4 AND number = 1", "epoch", 5, "its number is 5, its parent's 0"),
        (
            "UPDATE epochs SET commit_message = x'00' WHERE conversation_id = 4 AND number = 2",
            "epoch",
            2,
            "its commit cannot be read",
        ),
        ("UPDATE epochs SET parent_epoch_id = NULL WHERE conversation_id = 4 AND number = 2", "root", 2, "names no parent"),
        (
            "UPDATE epochs SET confirmation_tag = zeroblob(32) WHERE conversation_id = 4 AND number = 2",
            "head",
            2,
            "confirmation tag is 00000000",
        ),
        ("UPDATE epochs SET status = 'past' WHERE conversation_id = 4", "head", 2, "0 epochs are heads"),
        ("UPDATE conversations SET head_number = 7 WHERE id = 4", "head", 7, "the conversation counts 7, the epoch 2"),
        ("UPDATE conversations SET head_epoch_id = zeroblob(32) WHERE id = 4", "head", 2, "the conversation is at 00000000"),
        (
            "DELETE FROM group_values WHERE conversation_id = 4 AND client_uri = ''",
            "head",
            2,
            "the stored public state does not load",
        ),
    ] {
        let (code, text) = broken_by(statement).await;
        assert_eq!(code, 1, "{statement}");
        let lines = problems(&text);
        let line = lines.iter().find(|line| line.0 == subject && line.1 == number);
        let named = line.is_some_and(|line| line.2.iter().any(|problem| problem.contains(expected)));
        assert!(named, "{statement}: {lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_history_is_found_out() {
    let seeded = seed::sqlite().await;
    let ran = causewayctl(&["--database", &seeded.url, "group", "verify", "1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("epoch    1       a2a2a2a2  broken   its commit cannot be read"), "{}", ran.stdout);
}
