//! `causewayctl doctor` on a gateway at work, and on the same gateway broken in one way after the other: its first line
//! names the cause.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use interop_tests::faults::Fault;
use interop_tests::light::Light;
use interop_tests::patience::{self, Look};
use interop_tests::postgres::Postgres;
use sqlx::{Connection, PgConnection};

use super::support::light_with;

/// Longer than any clock may differ.
const HOUR: Duration = Duration::from_secs(3600);

/// A set-up that works.
struct Setup {
    light: Light,
    postgres: Postgres,
    folder: PathBuf,
}

impl Setup {
    async fn start() -> Self {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doctor-postgres.log");
        let postgres = Postgres::start(&log).await.unwrap();
        let light = light_with("doctor", Some(&postgres.url())).await;
        let folder = light.gateway.folder().to_owned();
        Self { light, postgres, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The exit code, and all lines.
    async fn doctor(&self) -> (Option<i32>, String) {
        let ran = self.light.gateway.causewayctl(&["doctor", "--with-key"]).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
    }

    /// The first line names the cause, the second what to do.
    async fn names(&self, category: &str, words: &[&str]) {
        let (code, report) = self.doctor().await;
        let first = report.lines().next().unwrap_or_default();
        assert_eq!(code, Some(1), "{report}");
        assert!(
            first.starts_with(&format!("× {category}:")) && words.iter().all(|word| first.contains(word)),
            "{words:?}\n{report}"
        );
        assert!(report.lines().nth(1).is_some_and(|hint| hint.starts_with("    ")), "no hint\n{report}");
    }

    /// With a file's content changed, and as it was before.
    async fn with_file(&self, name: &str, change: impl Fn(String) -> String, (category, words): (&str, &[&str])) {
        let file = self.path(name);
        let before = fs::read_to_string(&file).unwrap();
        let changed = change(before.clone());
        assert_ne!(changed, before, "{name} is not changed");
        fs::write(&file, changed).unwrap();
        self.names(category, words).await;
        fs::write(&file, before).unwrap();
    }

    /// With other permissions, and as they were before.
    async fn with_mode(&self, name: &str, mode: u32, (category, words): (&str, &[&str])) {
        let file = self.path(name);
        let before = fs::metadata(&file).unwrap().permissions();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        self.names(category, words).await;
        fs::set_permissions(&file, before).unwrap();
    }

    async fn execute(&self, statement: &'static str) {
        let mut connection = PgConnection::connect(&self.postgres.url()).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// All is well again, and was before, so that what is found between was what was broken.
    async fn is_green(&self) {
        let green = patience::until("a green doctor", async || {
            let (code, report) = self.doctor().await;
            let is_green = code == Some(0) && report.lines().all(|line| line.starts_with('√'));
            Ok(Look::from_option(is_green.then_some(()), || report))
        });
        green.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_set_up_is_named_in_the_first_line() {
    let setup = Setup::start().await;
    setup.is_green().await;
    files(&setup).await;
    peers(&setup).await;
    database(&setup).await;
    setup.is_green().await;
    setup.light.gateway.crash().unwrap();
    setup.names("gateway", &["no gateway answers at 127.0.0.1:", "Connection refused"]).await;
}

/// Configuration, certificates, keys, permissions.
async fn files(setup: &Setup) {
    let authority = &setup.light.authority;
    let other = authority.issue(&["other.test"]);
    let old = authority.issue_odd(&["gw.test"], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let certificate = |found: &'static str| ("certificates", ["provider.pem", found]);
    let (category, words) = certificate("does not name gw.test, but other.test");
    setup.with_file("provider.pem", |_| other.certificate_pem.clone(), (category, &words)).await;
    let (category, words) = certificate("has expired at 2020-01-01");
    setup.with_file("provider.pem", |_| old.certificate_pem.clone(), (category, &words)).await;
    setup.with_file("gateway.key", |_| other.private_key_pem.clone(), ("certificates", &["gateway.key is not the key of"])).await;
    let unknown = |text: String| text.replace("endpoint_mode", "endpiont_mode");
    setup.with_file("causeway.toml", unknown, ("configuration", &["unknown key bridge.endpiont_mode; near: endpoint_mode"])).await;
    setup.with_file("causeway.toml", |text| text + "\n[", ("configuration", &["causeway.toml is not TOML"])).await;
    let wrong = ("keys", ["is not the one that the database was sealed with"]);
    setup.with_file("data/master.key", |_| "02".repeat(32), (wrong.0, &wrong.1)).await;
    setup.with_mode("data/master.key", 0o644, ("keys", &["others than its owner may read the master key"])).await;
    setup.with_mode("data", 0o500, ("files", &["is not writable for its owner (mode 0500)"])).await;
    let (key, away) = (setup.path("data/master.key"), setup.path("master.key"));
    fs::rename(&key, &away).unwrap();
    setup.names("keys", &["master.key is missing"]).await;
    fs::rename(&away, &key).unwrap();
    setup.is_green().await;
}

/// One that is away, one that is somebody else, one whose clock is not ours.
async fn peers(setup: &Setup) {
    let faults = setup.light.to_provider.faults();
    faults.go_down();
    setup.names("peers", &["a.test fails at TLS"]).await;
    faults.come_back();
    let (there, ours) = (setup.light.to_provider.port(), setup.light.mimi_port);
    let address = |port: u16| format!("address = \"127.0.0.1:{port}\"");
    let somebody_else = |text: String| text.replace(&address(there), &address(ours));
    setup
        .with_file("causeway.toml", somebody_else, ("peers", &["a.test fails at certificate", "not valid for name \"a.test\""]))
        .await;
    let nobody = |text: String| text.replace(&address(there), &address(1));
    setup.with_file("causeway.toml", nobody, ("peers", &["a.test fails at connection: Connection refused"])).await;
    faults.plan("", usize::MAX, Fault::Clock(HOUR));
    setup.names("clock", &["this machine's clock is 3", "s behind a.test's"]).await;
    faults.come_back();
    setup.is_green().await;
}

/// Down, and written by a gateway of the future.
async fn database(setup: &Setup) {
    setup.execute("INSERT INTO schema_version (version) VALUES (99)").await;
    setup.names("database", &["the database has schema 99"]).await;
    setup.execute("DELETE FROM schema_version WHERE version = 99").await;
    setup.postgres.stop().unwrap();
    setup.names("database", &["cannot open postgres://…@localhost/postgres"]).await;
    setup.postgres.start_again().await.unwrap();
}
