//! Cargo, called from Cargo.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, ensure};

/// The folder of the workspace.
pub(crate) fn workspace() -> Result<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).map(PathBuf::from).context("xtask is not where it belongs, in tools/xtask")
}

/// Where Cargo builds.
pub(crate) fn target() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => Ok(workspace()?.join(folder)),
        None => Ok(workspace()?.join("target")),
    }
}

/// The Cargo that called us. What it tells us of our own package is not passed on: build scripts that look at that (ring's)
/// would run again, and all that depends on them be built again, whenever somebody changes between `cargo xtask` and `cargo`.
pub(crate) fn command() -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(workspace()?);
    let is_of_us = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_us)) {
        command.env_remove(name);
    }
    Ok(command)
}

/// Builds the programs that the scenarios run. Cargo shows its own progress. The packages and features are those of
/// the tests, so that nothing is built twice.
pub(crate) fn build_programs() -> Result<()> {
    let status = command()?.args(["build", "--workspace", "--exclude", "xtask", "--all-features", "--bins"]).status()?;
    ensure!(status.success(), "the programs do not build");
    Ok(())
}

/// Builds the programs that are measured, as an operator does.
pub(crate) fn build_released_programs() -> Result<()> {
    let packages = ["--package", "causeway-server", "--package", "causewayctl", "--package", "interop-tests"];
    let status = command()?.args(["build", "--release", "--bins"]).args(packages).status()?;
    ensure!(status.success(), "the programs do not build");
    Ok(())
}

/// The exit code of a program that we ran, as ours.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => ExitCode::from(code),
        _ => ExitCode::FAILURE,
    }
}
