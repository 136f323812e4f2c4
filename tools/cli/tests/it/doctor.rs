//! `doctor` on a set-up that works, and on ones that are broken on purpose: the first line names the cause.

use std::fs;

use sqlx::Connection;

use crate::peer::{self, Behaviour};
use crate::setup::{Authority, Setup, chmod};

/// Breaks a healthy set-up; the first line then has to hold all these words.
async fn assert_diagnosis(setup: &Setup, arguments: &[&str], words: &[&str]) {
    let ran = setup.run(&[&["doctor"], arguments].concat()).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    let first = ran.stdout.lines().next().unwrap();
    assert!(first.starts_with('×') && words.iter().all(|word| first.contains(word)), "{words:?}: {}", ran.stdout);
    assert!(ran.stdout.lines().nth(1).unwrap().starts_with("    "), "no hint: {}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_set_up_is_green() {
    let setup = Setup::healthy().await;
    let ran = setup.run(&["doctor", "--with-key"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.starts_with('√')), "{}", ran.stdout);
    for category in ["configuration", "files", "certificates", "clock", "database", "keys", "peers", "queue", "losses"] {
        assert!(ran.stdout.contains(&format!("√ {category}:")), "{category}: {}", ran.stdout);
    }
    let ran = setup.run(&["doctor", "-o", "json"]).await;
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["healthy"], true);
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] == "ok"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_set_up_on_postgresql_is_green() {
    let setup = Setup::healthy().await;
    let url = crate::seed::postgres("doctor").await.url;
    setup.reconfigure("[peers", &format!("[database]\nurl = \"{url}\"\n\n[peers"));
    let ran = setup.run(&["doctor", "--with-key"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("√ database:      postgres://…@localhost/doctor opens"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_name() {
    let setup = Setup::healthy().await;
    setup.put("mimi", &setup.authority.issue("other.test"));
    assert_diagnosis(&setup, &[], &["certificates:", "mimi.pem does not name gw.test, but other.test"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate() {
    let setup = Setup::healthy().await;
    setup.put("matrix", &setup.authority.issue_until("hs.test", 2020));
    assert_diagnosis(&setup, &[], &["certificates:", "matrix.pem has expired at 2020-01-01"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_another_certificate() {
    let setup = Setup::healthy().await;
    setup.write("mimi.key", &setup.authority.issue("gw.test").key);
    assert_diagnosis(&setup, &[], &["certificates:", "mimi.key is not the key of", "mimi.pem"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_file_without_certificate() {
    let setup = Setup::healthy().await;
    setup.write("matrix.pem", "");
    assert_diagnosis(&setup, &[], &["certificates:", "matrix.pem holds no certificate"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off() {
    let setup = Setup::healthy().await;
    for (clock_ahead, words) in [(300, "s behind a.test's"), (-300, "s ahead of a.test's")] {
        let behaviour = Behaviour { clock_ahead, ..Behaviour::provider("a.test") };
        let address = peer::listen(&setup.authority.issue("a.test"), behaviour).await;
        setup.configure(&address.to_string());
        assert_diagnosis(&setup, &[], &["clock:", "this machine's clock is", words]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down() {
    let setup = Setup::healthy().await;
    fs::remove_file(setup.path("data/causeway.db")).unwrap();
    assert_diagnosis(&setup, &[], &["database:", "cannot open sqlite://"]).await;
    setup.reconfigure("[peers", "[database]\nurl = \"postgres://causeway:hunter2@127.0.0.1:1/causeway\"\n\n[peers");
    assert_diagnosis(&setup, &[], &["database:", "cannot open postgres://…@127.0.0.1:1/causeway"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_version() {
    for (statement, words) in [
        ("INSERT INTO schema_version (version) VALUES (99)", "the database has schema 99"),
        ("DELETE FROM schema_version WHERE version > 1", "the database has schema 1"),
    ] {
        let setup = Setup::healthy().await;
        let mut connection = sqlx::SqliteConnection::connect(&setup.database()).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        assert_diagnosis(&setup, &[], &["database:", words]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_master_key() {
    let setup = Setup::healthy().await;
    fs::remove_file(setup.path("data/master.key")).unwrap();
    assert_diagnosis(&setup, &[], &["keys:", "master.key is missing"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_key() {
    let setup = Setup::healthy().await;
    setup.write("data/master.key", &"02".repeat(32));
    assert_diagnosis(&setup, &["--with-key"], &["keys:", "is not the one that the database was sealed with"]).await;
    setup.write("data/master.key", "password");
    assert_diagnosis(&setup, &["--with-key"], &["keys:", "the master key cannot be used", "master.key, line 1:"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_others_may_read() {
    let setup = Setup::healthy().await;
    chmod(&setup.path("data/master.key"), 0o644);
    assert_diagnosis(&setup, &[], &["keys:", "others than its owner may read the master key", "(mode 0644)"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_ring_that_others_may_read() {
    let setup = Setup::healthy().await;
    setup.write("data/slices", "not to be read");
    chmod(&setup.path("data/slices"), 0o640);
    assert_diagnosis(&setup, &[], &["keys:", "others than its owner may read the slice ring", "(mode 0640)"]).await;
}

/// Warnings: it works, but what is past is not forgotten, or groups wait.
#[tokio::test(flavor = "multi_thread")]
async fn forgetting_that_does_not_go_on() {
    for (statement, words) in [
        ("UPDATE incarnation SET period = 3600000", "no slice has been made since one was due at 2026-09-21T16:13:20Z"),
        ("INSERT INTO slices (id, status, made_at) VALUES (9, 'active', 1790000000000)", ""),
        ("UPDATE conversations SET resync = 1 WHERE id = 1", "1 groups are locked until their members have joined anew (CW-4011)"),
    ] {
        let setup = Setup::healthy().await;
        let mut connection = sqlx::SqliteConnection::connect(&setup.database()).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let ran = setup.run(&["doctor"]).await;
        assert_eq!(ran.stdout.contains("‼ keys:"), !words.is_empty(), "{}", ran.stdout);
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_not_there() {
    let setup = Setup::healthy().await;
    setup.configure("127.0.0.1:1");
    assert_diagnosis(&setup, &[], &["peers:", "a.test fails at connection: Connection refused", "(127.0.0.1:1)"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_somebody_else() {
    let setup = Setup::healthy().await;
    for (issued, why) in [
        (setup.authority.issue("b.test"), "not valid for name"),
        (setup.authority.issue_until("a.test", 2020), "expired"),
        (Authority::new("another root").issue("a.test"), "UnknownIssuer"),
    ] {
        let address = peer::listen(&issued, Behaviour::provider("a.test")).await;
        setup.configure(&address.to_string());
        assert_diagnosis(&setup, &[], &["peers:", "a.test fails at certificate:", why]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_directory() {
    let setup = Setup::healthy().await;
    let behaviour = Behaviour { documents: Vec::new(), clock_ahead: 0 };
    let address = peer::listen(&setup.authority.issue("a.test"), behaviour).await;
    setup.configure(&address.to_string());
    assert_diagnosis(&setup, &[], &["peers:", "a.test fails at directory: 404 Not Found"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_in_the_configuration() {
    let setup = Setup::healthy().await;
    setup.reconfigure("private_key = \"matrix.key\"", "private_key = \"matrix.key\"\ntrusted_root = []");
    assert_diagnosis(&setup, &[], &["configuration:", "unknown key matrix.trusted_root; near: trusted_roots"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_lacks_something_or_is_none() {
    let setup = Setup::healthy().await;
    setup.reconfigure("server_name = \"hs.test:8448\"\n", "");
    assert_diagnosis(&setup, &[], &["configuration:", "matrix.server_name is missing"]).await;
    setup.write("gateway.toml", "data_directory = ");
    assert_diagnosis(&setup, &[], &["configuration:", "gateway.toml is not TOML"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_is_not_writable() {
    let setup = Setup::healthy().await;
    chmod(&setup.path("data"), 0o500);
    assert_diagnosis(&setup, &[], &["files:", "data is not writable for its owner (mode 0500)"]).await;
    chmod(&setup.path("data"), 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_too_long() {
    let setup = Setup::healthy().await;
    let mut connection = sqlx::SqliteConnection::connect(&setup.database()).await.unwrap();
    sqlx::query("UPDATE outbox SET queued_at = 1").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_diagnosis(&setup, &[], &["queue:", "2 items wait, the oldest (notify) since"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_that_everybody_reads_is_a_warning() {
    let setup = Setup::healthy().await;
    chmod(&setup.path("mimi.key"), 0o644);
    let ran = setup.run(&["doctor"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("‼ files:         everybody may read the private key"), "{}", ran.stdout);
}
