//! What every test starts from.

use std::path::Path;

use http::StatusCode;
use interop_tests::environment::Programs;
use interop_tests::https::Answer;
use interop_tests::light::Light;
use serde_json::Value;

/// The light environment of one test; its folder stays if the test fails.
pub(crate) async fn light(test: &str) -> Light {
    let executable = std::env::current_exe().unwrap();
    // Where Cargo puts the programs of the profile that this test was built with.
    let profile = executable.ancestors().find(|folder| folder.ends_with("deps")).and_then(Path::parent).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("light-{test}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    match Light::start(&folder, &Programs::in_folder(profile).unwrap(), None).await {
        Ok(light) => light,
        Err(error) => panic!("{error:#}"),
    }
}

/// The answer is this Matrix error.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    let seen = (answer.status, answer.json()["errcode"].as_str().unwrap_or_default().to_owned());
    assert_eq!(seen, (StatusCode::from_u16(status).unwrap(), code.to_owned()), "{}", answer.text());
}

/// What the answer to a transaction says of an event: nothing wrong, or why it is refused.
#[track_caller]
pub(crate) fn result(answer: &Answer, event_id: &str) -> Option<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let results: Value = answer.json();
    let result = results["pdus"].get(event_id).unwrap_or_else(|| panic!("no result for {event_id} in {results}"));
    result["error"].as_str().map(str::to_owned)
}
