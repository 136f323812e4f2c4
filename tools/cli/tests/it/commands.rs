//! What every command prints, written down in `tests/cmd`. `TRYCMD=overwrite cargo test -p causewayctl` writes it anew.

use std::path::Path;

use sqlx::Connection;

use crate::{forked, seed};

fn cases() -> trycmd::TestCases {
    let cases = trycmd::TestCases::new();
    cases.register_bin("causewayctl", Path::new(env!("CARGO_BIN_EXE_causewayctl")));
    cases
}

#[test]
fn help() {
    cases().case("tests/cmd/help/*.trycmd");
}

#[tokio::test(flavor = "multi_thread")]
async fn output() {
    let seeded = seed::sqlite().await;
    let mut connection = sqlx::SqliteConnection::connect(&seeded.url).await.unwrap();
    sqlx::query("UPDATE outbox SET queued_at = 1790000000000").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    tokio::task::spawn_blocking(move || {
        cases().env("CAUSEWAY_DATABASE", &seeded.url).case("tests/cmd/data/*.trycmd");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn forks() {
    let seeded = forked::sqlite().await;
    tokio::task::spawn_blocking(move || {
        cases().env("CAUSEWAY_DATABASE", &seeded.url).case("tests/cmd/forks/*.trycmd");
    })
    .await
    .unwrap();
}

/// One page for each command.
#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::TempDir::new().unwrap();
    let ran = crate::support::causewayctl(&["man", "--directory", folder.path().to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    for page in ["causewayctl", "causewayctl-group-verify", "causewayctl-peer-probe", "causewayctl-doctor"] {
        let text = std::fs::read_to_string(folder.path().join(format!("{page}.1"))).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = crate::support::causewayctl(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}: {}", ran.stderr);
        assert!(ran.stdout.contains("verify") && ran.stdout.contains("doctor"), "{shell}");
    }
}

/// As they stand in the documentation, with `--help` behind them.
#[test]
fn commands_in_the_documentation_exist() {
    let texts =
        [include_str!("../../../../README.md"), include_str!("../../README.md"), include_str!("../../../../docs/ops/README.md")];
    let lines = texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("$ "));
    let commands: Vec<&str> =
        lines.filter_map(|line| line.strip_prefix("target/release/").unwrap_or(line).strip_prefix("causewayctl ")).collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').map(|word| word.trim_matches('\'')).chain(["--help"]).collect();
        let ran = crate::support::causewayctl(&arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command}");
    }
}

/// Without an example, help is half a help.
#[test]
fn every_command_has_an_example() {
    for file in std::fs::read_dir("tests/cmd/help").unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let is_command = !text.contains("Commands:");
        assert!(!is_command || text.contains("Example"), "{text}");
    }
}
