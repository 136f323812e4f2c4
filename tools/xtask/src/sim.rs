//! `cargo xtask sim`: the simulation of groups that nobody orders, in a release build.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::cargo;

/// Options, passed on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 5000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play one seed, and show what happens in it, or the fewest steps of it that fail
    #[arg(long, conflicts_with_all = ["seeds", "from", "bugs"])]
    seed: Option<u64>,
    /// Plant bugs, one after the other, and play seeds until each is found
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    bugs: bool,
    /// Play real groups, with openmls, instead of the graph alone
    #[arg(long)]
    openmls: bool,
}

/// Builds, then becomes the program: a Ctrl-C reaches it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut simulation = prepare()?;
    simulation.args(arguments.openmls.then_some("--openmls"));
    match (arguments.seed, arguments.bugs) {
        (Some(seed), _) => simulation.args(["--seed", &seed.to_string()]),
        (None, true) => simulation.arg("--bugs"),
        (None, false) => simulation.args(["--seeds", &arguments.seeds.to_string(), "--from", &arguments.from.to_string()]),
    };
    Err(simulation.exec()).context("cannot run the simulation")
}

/// What `cargo xtask test` runs of it. Whether everything held, and every planted bug was found.
pub(crate) fn check() -> Result<bool> {
    let openmls = [&["--openmls", "--seeds", "200"][..], &["--openmls", "--bugs"]];
    for arguments in [&["--seeds", "5000"][..], &["--bugs"]].into_iter().chain(openmls) {
        if !prepare()?.args(arguments).status()?.success() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn prepare() -> Result<Command> {
    let package = ["--package", "causeway-simulation", "--features", "planted-bugs"];
    let status = cargo::command()?.args(["build", "--quiet", "--release"]).args(package).status()?;
    ensure!(status.success(), "the simulation does not build");
    Ok(Command::new(cargo::target()?.join("release/simulation")))
}
