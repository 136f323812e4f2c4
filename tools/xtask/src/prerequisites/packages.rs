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
    let prefix: &[&str] = match () {
        () if !Path::new("/usr/bin/apt-get").exists() => {
            bail!("install these first, by their names in Debian: {}", missing.join(" "))
        }
        () if runs(&["sh", "-c", "test \"$(id -u)\" = 0"]) => &[],
        () if runs(&["sudo", "-n", "true"]) => &["sudo", "-n"],
        () => bail!("packages are missing; install them with:\n\n    sudo {by_hand}\n"),
    };
    let apt_get = |arguments: &[&str]| {
        let words: Vec<&str> = prefix.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).collect();
        let (program, rest) = words.split_first().unwrap_or((&"apt-get", &[]));
        quietly(Command::new(program).args(rest).args(arguments))
    };
    step("apt-get update", || apt_get(&["update"]))?;
    step(&by_hand, || {
        let install = ["install", "-y", "--no-install-recommends"];
        apt_get(&[&install[..], missing].concat())
    })
}
