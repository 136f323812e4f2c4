//! The simulation as a program: `cargo xtask sim`.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod report;

use std::process::ExitCode;
use std::thread;

use causeway_simulation::graph::Graph;
use causeway_simulation::openmls::Openmls;
use causeway_simulation::{Simulation, play_seed, search};
use clap::Parser;

/// Groups of many nodes over a bad network, among thieves: seed after seed.
#[derive(Parser)]
struct Arguments {
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let all_hold = match (arguments.bugs, arguments.openmls) {
        (true, openmls) => find_bugs(openmls),
        (false, true) => play::<Openmls>("openmls", &arguments),
        (false, false) => play::<Graph>("the graph", &arguments),
    };
    ExitCode::from(u8::from(!all_hold))
}

fn play<S: Simulation>(what: &str, arguments: &Arguments) -> bool {
    match arguments.seed {
        Some(seed) => report::show_seed::<S>(seed),
        None => play_many::<S>(what, (arguments.from, arguments.seeds)),
    }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn play_many<S: Simulation>(what: &str, (from, seeds): (u64, u64)) -> bool {
    let bar = report::bar(what, seeds);
    let summary = search((from, seeds), threads(), play_seed::<S>, |_| bar.inc(1));
    let took = bar.elapsed();
    bar.finish_and_clear();
    report::show_summary(what, &summary, took);
    match &summary.failure {
        Some((seed, failure)) => report::show_failure::<S>(*seed, failure),
        None => true,
    }
}

#[cfg(feature = "planted-bugs")]
fn find_bugs(openmls: bool) -> bool {
    use causeway_simulation::bugs::{Bug, Kind, play_with};
    let kind = if openmls { Kind::Openmls } else { Kind::Graph };
    let bugs: Vec<&Bug> = Bug::ALL.iter().filter(|bug| Kind::of(**bug) == kind).collect();
    let bar = report::bar("planted bugs", bugs.len() as u64);
    let found: Vec<_> = bugs
        .into_iter()
        .map(|bug| {
            let limit = kind.limit();
            let summary = search((0, limit), threads(), |seed| play_with(*bug, seed), |_| {});
            bar.inc(1);
            (*bug, limit, summary.failure)
        })
        .collect();
    bar.finish_and_clear();
    report::show_bugs(&found)
}

#[cfg(not(feature = "planted-bugs"))]
fn find_bugs(_openmls: bool) -> bool {
    println!("built without the feature `planted-bugs`");
    false
}
