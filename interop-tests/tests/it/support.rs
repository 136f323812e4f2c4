//! Environments of tests that are hard on the gateway's database.

use std::path::{Path, PathBuf};

use interop_tests::environment::{Database, Programs};
use interop_tests::light::Light;
use interop_tests::postgres::Postgres;

fn programs() -> Programs {
    let executable = std::env::current_exe().unwrap();
    // Where Cargo puts the programs of the profile that this test was built with.
    let profile = executable.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent).unwrap();
    Programs::in_folder(profile).unwrap()
}

/// Logs stay after a failure, for whoever looks into it.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Light peers around a gateway with this database.
pub(crate) async fn start(test: &str, database: Database) -> (Light, Option<Postgres>) {
    let folder = folder(test);
    let postgres = match database {
        Database::Postgres => Some(Postgres::start(&folder.join("postgres.log")).await.unwrap()),
        Database::Sqlite => None,
    };
    let light = light_in(&folder, postgres.as_ref()).await;
    (light, postgres)
}

/// Light peers in this folder, around a gateway with this database or its own.
pub(crate) async fn light_in(folder: &Path, postgres: Option<&Postgres>) -> Light {
    match Light::start(folder, &programs(), postgres.map(Postgres::url).as_deref()).await {
        Ok(light) => light,
        Err(error) => panic!("{error:#}"),
    }
}
