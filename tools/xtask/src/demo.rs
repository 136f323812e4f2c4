//! `cargo xtask demo`

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::prerequisites::{self, SYNAPSE_VENV};
use crate::{cargo, progress};

/// Options, passed on to the demo.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Leave everything running afterwards, and say how to join in, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// The gateway's database
    #[arg(long, value_name = "KIND", default_value = "sqlite", value_parser = ["sqlite", "postgres"])]
    database: String,
    /// Run only scenarios whose name contains this
    #[arg(long, value_name = "SCENARIO")]
    only: Option<String>,
}

/// Prepares, then runs the demo; its exit code is ours.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let venv = prerequisites::prepare()?;
    let mut demo = Command::new(cargo::target()?.join("debug/demo"));
    demo.env(SYNAPSE_VENV, venv).args(["--database", &arguments.database]);
    if arguments.keep {
        demo.arg("--keep");
    }
    if let Some(only) = &arguments.only {
        demo.args(["--only", only]);
    }
    let status = demo.status()?;
    if !status.success() {
        progress::say(&format!("the demo ended with {status}"));
    }
    Ok(cargo::exit_code(status))
}
