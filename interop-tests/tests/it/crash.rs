//! The gateway dies at every named place, and at random moments, with each of its databases; nothing is lost, doubled
//! or reordered.

use std::path::{Path, PathBuf};
use std::time::Duration;

use interop_tests::chaos::{self, Audit, Point, Round, Storm, points};
use interop_tests::environment::{Database, Programs};
use interop_tests::light::Light;
use interop_tests::postgres::Postgres;
use interop_tests::scenario::report::Topology;

fn programs() -> Programs {
    let executable = std::env::current_exe().unwrap();
    // Where Cargo puts the programs of the profile that this test was built with.
    let profile = executable.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent).unwrap();
    Programs::in_folder(profile).unwrap()
}

/// Logs stay after a failure, for whoever looks into it.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{test}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Light peers around a gateway with this database.
async fn start(test: &str, database: Database) -> (Light, Option<Postgres>) {
    let folder = folder(test);
    let postgres = match database {
        Database::Postgres => Some(Postgres::start(&folder.join("postgres.log")).await.unwrap()),
        Database::Sqlite => None,
    };
    let url = postgres.as_ref().map(Postgres::url);
    match Light::start(&folder, &programs(), url.as_deref()).await {
        Ok(light) => (light, postgres),
        Err(error) => panic!("{error:#}"),
    }
}

/// One environment for a share of the points, one round each.
async fn every_place(test: &str, database: Database, share: impl Fn(usize) -> bool) {
    let only = std::env::var("CAUSEWAY_CRASH_ONLY").unwrap_or_default();
    let (light, _postgres) = start(test, database).await;
    let (mut rounds, mut failures) = (Vec::new(), Vec::new());
    for (number, Point { topology, place, passes }) in points::all().into_iter().enumerate().filter(|(number, _)| share(*number)) {
        if !format!("{topology:?}/{place}/{passes}").contains(&only) {
            continue;
        }
        let began = std::time::Instant::now();
        match chaos::play(&light, topology, &format!(".{number}"), &[(place, passes)]).await {
            Ok(round) => rounds.push(round),
            Err(error) => {
                eprintln!("{error:#}");
                failures.push(format!("{error:#}"));
            }
        }
        // Shown by a failing test only.
        eprintln!("{number} {topology:?} {place} {passes}: {:.1} s, {} failures", began.elapsed().as_secs_f64(), failures.len());
    }
    if let Err(error) = Audit(&light).run(&rounds).await {
        failures.push(format!("{error:#}"));
    }
    assert!(failures.is_empty(), "logs are in {}\n{}", light.folder.display(), failures.join("\n\n"));
}

#[tokio::test]
async fn nothing_is_lost_at_any_place_with_sqlite() {
    every_place("sqlite", Database::Sqlite, |_| true).await;
}

#[tokio::test]
async fn nothing_is_lost_at_any_place_with_postgres() {
    every_place("postgres", Database::Postgres, |_| true).await;
}

/// How often the gateway is killed at random, per database.
const KILLS: usize = 20;

async fn random_kills(test: &str, database: Database) {
    let seed = std::env::var("CAUSEWAY_CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    let (light, _postgres) = start(test, database).await;
    let stormed = Storm { kills: KILLS, seed }.rage(&light, &|_| {}).await;
    if let Err(error) = stormed {
        panic!("CAUSEWAY_CRASH_SEED={seed}, logs are in {}\n{error:#}", light.folder.display());
    }
}

#[tokio::test]
async fn nothing_is_lost_at_random_moments_with_sqlite() {
    random_kills("random-sqlite", Database::Sqlite).await;
}

#[tokio::test]
async fn nothing_is_lost_at_random_moments_with_postgres() {
    random_kills("random-postgres", Database::Postgres).await;
}

/// The database fails twice under conversations that go on: its connections are cut, and it is away for a while.
#[tokio::test]
async fn nothing_is_lost_while_postgres_fails() {
    let (light, postgres) = start("postgres-fails", Database::Postgres).await;
    let postgres = postgres.unwrap();
    let mut rounds = Vec::new();
    for (number, topology) in
        [Topology::OurHub, Topology::ForeignHub, Topology::OurHub, Topology::ForeignHub].into_iter().enumerate()
    {
        let mut round = Round::new(&light, topology, &format!(".{number}")).await.unwrap();
        let faults = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_millis(250)).await;
                postgres.cut_connections()?;
            }
            if number >= 2 {
                postgres.stop()?;
                is_refused_for_now(&light).await;
                postgres.start_again().await?;
            }
            Ok(())
        };
        if let Err(error) = tokio::try_join!(round.go(), faults) {
            panic!("round {number}, logs are in {}\n{error:#}", light.folder.display());
        }
        rounds.push(round);
    }
    assert!(!light.gateway.is_dead().unwrap(), "the gateway has ended with its database");
    Audit(&light).run(&rounds).await.unwrap();
}

/// A gateway without database takes nothing that it would have to remember.
async fn is_refused_for_now(light: &Light) {
    let answer = light.matrix.transaction(&light.gateway.server_name, "while the database is away", &[]).await.unwrap();
    assert!(answer.status.is_server_error(), "{}: {}", answer.status, answer.text());
}
