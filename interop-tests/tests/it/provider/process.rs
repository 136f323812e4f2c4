//! The provider as a process.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use interop_tests::certificates::Authority;

#[test]
fn it_says_when_it_is_ready_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::generate();
    let issued = authority.issue(&["a.test"]);
    let file = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    file("ca.pem", &authority.root_pem());
    file("a.pem", &issued.certificate_pem);
    file("a.key", &issued.private_key_pem);
    file(
        "a.toml",
        "domain = \"a.test\"\nlisten = \"127.0.0.1:0\"\ncontrol = \"127.0.0.1:0\"\ncertificate = \"a.pem\"\n\
         private_key = \"a.key\"\ntrusted_roots = [\"ca.pem\"]\n[peers.\"gw.test\"]\naddress = \"127.0.0.1:7443\"\n",
    );
    let mut process = Command::new(env!("CARGO_BIN_EXE_reference-provider"))
        .arg("--config")
        .arg(folder.path().join("a.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "reference-provider is ready\n");
    assert!(Command::new("kill").arg(process.id().to_string()).status().unwrap().success());
    assert!(process.wait().unwrap().success());
}
