//! `cargo xtask demo`

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::prerequisites::{self, SYNAPSE_VENV};
use crate::{cargo, chaos};

/// So many times `--chaos` kills the gateway: enough to be seen, and over in two minutes.
const KILLS: usize = 60;

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
    /// Instead of the scenarios: kill the gateway again and again while people talk, and show that nothing is lost
    #[arg(long, conflicts_with_all = ["keep", "only"])]
    chaos: bool,
    /// Instead of the scenarios: three gateways, a hub that vanishes, two sides that go on, and what becomes of it
    #[arg(long, conflicts_with_all = ["keep", "only", "chaos"])]
    fork: bool,
}

/// Prepares, then becomes the demo: a Ctrl-C reaches it, and it ends everything in order before the prompt is back.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.chaos {
        let (database, peers) = (arguments.database.clone(), "synapse".to_owned());
        return chaos::run(&chaos::Arguments { kills: KILLS, seed: None, database, peers });
    }
    let venv = prerequisites::prepare()?;
    if arguments.fork {
        let mut fork = Command::new(cargo::target()?.join("debug/fork"));
        return Err(fork.env(SYNAPSE_VENV, venv).exec()).context("cannot run the demo of a fork");
    }
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
