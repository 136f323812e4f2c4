//! `cargo xtask bench`

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo;
use crate::prerequisites::{self, SYNAPSE_VENV};

/// Where the figures are published.
const DOCUMENT: &str = "docs/benchmarks.md";

/// Options, passed on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only a few messages: to see that it works
    #[arg(long)]
    quick: bool,
    /// How the figures are shown
    #[arg(long, value_name = "FORM", default_value = "table", value_parser = ["table", "json"])]
    output: String,
    /// Put the figures into docs/benchmarks.md
    #[arg(long)]
    write: bool,
}

/// Prepares, builds what operators run, then becomes the program: a Ctrl-C reaches it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let venv = prerequisites::software()?;
    cargo::build_released_programs()?;
    let mut bench = Command::new(cargo::target()?.join("release/bench"));
    bench.env(SYNAPSE_VENV, venv).args(["--output", &arguments.output]);
    if arguments.quick {
        bench.arg("--quick");
    }
    if arguments.write {
        bench.arg("--write").arg(cargo::workspace()?.join(DOCUMENT));
    }
    Err(bench.exec()).context("cannot run bench")
}
