//! `cargo xtask chaos`

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{cargo, prerequisites};

/// Options, passed on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often the gateway is killed
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Decides the moments; a run says its own
    #[arg(long)]
    seed: Option<u64>,
    /// The gateway's database
    #[arg(long, value_name = "KIND", default_value = "sqlite", value_parser = ["sqlite", "postgres"])]
    database: String,
}

/// Prepares, then becomes the program: a Ctrl-C reaches it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    prerequisites::prepare()?;
    let mut chaos = Command::new(cargo::target()?.join("debug/chaos"));
    chaos.args(["--database", &arguments.database, "--kills", &arguments.kills.to_string()]);
    if let Some(seed) = arguments.seed {
        chaos.args(["--seed", &seed.to_string()]);
    }
    Err(chaos.exec()).context("cannot run chaos")
}
