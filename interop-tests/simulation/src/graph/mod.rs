//! The graph alone, with commits that are made up: many nodes over a bad network, among thieves.

mod byzantine;
mod check;
mod generate;
mod node;
mod reference;
mod rest;
mod rooms;
mod step;
mod world;

pub use step::{Act, Entry, Hub, Named, Nodes, Orders, Setup, Step};

use crate::outcome::Played;

/// The graph alone.
pub struct Graph;

impl crate::Simulation for Graph {
    type Setup = Setup;
    type Step = Step;

    fn generate(seed: u64) -> (Setup, Vec<Step>) {
        generate::generate(seed)
    }

    fn play(setup: Setup, steps: &[Step], traced: bool) -> Played {
        world::play(setup, steps, traced)
    }
}
