#![doc = include_str!("../README.md")]

pub mod dice;
pub mod graph;
mod outcome;
mod search;
mod shrink;

pub use outcome::{Failure, Figures};
pub use search::{Summary, search};
pub use shrink::shrink;
