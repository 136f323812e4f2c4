//! Debian packages.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::progress::{quietly, step};

/// Python with its environments, if they are missing.
fn missing_python() -> Vec<&'static str> {
    if runs(&["python3", "-c", "import venv, ensurepip"]) { Vec::new() } else { vec!["python3", "python3-venv"] }
}

fn has_postgres() -> bool {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return false };
    versions.filter_map(Result::ok).any(|version| version.path().join("bin/initdb").exists())
}

fn runs(command: &[&str]) -> bool {
    let [program, arguments @ ..] = command else { return false };
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Installs what the scenarios need.
///
/// # Errors
/// If something is missing and cannot be installed.
pub(super) fn ensure_installed() -> Result<()> {
    let mut missing = missing_python();
    if !has_postgres() {
        missing.push("postgresql");
    }
    install(&missing)
}

/// Installs Python.
///
/// # Errors
/// If it is missing and cannot be installed.
pub(super) fn ensure_python() -> Result<()> {
    install(&missing_python())
}

/// Installs what is missing if that is possible without asking; else says what to run.
fn install(missing: &[&str]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    let apt_get = match AptGet::find() {
        AptGet::Absent => bail!("install these first, by their names in Debian: {}", missing.join(" ")),
        AptGet::Forbidden => bail!("packages are missing; install them with:\n\n    sudo {by_hand}\n"),
        AptGet::Allowed(apt_get) => apt_get,
    };
    update(apt_get)?;
    step(&by_hand, || {
        let install = ["install", "-y", "--no-install-recommends"];
        run(apt_get, &[&install[..], missing].concat())
    })
}

/// Whether packages may be installed, and how.
enum AptGet {
    /// This is not Debian.
    Absent,
    /// It takes a password.
    Forbidden,
    /// By these words.
    Allowed(&'static [&'static str]),
}

impl AptGet {
    fn find() -> Self {
        match () {
            () if !Path::new("/usr/bin/apt-get").exists() => Self::Absent,
            () if runs(&["sh", "-c", "test \"$(id -u)\" = 0"]) => Self::Allowed(&["env"]),
            () if runs(&["sudo", "-n", "true"]) => Self::Allowed(&["sudo", "-n", "env"]),
            () => Self::Forbidden,
        }
    }
}

fn run(apt_get: &[&str], arguments: &[&str]) -> Result<()> {
    let (program, rest) = apt_get.split_first().unwrap_or((&"env", &[]));
    quietly(Command::new(program).args(rest).args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(arguments))
}

fn update(apt_get: &[&str]) -> Result<()> {
    step("apt-get update", || run(apt_get, &["update"]))
}

/// Downloads a package into a folder, as it is.
///
/// # Errors
/// If this is not Debian, or there is no such package.
pub(super) fn download(package: &str, folder: &Path) -> Result<()> {
    let download = || quietly(Command::new("apt-get").args(["-q", "download", package]).current_dir(folder));
    match (download(), AptGet::find()) {
        (Ok(()), _) => Ok(()),
        // A fresh machine does not know what there is.
        (Err(_), AptGet::Allowed(apt_get)) => update(apt_get).and_then(|()| download()),
        (Err(error), _) => Err(error),
    }
}
