//! The story of a lost hub, with three gateways and two homeservers (SPEC §15).

use std::path::Path;

use interop_tests::environment::Programs;
use interop_tests::fork::Setting;
use interop_tests::fork::story::Story;
use interop_tests::scenario::report::Report;

use crate::scenarios::ONE_AT_A_TIME;
use crate::secrecy;

/// Of what people say in it: long enough to stand nowhere else.
const SAID: [&str; 8] = [
    "hello from carol",
    "is anybody there?",
    "can you hear me in our room?",
    "loud and clear",
    "are you still there?",
    "left alone",
    "right alone",
    "together again",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_hub_and_two_sides_end_in_one_group() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fork");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let setting = Setting::start(&folder, &Programs::in_folder(profile).unwrap()).await.unwrap();
    let report = Report::default();
    let told = Story::new(&setting, &report, &|_| {}).tell().await;
    assert!(told.is_ok(), "{told:?}\n{}\nlogs are in {}", report.table(), setting.folder.display());
    assert!(report.failures().is_empty());
    for gateway in [&setting.hub, &setting.left, &setting.right] {
        secrecy::assert_kept(gateway, &SAID).await;
    }
}
