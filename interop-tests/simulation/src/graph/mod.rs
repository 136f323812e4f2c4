//! The graph alone, with commits that are made up: many nodes over a bad network, among thieves.

mod byzantine;
mod check;
mod generate;
mod node;
mod reference;
mod rest;
mod step;
mod world;

pub use generate::generate;
pub use step::{Act, Hub, Nodes, Setup, Step};
pub use world::play;
