//! `cargo xtask test`

use std::process::ExitCode;

use anyhow::Result;

use crate::prerequisites::{self, SYNAPSE_VENV};
use crate::{cargo, progress};

/// Options.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Prepares, then runs all tests of the workspace; Cargo's exit code is ours.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let venv = prerequisites::prepare_tests()?;
    let mut tests = cargo::command()?;
    tests.args(["test", "--workspace", "--no-fail-fast", "--all-features"]).args(&arguments.filter).env(SYNAPSE_VENV, venv);
    let status = tests.status()?;
    if !status.success() {
        progress::say(&format!("the tests ended with {status}"));
    }
    Ok(cargo::exit_code(status))
}
