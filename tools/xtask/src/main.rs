//! `cargo xtask`: what runs the product on real software.

mod bench;
mod cargo;
mod chaos;
mod demo;
mod prerequisites;
mod progress;
mod sim;
mod spec;
mod test;
mod vectors;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the Causeway workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every scenario on two Synapse homeservers, two MIMI providers and the gateway, and show what was said
    Demo(demo::Arguments),
    /// Kill the gateway again and again while people talk through it, and look for what is lost, doubled or reordered
    Chaos(chaos::Arguments),
    /// Measure what a message costs, beside the least that it can cost and beside a hop between two Synapses
    Bench(bench::Arguments),
    /// Run all tests of the workspace, those against real software included
    Test(test::Arguments),
    /// Play groups that nobody orders over a bad network, among thieves, and see whether everybody ends with the same
    Sim(sim::Arguments),
    /// Check that every requirement has its row in docs/conformance, and every row that is done its test
    Spec,
    /// Write the test vectors of drafts/vectors anew, or check that they are what their encoder writes
    Vectors(vectors::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Chaos(arguments) => chaos::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Sim(arguments) => sim::run(&arguments),
        Command::Spec => spec::run(),
        Command::Vectors(arguments) => vectors::run(&arguments),
    };
    result.unwrap_or_else(|error| {
        progress::say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
