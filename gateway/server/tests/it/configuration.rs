//! `causeway init` and `causeway config`.

use std::fs;

use tempfile::TempDir;

use crate::support::{Folder, mode, run, text};

#[test]
fn a_development_gateway_needs_nothing_more() {
    let folder = Folder::new();
    let checked = folder.run(&["config", "check"], &[]);
    assert_eq!((checked.status.code(), text(&checked).as_str()), (Some(0), "0 errors, 0 warnings\n"));
    for secret in ["causeway.toml", "matrix.key", "mimi.key", "data/master.key"] {
        assert_eq!(mode(&folder.path(secret)), 0o600, "{secret}");
    }
    assert_eq!(mode(&folder.path("data")), 0o700);
}

#[test]
fn a_gateway_proper_is_told_where_certificates_belong() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().to_str().unwrap();
    let made = run(&["init", "--directory", directory, "--server-name", "hs.example", "--provider", "gw.example"], &[]);
    assert!(
        made.status.success() && text(&made).contains(&format!("{directory}/mimi.pem and {directory}/mimi.key")),
        "{}",
        text(&made)
    );
    let file = folder.path().join("causeway.toml");
    let checked = run(&["config", "check", "--config", file.to_str().unwrap()], &[]);
    let told = text(&checked);
    assert_eq!(checked.status.code(), Some(1));
    assert_eq!(told.matches("No such file").count(), 4, "{told}");
    assert!(told.ends_with("4 errors, 0 warnings\n"), "{told}");
}

#[test]
fn what_is_there_is_not_overwritten() {
    let folder = Folder::new();
    let before = fs::read(folder.path("data/master.key")).unwrap();
    let again = run(&["init", "--development", "--directory", folder.path("").to_str().unwrap()], &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again).contains("File exists"), "{}", text(&again));
    assert_eq!(fs::read(folder.path("data/master.key")).unwrap(), before);
}

#[test]
fn names_are_wanted_but_for_development() {
    let ran = run(&["init", "--directory", "/nowhere"], &[]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(text(&ran).contains("--server-name") && text(&ran).contains("--provider"), "{}", text(&ran));
}

#[test]
fn a_wrong_configuration_is_told_as_a_whole_and_does_not_start() {
    let folder = Folder::new();
    folder.replace("provider = \"gateway.localhost\"", "provider = \"other.localhost\"");
    folder.replace("server_name = ", "servername = ");
    folder.replace("private_key = \"matrix.key\"", "private_key = \"mimi.key\"");
    let checked = folder.run(&["config", "check"], &[("CAUSEWAY_LOG__FORMAT", "xml")]);
    let told = text(&checked);
    for expected in [
        "there is no key servername in [matrix]",
        "did you mean server_name?",
        "server_name is missing in [matrix]",
        "matrix.certificate: the private key is not the certificate's",
        "mimi.certificate does not name other.localhost, but [\"gateway.localhost\"]",
        "CAUSEWAY_LOG__FORMAT \"xml\" is not one of [\"text\", \"json\"]",
        "5 errors, 0 warnings",
    ] {
        assert!(told.contains(expected), "{expected}\n\n{told}");
    }
    let served = folder.run(&["serve"], &[("CAUSEWAY_LOG__FORMAT", "xml")]);
    assert_eq!((checked.status.code(), served.status.code()), (Some(1), Some(1)));
    assert_eq!(text(&served), told);
}

#[test]
fn a_dump_shows_each_source() {
    let folder = Folder::new();
    let credentials = TempDir::new().unwrap();
    fs::write(credentials.path().join("database_url"), "postgres://causeway:hunter2@db/causeway\n").unwrap();
    let environment = [("CREDENTIALS_DIRECTORY", credentials.path().to_str().unwrap()), ("CAUSEWAY_BRIDGE__ENDPOINT_MODE", "true")];
    let dumped = folder.run(&["config", "dump", "--explain"], &environment);
    let told = text(&dumped);
    for (start, end) in [
        ("url_file = ", "# systemd credential database_url"),
        ("endpoint_mode = true", "# environment CAUSEWAY_BRIDGE__ENDPOINT_MODE"),
        ("format = \"text\"", "# default"),
        ("provider = \"gateway.localhost\"", "causeway.toml:60"),
    ] {
        assert!(told.lines().any(|line| line.starts_with(start) && line.ends_with(end)), "{start} … {end}\n\n{told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn keys_that_others_may_read_are_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    fs::set_permissions(folder.path("matrix.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let checked = folder.run(&["config", "check"], &[]);
    let told = text(&checked);
    assert_eq!(checked.status.code(), Some(0));
    assert!(told.contains("warning: everybody may read") && told.contains("hint: chmod 600"), "{told}");
}

#[test]
fn schema_and_sample_are_printed() {
    let schema: serde_json::Value = serde_json::from_slice(&run(&["config", "schema"], &[]).stdout).unwrap();
    assert_eq!(schema["properties"]["matrix"]["properties"]["server_name"]["type"], "string");
    let sample: toml::Table = toml::from_str(&text(&run(&["config", "sample"], &[]))).unwrap();
    assert_eq!(sample["mimi"]["provider"].as_str(), Some("gateway.example"));
}
