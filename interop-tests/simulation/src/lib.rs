#![doc = include_str!("../README.md")]

#[cfg(feature = "planted-bugs")]
pub mod bugs;
pub mod dice;
pub mod graph;
pub mod openmls;
mod outcome;
mod planted;
pub mod room;
mod search;
mod shrink;

use std::fmt::Debug;

pub use outcome::{Failure, Figures, Played};
pub use search::{Summary, search};
pub use shrink::shrink;

/// A world that steps are played in, all from a seed.
pub trait Simulation {
    /// What there is in the beginning.
    type Setup: Copy + Debug + Send;
    /// What happens.
    type Step: Clone + Debug + Send;

    /// The world and the steps of a seed.
    fn generate(seed: u64) -> (Self::Setup, Vec<Self::Step>);

    /// Plays steps, lets everything come to rest, and checks the invariants after each step and at rest. With `traced`, says
    /// what happens.
    fn play(setup: Self::Setup, steps: &[Self::Step], traced: bool) -> Played;
}

/// Plays a seed.
pub fn play_seed<S: Simulation>(seed: u64) -> Played {
    let (setup, steps) = S::generate(seed);
    S::play(setup, &steps, false)
}

/// The fewest steps of a seed that fail in the same way.
pub fn shrink_seed<S: Simulation>(seed: u64, failure: &Failure) -> (S::Setup, Vec<S::Step>) {
    let (setup, steps) = S::generate(seed);
    let fails_alike =
        |steps: &[S::Step]| S::play(setup, steps, false).result.is_err_and(|other| other.invariant == failure.invariant);
    (setup, shrink(&steps, fails_alike))
}
