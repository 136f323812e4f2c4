use crate::seed;
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_room_names_near_ones() {
    let seeded = seed::sqlite().await;
    for command in
        [["room", "show"], ["group", "show"], ["group", "epochs"], ["group", "members"], ["group", "verify"], ["loss", "list"]]
    {
        let ran = causewayctl(&["--database", &seeded.url, command[0], command[1], "!clu:hs.test"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
        assert!(ran.stderr.starts_with("causewayctl: no such room: !clu:hs.test; near: !club:hs.test"), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_without_group_has_no_members() {
    let seeded = seed::sqlite().await;
    let ran = causewayctl(&["--database", &seeded.url, "group", "members", "2"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("conversation 2 has no group yet (status: paused)"), "{}", ran.stderr);
    assert_eq!(stdout(&seeded.url, &["-o", "json", "group", "epochs", "2"]), "[]\n");
}

/// Looking makes no database.
#[test]
fn a_missing_database_is_a_failure_and_stays_missing() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("causeway.db");
    let ran = causewayctl(&["--database", &format!("sqlite://{}", file.display()), "room", "list"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("cannot open sqlite://"), "{}", ran.stderr);
    assert!(!file.exists());
}

#[test]
fn a_password_is_in_no_error() {
    let ran = causewayctl(&["--database", "postgres://causeway:hunter2@127.0.0.1:1/causeway", "room", "list"]);
    assert_eq!(ran.code, 3);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    let ran = causewayctl(&["--database", "mysql://root:hunter2@localhost/causeway", "room", "list"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("must begin with sqlite:// or postgres://"), "{}", ran.stderr);
}

#[test]
fn wrong_usage_has_a_code_of_its_own() {
    for arguments in [
        &["room"][..],
        &["room", "list"],
        &["--database", "sqlite://x", "--config", "y", "room", "list"],
        &["--database", "sqlite://x", "-o", "xml", "room", "list"],
        &["--database", "sqlite://x", "room", "show"],
    ] {
        let ran = causewayctl(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
    }
    assert_eq!(causewayctl(&["--help"]).code, 0);
}
