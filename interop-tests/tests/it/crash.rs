//! The gateway dies at every named place, and at random moments, with each of its databases; nothing is lost, doubled
//! or reordered.

use interop_tests::chaos::{self, Audit, Point, Storm, points};
use interop_tests::environment::Database;

use crate::support::start;

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
