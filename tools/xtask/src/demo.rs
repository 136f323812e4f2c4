//! `cargo xtask demo`

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo;
use crate::prerequisites::{self, SYNAPSE_VENV};

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

/// Prepares, then becomes the demo: a Ctrl-C reaches it, and it ends everything in order before the prompt is back.
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
    Err(demo.exec()).context("cannot run the demo")
}
