//! `cargo xtask test`

use std::process::ExitCode;

use anyhow::Result;

use crate::prerequisites::{self, SYNAPSE_VENV};
use crate::vectors::Encoder;
use crate::{cargo, progress, sim};

/// Options.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only tests whose name contains this
    filter: Option<String>,
}

/// Prepares, then runs all tests of the workspace; Cargo's exit code is ours. Without a filter the vectors of the drafts are
/// checked, and the simulation is played, too.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let venv = prerequisites::prepare_tests()?;
    let encoder = if arguments.filter.is_none() { Some(Encoder::prepare()?) } else { None };
    let mut tests = cargo::command()?;
    tests.args(["test", "--workspace", "--no-fail-fast", "--all-features"]).args(&arguments.filter).env(SYNAPSE_VENV, venv);
    if let Some(encoder) = &encoder {
        encoder.ask_for_verdicts(&mut tests)?;
    }
    let status = tests.status()?;
    if !status.success() {
        progress::say(&format!("the tests ended with {status}"));
        return Ok(cargo::exit_code(status));
    }
    let holds = match encoder {
        Some(encoder) => encoder.are_current()? & encoder.judges()? & sim::check()?,
        None => true,
    };
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
