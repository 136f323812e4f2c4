//! `group verify` on a history that holds, and on ones that somebody has had his hands in.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::support::*;
use crate::{forked, seed};

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

/// Whether the history of the true fork is found to hold, and its lines: number, place, result, problems, why not checked.
async fn forked_after(statement: &'static str) -> (bool, Vec<String>) {
    let seeded = forked::sqlite().await;
    let mut connection = SqliteConnection::connect(&seeded.url).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    judged(&seeded.url)
}

fn judged(url: &str) -> (bool, Vec<String>) {
    let ran = causewayctl(&["--database", url, "group", "verify", "2", "-o", "json"]);
    assert_eq!(ran.stderr, "");
    let lines: Vec<serde_json::Value> = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let line = |line: &serde_json::Value| {
        let problems: Vec<String> = line["problems"].as_array().unwrap().iter().map(text).collect();
        let [subject, place, result, unchecked] = ["subject", "place", "result", "unchecked"].map(|name| text(&line[name]));
        format!("{subject} {} {place} {result} {}{unchecked}", line["number"], problems.join("; ")).trim_end().to_owned()
    };
    let mut lines: Vec<String> = lines.iter().map(line).collect();
    lines.sort();
    (ran.code == 0, lines)
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
    assert!(
        ran.stdout.contains("epoch    1       a2a2a2a2  on the head's way  broken   its commit cannot be read"),
        "{}",
        ran.stdout
    );
}

/// Every commit is judged at its parent, those that have lost, too, and the first, which was still the hub's.
#[tokio::test(flavor = "multi_thread")]
async fn a_fork_holds_on_both_databases() {
    for seeded in [forked::sqlite().await, forked::postgres("verify_fork").await] {
        let (holds, lines) = judged(&seeded.url);
        assert!(holds, "{lines:?}");
        let expected = [
            "epoch 1 on_the_way ok",
            "epoch 2 lost ok",
            "epoch 2 on_the_way ok",
            "epoch 3 head ok",
            "epoch 3 lost ok",
            "head 3 head ok",
            "root 0 on_the_way trusted",
        ];
        assert_eq!(lines, expected);
    }
}

/// Of a branch that has lost, and of the head.
const LOST: &str = "CREATE TEMP TABLE lost AS SELECT a.epoch_id AS epoch_id, a.number AS number FROM epochs AS a \
     WHERE a.conversation_id = 2 AND a.committer LIKE '%alice%' AND (a.number = 2 OR a.number = 3 AND a.status = 'past');";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_fork_is_named_where_it_is() {
    for (statement, epoch, expected) in [
        (
            "UPDATE epochs SET confirmation_tag = zeroblob(32) WHERE epoch_id = (SELECT epoch_id FROM lost WHERE number = 2)",
            "epoch 2 lost broken",
            "its confirmation tag is 00000000, the stored public state's ",
        ),
        (
            "UPDATE epochs SET confirmation_tag = zeroblob(32) WHERE epoch_id = (SELECT epoch_id FROM lost WHERE number = 3); \
             DELETE FROM group_values WHERE epoch_id = (SELECT epoch_id FROM lost WHERE number = 3)",
            "epoch 3 lost broken",
            "its confirmation tag is 00000000, its commit's ",
        ),
        (
            "UPDATE group_values SET value = (SELECT value FROM group_values AS other WHERE other.client_uri = '' AND \
             other.key = group_values.key AND other.epoch_id = (SELECT epoch_id FROM lost WHERE number = 2)) \
             WHERE epoch_id = (SELECT epoch_id FROM lost WHERE number = 3) AND client_uri = '' AND key LIKE CAST('Tree%' AS BLOB)",
            "epoch 3 lost broken",
            "the ratchet tree that its commit opens is not the stored one",
        ),
        (
            "UPDATE group_values SET value = (SELECT value FROM group_values AS other WHERE other.client_uri = '' AND \
             other.key = group_values.key AND other.epoch_id = (SELECT epoch_id FROM lost WHERE number = 2)) \
             WHERE epoch_id = (SELECT epoch_id FROM lost WHERE number = 3) AND client_uri = '' AND \
             key LIKE CAST('GroupContext%' AS BLOB)",
            "epoch 3 lost broken",
            "the GroupContext that its commit opens is not the stored one",
        ),
        (
            "DELETE FROM group_values WHERE epoch_id = (SELECT epoch_id FROM lost WHERE number = 2) AND key LIKE CAST('Tree%' AS BLOB)",
            "epoch 2 lost broken",
            "the stored public state does not load",
        ),
        (
            "UPDATE epochs SET status = 'head' WHERE epoch_id = (SELECT epoch_id FROM lost WHERE number = 3)",
            "head 3 head broken",
            "2 epochs are heads",
        ),
        (
            "UPDATE conversations SET head_number = 2, head_epoch_id = (SELECT epoch_id FROM lost WHERE number = 2) WHERE id = 2",
            "head 2 head broken",
            "it is not the last epoch of its branch: ",
        ),
    ] {
        let statement: &'static str = Box::leak(format!("{LOST}{statement}").into_boxed_str());
        let (holds, lines) = forked_after(statement).await;
        let named = lines.iter().any(|line| line.starts_with(epoch) && line.contains(expected));
        assert!(!holds && named, "{statement}: {lines:#?}");
    }
}

/// What is not kept any more is replayed from what is, as far as that reaches; the rest is named, and is no finding.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_judged_is_named_and_is_no_finding() {
    let (holds, lines) = forked_after(
        "DELETE FROM group_values WHERE conversation_id = 2 AND epoch_id NOT IN \
         (SELECT epoch_id FROM epochs WHERE number = 1 UNION SELECT head_epoch_id FROM conversations WHERE id = 2)",
    )
    .await;
    assert!(holds && lines.iter().filter(|line| line.ends_with(" ok")).count() == 5, "{lines:#?}");
    let (holds, lines) =
        forked_after("DELETE FROM group_values WHERE epoch_id IN (SELECT epoch_id FROM epochs WHERE number < 2)").await;
    assert!(holds, "{lines:#?}");
    let unjudged = lines.iter().filter(|line| line.starts_with("epoch 2") && line.contains("linked the state of its parent"));
    assert_eq!(unjudged.count(), 2, "{lines:#?}");
}

/// Who came into a room without a hub knows the anchor by its state, and later not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_graph_may_begin_with_an_epoch_that_peers_have_told_of() {
    let (holds, lines) = forked_after("DELETE FROM epochs WHERE conversation_id = 2 AND number < 2").await;
    assert!(holds && lines.iter().filter(|line| line.ends_with(" ok")).count() == 5, "{lines:#?}");
    let (holds, lines) = forked_after(
        "DELETE FROM group_values WHERE epoch_id IN (SELECT epoch_id FROM epochs WHERE number = 1 AND conversation_id = 2); \
         DELETE FROM epochs WHERE conversation_id = 2 AND number < 2",
    )
    .await;
    assert!(holds && lines.iter().any(|line| line.contains("linked peers have told of its parent ")), "{lines:#?}");
}
