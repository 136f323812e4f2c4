//! Running the program.

use std::process::Command;

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn causewayctl(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_causewayctl"))
        .args(arguments)
        .env_remove("CAUSEWAY_CONFIG")
        .env_remove("CAUSEWAY_DATABASE")
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a run prints that has to succeed.
pub(crate) fn stdout(url: &str, arguments: &[&str]) -> String {
    let ran = causewayctl(&[&["--database", url], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    ran.stdout
}
