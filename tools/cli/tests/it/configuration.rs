use std::fs;

use crate::seed;
use crate::support::*;

/// The gateway's own file, of which only the database is read; its paths are relative to it.
#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_configuration_names_the_database() {
    let seeded = seed::sqlite().await;
    let folder = seeded.directory.path();
    let expected = stdout(&seeded.url, &["room", "list"]);
    for (name, text) in [
        ("default.toml", "data_directory = \".\"\n[matrix]\nserver_name = \"gw.test\"\n"),
        ("relative.toml", "data_directory = \"elsewhere\"\n[database]\nurl = \"sqlite://causeway.db\"\n"),
        ("absolute.toml", &format!("[database]\nurl = \"{}\"\n", seeded.url)),
    ] {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        let ran = causewayctl(&["room", "list", "--config", file.to_str().unwrap()]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, expected.as_str(), ""), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_without_database_is_a_failure() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("gateway.toml");
    fs::write(&file, "[matrix]\n").unwrap();
    let ran = causewayctl(&["room", "list", "--config", file.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("neither data_directory nor [database] url"), "{}", ran.stderr);
    let ran = causewayctl(&["room", "list", "--config", "/nowhere/gateway.toml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("cannot read /nowhere/gateway.toml"), "{}", ran.stderr);
}
