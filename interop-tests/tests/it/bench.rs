//! The figures come out: every row, with something in it. How large they are is nobody's promise.

use std::collections::BTreeSet;
use std::path::Path;

use interop_tests::bench::{self, Extent};
use interop_tests::environment::Programs;

use crate::scenarios::ONE_AT_A_TIME;

#[tokio::test]
async fn a_quick_run_has_every_row() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let executable = std::env::current_exe().unwrap();
    // Where Cargo puts the programs of the profile that this test was built with.
    let profile = executable.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let steps = std::cell::Cell::new(0);
    let programs = Programs::in_folder(profile).unwrap();
    let report = match bench::run(&Extent::QUICK, &programs, &folder, &|_| steps.set(steps.get() + 1)).await {
        Ok(report) => report,
        Err(error) => panic!("{error:#}"),
    };
    assert_eq!(steps.get(), Extent::QUICK.steps());

    let rows: BTreeSet<(&str, &str)> = report.ways.iter().map(|way| (way.name, way.database)).collect();
    let mut expected = BTreeSet::from([("Synapse → Synapse", "SQLite")]);
    for database in ["SQLite", "PostgreSQL"] {
        for way in ["Matrix → MIMI", "MIMI → Matrix", "floor: Matrix → MIMI", "floor: MIMI → Matrix"] {
            expected.insert((way, database));
        }
    }
    assert_eq!(rows, expected);
    for way in &report.ways {
        assert!(way.p50.least > 0.0 && way.p95.most >= way.p50.median, "{way:?}");
        assert_eq!(way.wall_loaded.is_some_and(|wall| wall.median > 0.0), !way.name.starts_with("floor"), "{way:?}");
    }
    for space in &report.space {
        assert!(space.memory_idle > 0 && space.memory_loaded > 0 && space.epochs > 0, "{space:?}");
    }
    let titles = report.markdown().lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(titles, 3, "{}", report.markdown());
}
