//! `cargo xtask chaos`

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo;
use crate::prerequisites::{self, SYNAPSE_VENV};

/// Options, passed on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often the gateway is killed
    #[arg(long, default_value_t = 200)]
    pub(crate) kills: usize,
    /// Decides the moments and places; a run says its own
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// The gateway's database
    #[arg(long, value_name = "KIND", default_value = "sqlite", value_parser = ["sqlite", "postgres"])]
    pub(crate) database: String,
    /// The homeserver that takes part: Synapse, or one in the program itself, which is quicker
    #[arg(long, value_name = "KIND", default_value = "synapse", value_parser = ["synapse", "light"])]
    pub(crate) peers: String,
}

/// Prepares, then becomes the program: a Ctrl-C reaches it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let venv = prerequisites::prepare()?;
    let mut chaos = Command::new(cargo::target()?.join("debug/chaos"));
    chaos.env(SYNAPSE_VENV, venv).args(["--database", &arguments.database, "--peers", &arguments.peers]);
    chaos.args(["--kills", &arguments.kills.to_string()]);
    if let Some(seed) = arguments.seed {
        chaos.args(["--seed", &seed.to_string()]);
    }
    Err(chaos.exec()).context("cannot run chaos")
}
