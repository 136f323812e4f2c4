//! What came of a run.

use std::fmt;
use std::ops::AddAssign;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub invariant: &'static str,
    /// How.
    pub what: String,
    /// After which step; none if at rest.
    pub step: Option<usize>,
}

impl Failure {
    /// A failure, at rest.
    pub fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into(), step: None }
    }

    /// The same, after a step.
    pub fn at(self, step: usize) -> Self {
        Self { step: Some(step), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "{} after step {step}: {}", self.invariant, self.what),
            None => write!(f, "{} at rest: {}", self.invariant, self.what),
        }
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct Played {
    /// What happened, in numbers.
    pub figures: Figures,
    /// What happened, line by line, if that was wanted.
    pub trace: Vec<String>,
    /// Whether all invariants held.
    pub result: Result<(), Failure>,
}

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Steps played.
    pub steps: u64,
    /// Commits made, those of byzantine members included.
    pub commits: u64,
    /// Epochs in which more than one commit was made.
    pub forks: u64,
    /// Runs that ended with two sides too far apart, until an override.
    pub conflicts: u64,
    /// Commits that settled something.
    pub settlements: u64,
    /// Messages delivered.
    pub messages: u64,
    /// Clients that have come back by an external commit.
    pub rejoins: u64,
    /// Nodes that were restored from a backup.
    pub restores: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.commits += other.commits;
        self.forks += other.forks;
        self.conflicts += other.conflicts;
        self.settlements += other.settlements;
        self.messages += other.messages;
        self.rejoins += other.rejoins;
        self.restores += other.restores;
    }
}
