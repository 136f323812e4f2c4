//! All scenarios, with each of the gateway's databases.

use std::path::{Path, PathBuf};

use interop_tests::environment::{Database, Environment, Programs, synapse_venv};
use interop_tests::scenario::Scenario;
use interop_tests::scenario::report::Report;
use tokio::sync::Mutex;

use crate::secrecy;

async fn start(database: Database) -> anyhow::Result<Environment> {
    synapse_venv()?;
    // Where Cargo puts the programs of the profile that this test was built with.
    let test = std::env::current_exe()?;
    let profile = test.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent).unwrap();
    Environment::start(&folder(database), &Programs::in_folder(profile)?, database, &|_| {}).await
}

/// Logs stay after a failure, for whoever looks into it.
fn folder(database: Database) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scenarios-{database:?}").to_lowercase());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    folder
}

/// Of what people say in them: long enough to stand nowhere else.
const SAID: [&str; 9] = [
    "this _is_ plain",
    "<b>this</b> is plain",
    "bold and a link",
    "And I answer you",
    "Hello once more",
    "sunset.jpg",
    "Just before the crash",
    "While the gateway is away",
    "The gateway cannot hear this yet",
];

/// Two environments at once would be too much for two cores.
pub(crate) static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

async fn all_scenarios_pass(database: Database) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let environment = match start(database).await {
        Ok(environment) => environment,
        Err(error) => panic!("{error:#}"),
    };
    let report = Report::default();
    for scenario in Scenario::ALL {
        scenario.run(&environment, &report, &|_| {}).await;
    }
    let failures = report.failures().len();
    assert_eq!(failures, 0, "{failures} checks failed\n{}\nlogs are in {}", report.table(), environment.folder.display());
    secrecy::assert_kept(&environment.gateway, &SAID).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_scenarios_pass_with_sqlite() {
    all_scenarios_pass(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_scenarios_pass_with_postgres() {
    all_scenarios_pass(Database::Postgres).await;
}
