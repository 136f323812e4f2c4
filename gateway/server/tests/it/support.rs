//! Running the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a gateway for development in it.
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    /// Made by `causeway init --development`.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let ran = run(&["init", "--development", "--directory", folder.path().to_str().unwrap()], &[]);
        assert!(ran.status.success(), "{}", text(&ran));
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the configuration: the first text by the second.
    pub(crate) fn replace(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.configuration()).unwrap();
        assert!(text.contains(from), "{from} is not in\n{text}");
        fs::write(self.configuration(), text.replacen(from, to, 1)).unwrap();
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.path("causeway.toml")
    }

    /// `causeway <arguments> --config <file>`
    pub(crate) fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let file = self.configuration();
        run(&[arguments, &["--config", file.to_str().unwrap()]].concat(), environment)
    }
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    command.env_clear();
    command
}

pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command().args(arguments).envs(environment.iter().copied()).output().unwrap()
}

/// Everything it said.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
