//! Does the simulation find what is wrong? Bugs are planted in `causeway-mls`, one at a time.

pub use causeway_mls::planted::{Bug, plant};

use crate::graph::Graph;
use crate::openmls::Openmls;
use crate::outcome::Played;
use crate::play_seed;

/// Which simulation has to find a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That of the graph alone.
    Graph,
    /// That with real openmls.
    Openmls,
}

impl Kind {
    /// The one that has to find a bug.
    pub fn of(bug: Bug) -> Self {
        if bug <= Bug::NothingForgotten { Self::Graph } else { Self::Openmls }
    }

    /// The number of seeds within which it has to be found.
    pub fn limit(self) -> u64 {
        match self {
            Self::Graph => 10_000,
            Self::Openmls => 300,
        }
    }
}

/// Plays a seed while a bug is planted.
pub fn play_with(bug: Bug, seed: u64) -> Played {
    plant(Some(bug));
    let played = match Kind::of(bug) {
        Kind::Graph => play_seed::<Graph>(seed),
        Kind::Openmls => play_seed::<Openmls>(seed),
    };
    plant(None);
    played
}
